//! The benchmark of reading: what makes the traces, a reader that does nothing more, and the judge.
//!
//! ```text
//!   bench-read emit ints|texts COUNT    events of a program
//!   bench-read emit switches COUNT      two threads that wake each other: events of the kernel
//!   bench-read nothing TRACE            decodes and merges; says how many events, how much memory
//!   bench-read judge CSV                ratios and floors
//! ```
//!
//! Invariant: both readers get the same trace, one after the other in the same round; what counts is
//! processor time, of all threads and of the kernel for them.

#![forbid(unsafe_code)]

mod emit;
mod judge;
mod nothing;
mod rows;
mod switches;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["emit", kind, count] => count.parse().map_or_else(|_| usage(), |n| emit(kind, n)),
        ["nothing", trace] => nothing::read(trace),
        ["judge", file] => judge::judge(file),
        _ => usage(),
    }
}

fn emit(kind: &str, count: u64) -> ExitCode {
    match kind {
        "ints" => emit::in_batches(count, emit::ints),
        "texts" => emit::in_batches(count, emit::texts),
        "switches" => switches::switches(count),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: bench-read emit ints|texts|switches COUNT | nothing TRACE | judge CSV");
    ExitCode::from(2)
}
