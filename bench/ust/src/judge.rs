//! Medians, best batches and ratios from the rows, and whether the floors are kept.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::rows::{Case, Row, best, median, read};

/// LTTng-UST costs at least so many times what we cost.
const FLOOR_PEER: f64 = 5.0;
/// We cost at most so many clock reads.
const FLOOR_CLOCK: f64 = 1.5;
/// A disabled event costs at most so many nanoseconds over the empty loop.
const FLOOR_DISABLED_NS: f64 = 0.5;

/// Prints the table; fails below a floor.
pub(crate) fn judge(file: &str) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    let cases = text.and_then(|text| read(&text));
    let cases = match cases {
        Ok(cases) => cases,
        Err(why) => {
            eprintln!("bench-ust: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    println!("ns of thread-CPU time, empty loop subtracted   best batch / median of all batches");
    cases.iter().for_each(print_case);
    let verdicts = verdicts(&cases);
    for (words, holds) in &verdicts {
        println!("{} {words}", if *holds { "ok   " } else { "BELOW" });
    }
    let all = !verdicts.is_empty() && verdicts.iter().all(|(_, holds)| *holds);
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_case(((tracer, threads), rows): (&Case, &Vec<Row>)) {
    let event = (events(rows, best), events(rows, median));
    let clock = (clocks(rows, best), clocks(rows, median));
    println!(
        "{tracer:<20} {threads} thread(s)  event {:7.2} / {:7.2}   clock read {:6.2} / {:6.2}   \
         ratio {:5.2} / {:5.2}   {} batches",
        event.0,
        event.1,
        clock.0,
        clock.1,
        event.0 / clock.0,
        event.1 / clock.1,
        rows.len()
    );
}

type Pick = fn(std::vec::IntoIter<f64>) -> f64;

/// What the event costs over the empty loop. Each is picked for itself: a disturbed empty loop must
/// not make its event cheap.
fn events(rows: &[Row], pick: Pick) -> f64 {
    of(rows, pick, |row| row.event) - of(rows, pick, |row| row.empty)
}

/// What the clock read costs over the empty loop.
fn clocks(rows: &[Row], pick: Pick) -> f64 {
    of(rows, pick, |row| row.clock) - of(rows, pick, |row| row.empty)
}

fn of(rows: &[Row], pick: Pick, part: fn(&Row) -> f64) -> f64 {
    let values: Vec<f64> = rows.iter().map(part).collect();
    pick(values.into_iter())
}

fn verdicts(cases: &BTreeMap<Case, Vec<Row>>) -> Vec<(String, bool)> {
    let find = |tracer: &str, threads| cases.get(&(tracer.to_owned(), threads));
    let mut verdicts = Vec::new();
    for threads in [1, 2] {
        if let (Some(ours), Some(theirs)) = (find("thalweg", threads), find("lttng-ust", threads)) {
            let ratio = |pick: Pick| events(theirs, pick) / events(ours, pick);
            let (least, middle) = (ratio(best), ratio(median));
            let words = format!(
                "{threads} thread(s): LTTng-UST costs {least:.1} times ours (median {middle:.1}), \
                 floor {FLOOR_PEER}"
            );
            verdicts.push((words, least >= FLOOR_PEER));
            let clock = events(ours, best) / clocks(ours, best);
            let words =
                format!("{threads} thread(s): ours is {clock:.2} clock reads, floor {FLOOR_CLOCK}");
            verdicts.push((words, clock <= FLOOR_CLOCK));
        }
    }
    for kind in ["one", "three"] {
        let ours = find(&format!("thalweg C {kind}"), 1);
        if let (Some(ours), Some(theirs)) = (ours, find("lttng-ust", 1)) {
            let ratio = |pick: Pick| events(theirs, pick) / events(ours, pick);
            let (least, middle) = (ratio(best), ratio(median));
            let words = format!(
                "C, integers in the event: {kind}: LTTng-UST's with three costs {least:.1} times ours \
                 (median {middle:.1}), floor {FLOOR_PEER}"
            );
            verdicts.push((words, least >= FLOOR_PEER));
        }
    }
    for (language, tracer) in [("", "thalweg disabled"), ("C: ", "thalweg C disabled")] {
        if let Some(disabled) = find(tracer, 1) {
            let cost = events(disabled, best);
            let words =
                format!("{language}a disabled event costs {cost:.2} ns, floor {FLOOR_DISABLED_NS}");
            verdicts.push((words, cost <= FLOOR_DISABLED_NS));
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(event: f64) -> Vec<Row> {
        vec![Row {
            empty: 0.0,
            event,
            clock: 10.0,
        }]
    }

    #[track_caller]
    fn check(ours: f64, theirs: f64, expected: &[bool]) {
        let case = |tracer: &str| (tracer.to_owned(), 1);
        let cases = [
            (case("thalweg"), row(ours)),
            (case("lttng-ust"), row(theirs)),
        ];
        let found: Vec<bool> = verdicts(&cases.into()).into_iter().map(|v| v.1).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn five_times_and_one_and_a_half_clock_reads_are_the_floors() {
        check(15.0, 75.0, &[true, true]);
        check(15.0, 74.0, &[false, true]);
        check(15.1, 90.0, &[true, false]);
    }
}
