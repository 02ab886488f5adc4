//! The table, and whether the floors are kept.

use std::process::ExitCode;

use crate::rows::{Cases, cost, read};

/// Each other layer costs at least so many times what ours does.
const FLOOR_PEER: f64 = 5.0;
/// A disabled call site costs at most so many nanoseconds when it is asked each time.
const FLOOR_ASKED_NS: f64 = 8.0;
/// The same when `tracing` knows that nobody wants it.
const FLOOR_ASLEEP_NS: f64 = 1.0;

/// The cases, in the order of the table.
const CASES: [(&str, &str); 12] = [
    ("thalweg", "thalweg_tracing::init(), recorded"),
    ("thalweg-layer", "thalweg_tracing::layer(), recorded"),
    ("thalweg-event", "thalweg::event!, recorded"),
    ("fmt", "fmt to /dev/null"),
    ("appender", "fmt, tracing-appender non-blocking"),
    ("chrome", "tracing-chrome"),
    ("thalweg off", "thalweg_tracing::init(), no recorder"),
    ("thalweg-layer off", "thalweg_tracing::layer(), no recorder"),
    ("thalweg-watched off", "the same with start_watcher()"),
    ("fmt-off", "fmt, level not wanted"),
    ("chrome-off", "tracing-chrome, level not wanted"),
    ("nothing", "no subscriber"),
];

/// Prints the table; fails below a floor.
pub(crate) fn judge(file: &str) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    let cases = match text.and_then(|text| read(&text)) {
        Ok(cases) => cases,
        Err(why) => {
            eprintln!("bench-tracing: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    println!("ns of thread-CPU time, empty loop subtracted    best / median   batches");
    for (case, words) in CASES {
        if let Some(rows) = cases.get(case) {
            let (best, median) = cost(rows);
            println!("{words:<44} {best:8.2} / {median:8.2}   {}", rows.len());
        }
    }
    let verdicts = verdicts(&cases);
    for (words, holds) in &verdicts {
        println!("{} {words}", if *holds { "ok   " } else { "BELOW" });
    }
    let is_whole = verdicts.len() == 5;
    if is_whole && verdicts.iter().all(|(_, holds)| *holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn verdicts(cases: &Cases) -> Vec<(String, bool)> {
    let find = |case: &str| cases.get(case).map(|rows| cost(rows));
    let mut verdicts = Vec::new();
    let ours = find("thalweg");
    for peer in ["fmt", "appender", "chrome"] {
        if let (Some(ours), Some(theirs)) = (ours, find(peer)) {
            let (best, median) = (theirs.0 / ours.0, theirs.1 / ours.1);
            let words = format!(
                "{peer} costs {best:.1} times ours (median {median:.1}), floor {FLOOR_PEER}"
            );
            verdicts.push((words, best >= FLOOR_PEER));
        }
    }
    let disabled = [
        ("thalweg off", FLOOR_ASKED_NS),
        ("thalweg-watched off", FLOOR_ASLEEP_NS),
    ];
    for (case, floor) in disabled {
        if let Some((best, _)) = find(case) {
            let words = format!("{case}: a disabled event costs {best:.2} ns, at most {floor}");
            verdicts.push((words, best <= floor));
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;

    #[track_caller]
    fn check(costs: &[(&str, f64)], expected: &[bool]) {
        let rows = |event| vec![Row { empty: 0.0, event }];
        let cases = costs
            .iter()
            .map(|(case, ns)| ((*case).to_owned(), rows(*ns)));
        let found: Vec<bool> = verdicts(&cases.collect())
            .into_iter()
            .map(|v| v.1)
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_peer_that_costs_less_than_the_floor_is_found() {
        check(
            &[("thalweg", 10.0), ("fmt", 50.0), ("chrome", 49.0)],
            &[true, false],
        );
    }

    #[test]
    fn a_disabled_event_above_its_floor_is_found() {
        check(
            &[("thalweg off", 8.0), ("thalweg-watched off", 1.1)],
            &[true, false],
        );
    }
}
