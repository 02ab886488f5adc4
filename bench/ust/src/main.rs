//! The benchmark beside LTTng-UST: our side of it, and the judge of both.
//!
//! ```text
//!   bench-ust emit WORKLOAD THREADS BATCHES      rows of thread-CPU time
//!   bench-ust loop WORKLOAD event|empty COUNT    one loop, for an instruction counter
//!   bench-ust cold SAMPLES                       rows of one event each millisecond
//!   bench-ust stay THREADS                       one event a thread, then stay to be looked at
//!   bench-ust pace PER_SECOND SECONDS            events at a rate, from two threads
//!   bench-ust flood COUNT                      events of one thread, flat out, on the wall
//!   bench-ust judge BATCHES NUMBERS              medians, best batches, ratios, floors
//! ```
//!
//! Each command but the last is also in `peer/`, a file each of the same name, for LTTng-UST.
//!
//! Invariant: a batch measures three loops of the same shape, directly one after the other: empty,
//! with the event, and with the clock read alone.

#![forbid(unsafe_code)]

mod batches;
mod cold;
mod emit;
mod flood;
mod floors;
mod judge;
mod numbers;
mod pace;
mod pick;
mod stay;
mod verdict;
mod workload;

use std::process::ExitCode;

use workload::Workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&words).unwrap_or_else(usage)
}

/// Does what the words say; nothing if they say nothing that it knows.
fn run(words: &[&str]) -> Option<ExitCode> {
    Some(match *words {
        ["emit", workload, threads, batches] => {
            let threads = threads.parse().ok().filter(|threads| *threads > 0)?;
            emit::emit(Workload::named(workload)?, threads, batches.parse().ok()?)
        }
        ["loop", workload, kind @ ("event" | "empty"), count] => {
            emit::bare_loop(Workload::named(workload)?, kind, count.parse().ok()?)
        }
        ["cold", samples] => cold::cold(samples.parse().ok()?),
        ["stay", threads] => stay::stay(threads.parse().ok()?),
        ["pace", per_second, seconds] => {
            pace::pace(per_second.parse().ok()?, seconds.parse().ok()?)
        }
        ["flood", count] => flood::flood(count.parse().ok().filter(|count| *count > 0)?),
        ["judge", batches, numbers] => judge::judge(batches, numbers),
        _ => return None,
    })
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: bench-ust emit WORKLOAD THREADS BATCHES | loop WORKLOAD event|empty COUNT | \
         cold SAMPLES | stay THREADS | pace PER_SECOND SECONDS | flood COUNT | judge BATCHES NUMBERS"
    );
    ExitCode::from(2)
}
