//! Prints what was measured as a table, and each floor with its verdict.

use std::process::ExitCode;

use crate::batches::{Batches, Rows};
use crate::floors::{FLOORS, Measured, OURS, OURS_IN_C, THEIRS};
use crate::numbers::Numbers;
use crate::pick::{Pick, best, median, p99_9};
use crate::verdict::Verdict;

/// Numbers that are told beside the table of events.
const NUMBERS: [(&str, &str); 11] = [
    (
        "instructions_int",
        "instructions of an event of one integer",
    ),
    (
        "instructions_text",
        "instructions of an integer and 53 bytes of text",
    ),
    (
        "instructions_refused",
        "instructions of an event that a filter refuses",
    ),
    ("idle_kib", "memory of an idle process, KiB"),
    (
        "thread_kib",
        "memory of a thread that emitted one event, KiB",
    ),
    (
        "process_kib",
        "memory of a process of 1,000 such threads, KiB",
    ),
    ("rings_kib", "of its rings, mapped or not, KiB"),
    ("collector_ns", "collector's CPU time an event, ns"),
    (
        "collector_ns_byte",
        "collector's CPU time a byte of trace, ns",
    ),
    ("zero_loss_rate", "events a second without loss"),
    (
        "blocking_wall_ns",
        "an event that waits for room in 256 KiB, ns on the wall",
    ),
];

/// Prints all of it; fails below a floor.
pub(crate) fn judge(batches: &str, numbers: &str) -> ExitCode {
    let measured = match read(batches, numbers) {
        Ok(measured) => measured,
        Err(why) => {
            eprintln!("bench-ust: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    events(&measured);
    others(&measured);
    println!();
    let verdicts: Vec<_> = FLOORS.iter().map(|floor| floor.judge(&measured)).collect();
    for verdict in &verdicts {
        println!("{verdict}");
    }
    if verdicts.iter().all(Verdict::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read(batches: &str, numbers: &str) -> Result<Measured, String> {
    let text =
        |file| std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    Ok(Measured {
        batches: Batches::read(&text(batches)?)?,
        numbers: Numbers::read(&text(numbers)?)?,
    })
}

/// A line for each case.
fn events(measured: &Measured) {
    println!("ns of thread-CPU time, empty loop subtracted: best batch / median of all batches");
    println!(
        "{:<13} {:>7} {:>17} {:>19} {:>15} {:>15} {:>9} {:>9}",
        "event", "threads", "thalweg", "LTTng-UST", "clock read", "ratio", "loop", "batches"
    );
    for (case, threads) in &measured.batches.order {
        event(measured, case, *threads, OURS, case);
        if measured.batches.of(OURS_IN_C, case, *threads).is_some() {
            event(measured, case, *threads, OURS_IN_C, &format!("{case} in C"));
        }
    }
}

/// A case's line: ours, by one of our interfaces, and LTTng's.
fn event(measured: &Measured, case: &str, threads: u32, tracer: &str, name: &str) {
    let ours = measured.batches.of(tracer, case, threads);
    let theirs = measured.batches.of(THEIRS, case, threads);
    let event = |rows: Option<&Rows>| pair(|pick| Some(rows?.event(pick)));
    let count = |rows: Option<&Rows>| rows.map_or(0, Rows::count);
    println!(
        "{name:<13} {threads:>7} {:>17} {:>19} {:>15} {:>15} {:>9} {:>9}",
        event(ours),
        event(theirs),
        pair(|pick| Some(ours?.clock(pick))),
        pair(|pick| measured.ratio(tracer, case, threads, pick)),
        ours.map_or(String::new(), |rows| format!("{:.2}", rows.empty(best))),
        format!("{}+{}", count(ours), count(theirs)),
    );
}

/// By best batch and by median.
fn pair(number: impl Fn(Pick) -> Option<f64>) -> String {
    match number(best).zip(number(median)) {
        Some((best, median)) => format!("{best:.2} / {median:.2}"),
        None => "-".to_owned(),
    }
}

/// A line for each number that is not an event's time, and for cold events.
fn others(measured: &Measured) {
    println!(
        "\n{:<50} {:>16} {:>16}   median",
        "", "thalweg", "LTTng-UST"
    );
    let line = |words: &str, number: &dyn Fn(&str) -> Option<f64>| {
        let told = |tracer| number(tracer).map_or("-".to_owned(), |number| format!("{number:.2}"));
        println!("{words:<50} {:>16} {:>16}", told(OURS), told(THEIRS));
    };
    line("a cold event, ns", &|tracer| measured.cold(tracer, median));
    line("a cold event, 99.9th percentile, ns", &|tracer| {
        measured.cold(tracer, p99_9)
    });
    for (what, words) in NUMBERS {
        line(words, &|tracer| measured.numbers.of(tracer, what, median));
    }
}
