//! A small shop that serves orders, instrumented with thalweg.
//!
//! ```text
//!                        queue                       ┌─▶ stock (a lock everyone wants)
//!   orders.txt ─▶ clerk ──────▶ workers, N threads ──┼─▶ bank  (TCP on loopback, N threads)
//!                 (main)                             └─▶ receipts-I.txt (one file a worker)
//! ```
//!
//! The work is real but small, and a function of `--requests` and `--seed` alone: how many
//! threads share it changes neither the takings nor the receipts. Every event call is counted in
//! a counter of the shop's own, so that a trace can be checked against it (`--count-file`).

#![forbid(unsafe_code)]

mod arguments;
mod bank;
mod count;
mod event;
mod order;
mod queue;
mod random;
mod receipts;
mod scratch;
mod shop;
mod stock;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => report(shop::run(&arguments)),
        Err(words) => {
            eprintln!("shop: {words}\n{}", arguments::USAGE);
            ExitCode::from(2)
        }
    }
}

fn report(outcome: std::io::Result<shop::Summary>) -> ExitCode {
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("shop: {error}");
            ExitCode::FAILURE
        }
    }
}
