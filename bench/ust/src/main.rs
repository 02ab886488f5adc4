//! The benchmark beside LTTng-UST: our side of it, and the judge of both.
//!
//! ```text
//!   bench-ust emit THREADS BATCHES      rows of thread-CPU time, as peer.c writes them
//!   bench-ust loop events|empty COUNT   one loop, for an instruction counter
//!   bench-ust judge CSV                 medians, best batches, ratios, floors
//! ```
//!
//! Invariant: a batch measures three loops of the same shape, directly one after the other: empty,
//! with the event, and with the clock read alone.

#![forbid(unsafe_code)]

mod emit;
mod judge;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["emit", threads, batches] => match (threads.parse(), batches.parse()) {
            (Ok(threads), Ok(batches)) => emit::emit(threads, batches),
            _ => usage(),
        },
        ["loop", kind, count] => count
            .parse()
            .map_or_else(|_| usage(), |count| emit::bare_loop(kind, count)),
        ["judge", file] => judge::judge(file),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bench-ust emit THREADS BATCHES | loop events|empty COUNT | judge CSV");
    ExitCode::from(2)
}
