//! The project's automation, one command a purpose.
//!
//! ```text
//!   cargo xtask tidy                 the rules of the house
//!   cargo xtask test [STEP…]         every change       (.ci/run, scripts/test.sh)
//!   cargo xtask nightly [STEP…]      at length
//!   cargo xtask bench [NAME…]        speed, beside the peers
//!   cargo xtask fuzz TARGET          one fuzz target, as long as you like
//!   cargo xtask vm                   a guest with Debian's kernel
//! ```
//!
//! What a tier runs is a table of steps (`test.rs`, `nightly.rs`); CONTRIBUTING.md lists them, and
//! `tidy` compares.

#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod command;
mod counts;
mod coverage;
mod fuzz;
mod nightly;
mod sanitize;
mod step;
mod targets;
mod test;
mod tidy;
mod vm;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
