//! What the tests of the reader share: where the test data is, and a trace as text.

#![allow(dead_code, reason = "each test uses its own part of it")]

use std::path::{Path, PathBuf};

use thalweg_model::{LossCause, Lost, Message};
use thalweg_reader::Reader;
use thalweg_reader::text::{Options, Printer, Style};

/// The folder of shared test data: `$THALWEG_SHARED`, or `shared` beside the workspace.
pub(crate) fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("THALWEG_SHARED").map_or(beside, PathBuf::from);
    let traces = folder.join("traces");
    assert!(
        traces.is_dir(),
        "no test traces in {}: set THALWEG_SHARED",
        traces.display()
    );
    folder.canonicalize().unwrap()
}

/// All that a trace says, as people see it.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) text: Vec<u8>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) errors: Vec<String>,
}

impl Shown {
    /// Events that are known to be lost.
    pub(crate) fn lost_events(&self) -> u64 {
        self.lost.iter().filter_map(|lost| lost.count).sum()
    }

    pub(crate) fn lost_packets(&self) -> u64 {
        let packets = |lost: &Lost| match lost.cause {
            LossCause::PacketGap(packets) => packets,
            _ => 0,
        };
        self.lost.iter().map(packets).sum()
    }

    #[track_caller]
    pub(crate) fn assert_text(&self, expected: &[u8], what: &str) {
        if self.text == expected {
            return;
        }
        let (ours, theirs) = (self.lines(), String::from_utf8_lossy(expected));
        let pairs = ours
            .lines()
            .map(Some)
            .chain(std::iter::repeat(None))
            .zip(theirs.lines());
        for (number, (ours, theirs)) in pairs.enumerate() {
            assert_eq!(ours, Some(theirs), "{what}, line {}", number + 1);
        }
        panic!(
            "{what}: more lines than expected, or other bytes: {:?}",
            self.errors
        );
    }

    fn lines(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// Reads a trace to its end. An error of opening it is an error like any other.
pub(crate) fn show(folder: &Path) -> Shown {
    let mut shown = Shown::default();
    let mut reader = match Reader::open(&[folder]) {
        Ok(reader) => reader,
        Err(error) => {
            shown.errors.push(error.to_string());
            return shown;
        }
    };
    let mut printer = Printer::new(reader.traces(), Options::new(Style::Gmt));
    while let Some(item) = reader.next() {
        match item {
            Ok(item) => {
                if let Message::Lost(lost) = &item.message {
                    shown.lost.push(*lost);
                }
                printer.write(&mut shown.text, &item);
            }
            Err(error) => shown.errors.push(error.to_string()),
        }
    }
    shown
}

/// The text of all that a reader yields; an error is a failure.
#[track_caller]
pub(crate) fn text_of(mut reader: Reader) -> Vec<u8> {
    let mut printer = Printer::new(reader.traces(), Options::new(Style::Gmt));
    let mut text = Vec::new();
    while let Some(item) = reader.next() {
        printer.write(&mut text, &item.unwrap());
    }
    text
}

/// A trace folder with this metadata and these streams.
pub(crate) fn trace(metadata: &[u8], streams: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("metadata"), metadata).unwrap();
    for (name, bytes) in streams {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}
