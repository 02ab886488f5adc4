//! `tracing_layer WHAT …`: a program that speaks through `tracing` and `log`, recorded with one line.
//!
//! ```text
//!   fields                 one event of each kind of field
//!   spans                  sync, async, instrumented, and moving between threads
//!   shapes COUNT           a call site with so many shapes
//!   places                 more call sites than have room
//!   threads N EACH [late]  threads that emit; says how much; `late`: waits for a line before
//!   watched                a call site that sleeps, wakes and sleeps
//!   beside                 another layer, which sees everything
//! ```

#![forbid(unsafe_code)]

use std::io::BufRead as _;
use std::process::ExitCode;

#[path = "tracing_layer/fields.rs"]
mod fields;
#[path = "tracing_layer/places.rs"]
mod places;
#[path = "tracing_layer/spans.rs"]
mod spans;
#[path = "tracing_layer/threads.rs"]
mod threads;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    if words != ["beside"] {
        thalweg_tracing::init().expect("nobody else was here before");
    }
    let number = |text: &str| text.parse().expect("a number");
    match words[..] {
        ["fields"] => fields::fields(),
        ["spans"] => spans::spans(),
        ["shapes", count] => places::shapes(number(count)),
        ["places"] => places::places(),
        ["threads", count, each] => threads::threads(number(count), number(each)),
        ["threads", count, each, "late"] => {
            // Every call site is known before the recorder comes.
            threads::threads(1, 10);
            println!("ready");
            wait_for_a_line();
            threads::threads(number(count), number(each));
        }
        ["watched"] => threads::watched(),
        ["beside"] => threads::beside(),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// Waits for the test.
fn wait_for_a_line() {
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
}
