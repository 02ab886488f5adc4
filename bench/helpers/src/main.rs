//! The judge of the benchmark of helpers.
//!
//! ```text
//!   run.sh ──rows──▶ bench-helpers CSV ROUNDS EVENTS ──▶ best, median, ratios, floors
//! ```
//!
//! EVENTS are those of a batch of `json`.

#![forbid(unsafe_code)]

mod judge;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [file, rounds, events] = &arguments[..]
        && let (Ok(rounds), Ok(events)) = (rounds.parse(), events.parse())
    {
        return judge::judge(file, rounds, events);
    }
    eprintln!("usage: bench-helpers CSV ROUNDS EVENTS");
    ExitCode::from(2)
}
