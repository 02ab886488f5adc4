//! Ratios from the rows, and whether the floors are kept.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::rows::{Case, Measured, read};

/// A program whose allocator is traced is at most so many times slower.
const FLOOR_SLOWDOWN: f64 = 1.4;
/// A function's begin and end cost at most so many nanoseconds.
const FLOOR_CALL_NS: f64 = 27.0;

/// Prints the tables (`events`: of a batch of `json`); fails below a floor, or when more than half of the runs lost events.
pub(crate) fn judge(file: &str, rounds: usize, events: f64) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    let cases = match text.and_then(|text| read(&text)) {
        Ok(cases) => cases,
        Err(why) => {
            eprintln!("bench-helpers: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", tables(&cases, events));
    let verdicts = verdicts(&cases, rounds);
    for (words, holds) in &verdicts {
        println!("{} {words}", if *holds { "ok   " } else { "BELOW" });
    }
    if verdicts.iter().all(|(_, holds)| *holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find<'c>(
    cases: &'c BTreeMap<Case, Measured>,
    workload: &str,
    tracer: &str,
) -> Option<&'c Measured> {
    cases.get(&(workload.to_owned(), tracer.to_owned()))
}

type Pick = fn(&Measured) -> f64;

/// Both picks of what a case is, seen from the plain one.
fn relative(case: &Measured, plain: &Measured, of: fn(f64, f64) -> f64) -> (f64, f64) {
    let pick = |pick: Pick| of(pick(case), pick(plain));
    (pick(Measured::best), pick(Measured::median))
}

fn times(value: f64, plain: f64) -> f64 {
    value / plain
}

fn over(value: f64, plain: f64) -> f64 {
    value - plain
}

fn tables(cases: &BTreeMap<Case, Measured>, events: f64) -> String {
    let mut out = String::from("CPU time of the thread   best batch / median of all batches\n");
    for ((workload, tracer), case) in cases {
        let Some(plain) = find(cases, workload, "plain") else {
            continue;
        };
        let (times, over) = (relative(case, plain, times), relative(case, plain, over));
        let seen = match workload.as_str() {
            "json" => format!(
                "{:5.2} / {:5.2} times plain, {:5.1} / {:5.1} ns an event",
                times.0,
                times.1,
                over.0 / events,
                over.1 / events
            ),
            _ => format!("{:5.1} / {:5.1} ns over plain", over.0, over.1),
        };
        let (best, median) = (case.best(), case.median());
        out += &format!(
            "{workload:<6} {tracer:<10} {best:10.2} / {median:10.2} ns   {seen}   {} runs\n",
            case.runs
        );
    }
    out
}

fn verdicts(cases: &BTreeMap<Case, Measured>, rounds: usize) -> Vec<(String, bool)> {
    let mut verdicts = vec![enough(cases, rounds)];
    if let Some((ours, theirs)) = seen(cases, "json", times) {
        let words = format!(
            "a program whose allocator is traced is {:.2} times slower (median {:.2}; LTTng \
             {:.2}), floor {FLOOR_SLOWDOWN}",
            ours.0, ours.1, theirs.0
        );
        verdicts.push((words, ours.0 <= FLOOR_SLOWDOWN));
    }
    if let Some((ours, theirs)) = seen(cases, "calls", over) {
        let words = format!(
            "a function's begin and end cost {:.1} ns (median {:.1}; LTTng {:.1}), floor \
             {FLOOR_CALL_NS}",
            ours.0, ours.1, theirs.0
        );
        verdicts.push((words, ours.0 <= FLOOR_CALL_NS));
    }
    verdicts
}

/// What ours and LTTng's are, seen from the plain one.
fn seen(
    cases: &BTreeMap<Case, Measured>,
    workload: &str,
    of: fn(f64, f64) -> f64,
) -> Option<((f64, f64), (f64, f64))> {
    let plain = find(cases, workload, "plain")?;
    let relative = |tracer| Some(relative(find(cases, workload, tracer)?, plain, of));
    Some((relative("thalweg")?, relative("lttng-ust")?))
}

/// Whether at least half of the runs of each recorded case are there.
fn enough(cases: &BTreeMap<Case, Measured>, rounds: usize) -> (String, bool) {
    let missing: Vec<String> = ["json", "calls"]
        .into_iter()
        .flat_map(|workload| ["plain", "thalweg", "lttng-ust"].map(|tracer| (workload, tracer)))
        .filter(|(workload, tracer)| {
            let runs = find(cases, workload, tracer).map_or(0, |case| case.runs);
            2 * runs < rounds.max(1)
        })
        .map(|(workload, tracer)| format!("{workload} {tracer}"))
        .collect();
    match &missing[..] {
        [] => ("in most runs every event was recorded".to_owned(), true),
        missing => {
            let words = format!("too few runs without a loss: {}", missing.join(", "));
            (words, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(json: [f64; 3], calls: [f64; 3]) -> BTreeMap<Case, Measured> {
        let tracers = ["plain", "thalweg", "lttng-ust"];
        let case = |workload: &str, (tracer, ns): (&str, f64)| {
            let measured = Measured {
                unit_ns: vec![ns],
                runs: 1,
            };
            ((workload.to_owned(), tracer.to_owned()), measured)
        };
        let json = tracers.into_iter().zip(json).map(|pair| case("json", pair));
        let calls = tracers
            .into_iter()
            .zip(calls)
            .map(|pair| case("calls", pair));
        json.chain(calls).collect()
    }

    #[track_caller]
    fn check(cases: &BTreeMap<Case, Measured>, expected: &[bool]) {
        let found: Vec<bool> = verdicts(cases, 1).into_iter().map(|v| v.1).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_point_four_times_and_twenty_seven_nanoseconds_are_the_floors() {
        check(
            &cases([10.0, 14.0, 30.0], [1.0, 28.0, 290.0]),
            &[true, true, true],
        );
        check(
            &cases([10.0, 14.1, 30.0], [1.0, 28.1, 290.0]),
            &[true, false, false],
        );
    }

    #[test]
    fn runs_that_are_missing_are_no_result() {
        check(&BTreeMap::new(), &[false]);
        let mut some = cases([10.0, 14.0, 30.0], [1.0, 28.0, 290.0]);
        some.remove(&("calls".to_owned(), "lttng-ust".to_owned()));
        check(&some, &[false, true]);
    }
}
