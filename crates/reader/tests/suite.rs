//! The conformance cases of efficios/ctf-testsuite: valid traces are taken, the others refused.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{Shown, shared, show};

/// Where we do not do what the suite wants, and why.
const DEVIATIONS: [(&str, &str); 1] = [(
    "stream/pass/integer-large-size",
    "an integer of 1024 bits: the specification sets no limit, the readers that people have \
     (babeltrace 1 and 2, Trace Compass) do at 64 bits, and so does the model",
)];

/// Far more than any of these small traces needs, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn check_folder(folder: &str, accepts: bool, least: usize) {
    let suite = shared().join("traces/ctf-testsuite/regression");
    let mut wrong = Vec::new();
    let cases = cases(&suite.join(folder));
    assert!(
        cases.len() >= least,
        "{} cases in {folder}, expected {least}",
        cases.len()
    );
    let count = cases.len();
    let mut argued = 0;
    for case in cases {
        let name = format!("{folder}/{}", case.file_name().unwrap().to_string_lossy());
        let deviates = DEVIATIONS.iter().any(|(deviation, _)| *deviation == name);
        argued += usize::from(deviates);
        let shown = show_in_time(&case, &name);
        if shown.errors.is_empty() != (accepts != deviates) {
            wrong.push(format!("{name}: {:?}", shown.errors));
        }
    }
    let right = count - argued - wrong.len();
    println!(
        "{folder}: {right} of {count} right, {argued} argued, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn show_in_time(case: &Path, name: &str) -> Shown {
    let (send, receive) = mpsc::channel();
    let path = case.to_owned();
    thread::spawn(move || send.send(show(&path)));
    receive
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn valid_metadata_is_taken() {
    check_folder("metadata/pass", true, 53);
}

#[test]
fn invalid_metadata_is_refused_with_its_place() {
    check_folder("metadata/fail", false, 78);
    let folder = shared().join("traces/ctf-testsuite/regression/metadata/fail");
    for case in cases(&folder) {
        let error = show(&case).errors.remove(0);
        let place = error
            .split("/metadata: metadata ")
            .nth(1)
            .unwrap_or_default();
        let place = place.split(": ").next().unwrap_or_default();
        let numbers = place
            .split_once(':')
            .map(|(l, c)| (l.parse::<u32>(), c.parse::<u32>()));
        assert!(
            matches!(numbers, Some((Ok(1..), Ok(1..)))),
            "no line and column in {error:?}"
        );
    }
}

#[test]
fn valid_streams_are_taken() {
    check_folder("stream/pass", true, 19);
}

#[test]
fn invalid_streams_are_refused() {
    check_folder("stream/fail", false, 31);
}
