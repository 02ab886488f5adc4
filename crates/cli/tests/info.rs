//! `info` says what `view` shows.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::THALWEG;
use thalweg_testkit::{discarded_events, run};

fn trace(name: &str) -> String {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("THALWEG_SHARED").map_or(beside, PathBuf::from);
    shared.join("traces").join(name).display().to_string()
}

/// The numbers at the beginnings of lines, by what stands behind them.
fn counts(text: &str) -> BTreeMap<String, u64> {
    let lines = text.lines().skip_while(|line| !line.starts_with("events "));
    let pair = |line: &str| {
        let (count, name) = line.trim().split_once("  ")?;
        Some((name.to_owned(), count.replace(' ', "").parse().ok()?))
    };
    lines.skip(1).filter_map(pair).collect()
}

#[test]
fn events_are_counted_by_name_as_babeltrace2_prints_them() {
    for name in [
        "succeed/lttng-tracefile-rotation",
        "succeed/multi-domains",
        "succeed/wk-heartbeat-u",
    ] {
        let trace = trace(name);
        let theirs = run("babeltrace2", ["--no-delta", "--fields", "emf", &trace]);
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for line in theirs.stdout.lines() {
            let name = line
                .split("] ")
                .nth(1)
                .and_then(|rest| rest.split(": {").next());
            *expected.entry(name.unwrap().to_owned()).or_default() += 1;
        }
        let ours = run(THALWEG, ["info", &trace]);
        assert!(ours.success, "{}", ours.stderr);
        assert_eq!(counts(&ours.stdout), expected, "{name}");
    }
}

#[test]
fn losses_are_told_at_their_streams() {
    let trace = trace("succeed/ev-disc-no-ts-begin-end");
    let theirs = run("babeltrace2", [&trace]);
    let lost = discarded_events(&theirs.stderr).unwrap();
    let ours = run(THALWEG, ["info", &trace]).stdout;
    assert!(
        lost > 0 && ours.contains(&format!(" events, {lost} lost")),
        "{lost}: {ours}"
    );
}

#[test]
fn what_the_metadata_says_is_told() {
    let ran = run(
        THALWEG,
        ["info", "--clock-gmt", &trace("succeed/wk-heartbeat-u")],
    );
    for line in [
        "  environment  procname = \"wk-heartbeat\"",
        "  environment  vpid = 3208",
        "first event  2012-10-29 17:48:17.586558519",
        "events       20",
        "            20  heartbeat:msg",
    ] {
        assert!(
            ran.stdout.lines().any(|told| told == line),
            "{line}: {}",
            ran.stdout
        );
    }
    let broken = run(THALWEG, ["info", &trace("fail/invalid-packet-size")]);
    assert!(
        !broken.success && broken.stderr.contains("packet claims"),
        "{}",
        broken.stderr
    );
}
