//! The shop from outside: its end, its one line, its count, its files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn shop(arguments: &str, folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(arguments.split_whitespace())
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap()
}

/// The summary line without the number of events, which depends on who waited for whom.
fn takings(arguments: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = shop(arguments, folder.path());
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}");
    line.rsplit_once(", ").unwrap().0.to_owned()
}

#[test]
fn the_takings_depend_on_requests_and_seed_alone() {
    let one = takings("--requests 300 --threads 1 --seed 5");
    let many = takings("--requests 300 --threads 8 --seed 5");
    assert_eq!(
        one.replace("by 1 threads", ""),
        many.replace("by 8 threads", "")
    );
    assert_ne!(one, takings("--requests 300 --threads 1 --seed 6"));
}

#[test]
fn every_order_has_one_receipt() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        shop("--requests 500 --threads 3", folder.path())
            .status
            .success()
    );
    let books = (0..3).map(|worker| folder.path().join(format!("receipts-{worker}.txt")));
    let lines = books
        .map(|book| fs::read_to_string(book).unwrap())
        .collect::<String>();
    let mut ids: Vec<u64> = lines
        .lines()
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=500).collect::<Vec<u64>>());
}

#[test]
fn the_count_file_holds_the_events_of_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let output = shop(
        &format!("--requests 100 --count-file {}", count.display()),
        folder.path(),
    );
    let line = String::from_utf8(output.stdout).unwrap();
    let counted: u64 = fs::read_to_string(count).unwrap().trim().parse().unwrap();
    assert!(line.ends_with(&format!(", {counted} events\n")), "{line}");
    // An order is received, reserved, judged, written down, and has three spans of two events.
    assert!(counted >= 100 * 10, "{counted}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let output = shop("--requests 1", Path::new("/dev/null/shop"));
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.starts_with("shop: cannot make /dev/null/shop: "),
        "{words}"
    );
}

#[test]
fn an_unknown_option_shows_the_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["--moon", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.starts_with("shop: no option is called `--moon`\nusage: shop "),
        "{words}"
    );
}
