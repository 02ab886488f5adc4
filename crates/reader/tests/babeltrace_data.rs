//! babeltrace2's own test traces, against the text that babeltrace2 2.0.4 prints of them.

mod common;

use std::fs;

use common::{Shown, shared, show};

const GROUPS: [&str; 5] = [
    "succeed",
    "fail",
    "packet-seq-num",
    "intersection",
    "deterministic-ordering",
];

/// Where we print more than babeltrace2 does, and why that is right.
const DEVIATIONS: [(&str, &str); 1] = [(
    "fail/invalid-packet-size",
    "the file ends inside its only packet: the ten events before that are valid and are printed, \
     then comes the error; babeltrace2 refuses the trace when it indexes it",
)];

struct Case {
    name: String,
    shown: Shown,
    expected: Vec<u8>,
    /// What babeltrace2 says on standard error.
    said: String,
    status: i32,
}

/// Runs `check` on each trace of the groups.
#[track_caller]
fn check_all(groups: &[&str], mut check: impl FnMut(&Case)) {
    let traces = shared().join("traces");
    let index = fs::read_to_string(traces.join("expect/INDEX.txt")).unwrap();
    let mut count = 0;
    for line in index.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap().to_owned();
        let status = words
            .next()
            .and_then(|word| word.strip_prefix("exit="))
            .unwrap();
        if !groups
            .iter()
            .any(|group| name.starts_with(&format!("{group}/")))
        {
            continue;
        }
        let expect = traces.join("expect").join(name.replace('/', "-"));
        let case = Case {
            shown: show(&traces.join(&name)),
            expected: fs::read(expect.with_extension("txt")).unwrap_or_default(),
            said: fs::read_to_string(expect.with_extension("err")).unwrap_or_default(),
            status: status.parse().unwrap(),
            name,
        };
        check(&case);
        count += 1;
    }
    assert!(count > 0, "no case of {groups:?} in the index");
}

#[test]
fn every_line_is_as_babeltrace2_prints_it() {
    check_all(&GROUPS, |case| {
        if !DEVIATIONS.iter().any(|(name, _)| *name == case.name) {
            case.shown.assert_text(&case.expected, &case.name);
        }
    });
}

#[test]
fn traces_that_must_fail_end_with_an_error_and_the_others_without() {
    check_all(&GROUPS, |case| {
        // 134 is an abort of babeltrace2 itself, on a valid trace.
        let fails = case.status == 1;
        assert_eq!(
            !case.shown.errors.is_empty(),
            fails,
            "{}: {:?}",
            case.name,
            case.shown.errors
        );
    });
}

#[test]
fn losses_are_counted_as_babeltrace2_counts_them() {
    check_all(&["succeed", "packet-seq-num", "intersection"], |case| {
        let (events, packets) = discarded(&case.said);
        assert_eq!(case.shown.lost_events(), events, "events, {}", case.name);
        assert_eq!(case.shown.lost_packets(), packets, "packets, {}", case.name);
    });
}

/// The sums of `Tracer discarded N events` and `… N packets`.
fn discarded(said: &str) -> (u64, u64) {
    let (mut events, mut packets) = (0, 0);
    for line in said.lines() {
        let Some(rest) = line.strip_prefix("WARNING: Tracer discarded ") else {
            continue;
        };
        let mut words = rest.split(' ');
        let count: u64 = words.next().unwrap().parse().unwrap();
        match words.next().unwrap() {
            word if word.starts_with("event") => events += count,
            _ => packets += count,
        }
    }
    (events, packets)
}

#[test]
fn a_packet_that_the_file_cuts_short_yields_its_whole_events() {
    let shown = show(&shared().join("traces/fail/invalid-packet-size"));
    assert_eq!(shown.text.iter().filter(|byte| **byte == b'\n').count(), 10);
    assert_eq!(shown.errors.len(), 1);
    assert!(shown.errors[0].contains("packet claims 32768 bits, and 20264 are there"));
}
