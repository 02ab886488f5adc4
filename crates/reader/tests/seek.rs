//! A window of time costs the packets that it touches, and is the same by index and by heads.

mod common;

use std::fs;
use std::path::Path;

use common::{shared, text_of};
use thalweg_ctf::read::parse_index;
use thalweg_reader::{Reader, Selection};

/// A copy of a trace of 4,000 events with an index.
fn indexed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(
        &shared().join("traces/succeed/trace-with-index"),
        folder.path(),
    );
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Every index file of a trace.
fn indexes(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(indexes(&path));
        } else if path.extension().is_some_and(|extension| extension == "idx") {
            found.push(path);
        }
    }
    found
}

/// The text from a time on, and the warnings.
fn from(folder: &Path, begin_ns: i64) -> (Vec<u8>, Vec<String>) {
    let selection = Selection {
        begin_ns: Some(begin_ns),
        ..Selection::default()
    };
    let reader = Reader::select(&[folder], &selection).unwrap();
    let warnings = reader.warnings().iter().map(ToString::to_string).collect();
    (text_of(reader), warnings)
}

/// A time in the middle of the trace.
fn middle_ns(folder: &Path) -> i64 {
    let reader = Reader::open(&[folder]).unwrap();
    let (begin_ns, end_ns) = (reader.begin_ns().unwrap(), reader.end_ns().unwrap());
    assert!(begin_ns < end_ns);
    begin_ns + (end_ns - begin_ns) / 2
}

#[track_caller]
fn check_wrong(word: &str, harm: impl Fn(&mut Vec<u8>)) {
    let folder = indexed();
    let begin_ns = middle_ns(folder.path());
    let (right, warnings) = from(folder.path(), begin_ns);
    assert_eq!(warnings, Vec::<String>::new());
    let lines = right.iter().filter(|byte| **byte == b'\n').count();
    assert!((100..3900).contains(&lines), "{lines} lines");
    for path in indexes(folder.path()) {
        let mut bytes = fs::read(&path).unwrap();
        harm(&mut bytes);
        fs::write(&path, bytes).unwrap();
    }
    let (text, warnings) = from(folder.path(), begin_ns);
    assert_eq!(
        String::from_utf8_lossy(&text),
        String::from_utf8_lossy(&right)
    );
    assert!(!warnings.is_empty());
    let told =
        |warning: &String| warning.contains("the index is ignored: ") && warning.contains(word);
    assert!(warnings.iter().any(told), "{warnings:?}");
}

#[test]
fn an_index_that_is_wrong_is_ignored_with_a_word() {
    check_wrong("does not begin as an index does", |bytes| bytes[0] ^= 1);
    check_wrong("cut short", |bytes| bytes.truncate(bytes.len() - 1));
    check_wrong("end elsewhere than the file", |bytes| {
        let entry = bytes[15] as usize;
        bytes.truncate(bytes.len() - entry);
    });
    // Each packet is said to end a little later than it does.
    check_wrong("is another one", |bytes| {
        let entry = bytes[15] as usize;
        for at in (16..bytes.len()).step_by(entry) {
            bytes[at + 39] |= 1;
            bytes[at + 39] ^= 2;
        }
    });
}

#[test]
fn without_an_index_the_heads_of_packets_lead_to_the_same_place() {
    let folder = indexed();
    let begin_ns = middle_ns(folder.path());
    let (right, _) = from(folder.path(), begin_ns);
    indexes(folder.path())
        .iter()
        .for_each(|path| fs::remove_file(path).unwrap());
    assert_eq!(middle_ns(folder.path()), begin_ns);
    assert_eq!(from(folder.path(), begin_ns), (right, Vec::new()));
}

#[test]
fn what_is_before_a_window_is_not_even_looked_at() {
    let folder = indexed();
    let begin_ns = middle_ns(folder.path());
    let (right, _) = from(folder.path(), begin_ns);
    let scale = Reader::open(&[folder.path()]).unwrap().traces()[0]
        .scale(0)
        .unwrap();
    let mut broken = 0;
    for path in indexes(folder.path()) {
        let entries = parse_index(&fs::read(&path).unwrap()).unwrap();
        let stream = folder.path().join(path.file_stem().unwrap());
        let mut bytes = fs::read(&stream).unwrap();
        for entry in entries
            .iter()
            .filter(|entry| scale.epoch_ns(entry.end) < begin_ns)
        {
            // Behind its head the packet has events that nobody can read.
            let at = entry.offset_bytes as usize;
            bytes[at + 100..at + 200].fill(0xff);
            broken += 1;
        }
        fs::write(&stream, bytes).unwrap();
    }
    assert!(broken > 0);
    assert_eq!(from(folder.path(), begin_ns), (right, Vec::new()));
}
