//! The table, and whether the floors are kept.

use std::process::ExitCode;

use crate::rows::{Case, Cases, read};

/// The last 10 ms of a trace of so many events take babeltrace2 [`WINDOW_FLOOR`] times as long: it
/// reads all that is before. Of a smaller trace there is less before.
const WINDOW_EVENTS: f64 = 20_000_000.0;
const WINDOW_FLOOR: f64 = 600.0;

/// How many times faster than babeltrace2 a case has to be.
fn floor(case: &str, events: f64) -> Option<f64> {
    match case {
        "nothing" => Some(16.0),
        "text" => Some(17.0),
        "only" => Some(100.0),
        "window" => Some(WINDOW_FLOOR * (events / WINDOW_EVENTS).min(1.0)),
        _ => None,
    }
}

/// Prints the table; fails below a floor.
pub(crate) fn judge(file: &str) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    let cases = match text.and_then(|text| read(&text)) {
        Ok(cases) => cases,
        Err(why) => {
            eprintln!("bench-read: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    println!("best of all rounds, processor time: seconds, millions of events a second");
    let verdicts = verdicts(&cases);
    verdicts.iter().for_each(|(words, _)| println!("{words}"));
    if !verdicts.is_empty() && verdicts.iter().all(|(_, holds)| *holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn verdicts(cases: &Cases) -> Vec<(String, bool)> {
    let row = |((trace, name), case): ((&String, &String), &Case)| {
        let (ours, theirs) = (best(&case.ours)?, best(&case.theirs)?);
        let (ratio, floor) = (theirs / ours, floor(name, case.events)?);
        let rate = |seconds: f64| case.events / seconds / 1e6;
        let word = if ratio >= floor { "ok   " } else { "BELOW" };
        let words = format!(
            "{word} {trace:<9} {name:<8} thalweg {ours:7.3} s {:8.2} M/s   babeltrace2 {theirs:7.3} s {:6.2} M/s   \
             {ratio:6.1} times, floor {floor:.0}",
            rate(ours),
            rate(theirs)
        );
        Some((words, ratio >= floor))
    };
    let rows = cases
        .iter()
        .map(|((trace, name), case)| ((trace, name), case));
    rows.filter_map(row).collect()
}

/// The least of several times; a clock that shows nothing at all shows a millisecond.
fn best(seconds: &[f64]) -> Option<f64> {
    let least = seconds.iter().copied().min_by(f64::total_cmp)?;
    Some(least.max(0.001))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(case: &str, events: f64, ours: f64, theirs: f64, holds: bool) {
        let entry = Case {
            events,
            ours: vec![ours, 100.0],
            theirs: vec![theirs, 100.0],
        };
        let cases = Cases::from([(("t".to_owned(), case.to_owned()), entry)]);
        let found: Vec<bool> = verdicts(&cases).into_iter().map(|v| v.1).collect();
        assert_eq!(found, [holds], "{case}");
    }

    #[test]
    fn a_case_below_its_floor_is_found() {
        check("nothing", 1e6, 1.0, 16.0, true);
        check("nothing", 1e6, 1.0, 15.9, false);
        check("text", 1e6, 1.0, 16.9, false);
    }

    #[test]
    fn the_floor_of_a_window_grows_with_what_is_before_it() {
        check("window", 2e6, 0.01, 0.6, true);
        check("window", 20e6, 0.01, 0.6, false);
        check("window", 40e6, 0.01, 6.0, true);
    }

    #[test]
    fn what_takes_no_time_takes_a_millisecond() {
        check("only", 1e6, 0.0, 0.1, true);
        check("only", 1e6, 0.0, 0.09, false);
    }
}
