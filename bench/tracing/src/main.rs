//! The benchmark of layers for `tracing`: one program for each of them, and the judge of all.
//!
//! ```text
//!   bench-tracing emit LAYER BATCHES    rows of thread-CPU time: event, and loop without one
//!   bench-tracing judge CSV             medians, best batches, ratios, floors
//! ```
//!
//! Invariant: all layers get the same call site, two integers and a text of 20 bytes, from the same
//! machine code. Only the emitting thread is on the clock: what a layer's own thread does comes
//! on top of it.

#![forbid(unsafe_code)]

mod emit;
mod judge;
mod layers;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["emit", layer, batches] => match (layers::install(layer), batches.parse()) {
            (Some(installed), Ok(batches)) => emit::emit(installed, batches),
            _ => usage(),
        },
        ["judge", file] => judge::judge(file),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    let names = layers::NAMES.join("|");
    eprintln!("usage: bench-tracing emit {names} BATCHES | judge CSV");
    ExitCode::from(2)
}
