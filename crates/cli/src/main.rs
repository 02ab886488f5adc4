//! The `thalweg` command.
//!
//! ```text
//!   args ──▶ record ──▶ collect      summary and progress on standard error
//!            list   ──▶ kernel, collect   the events that there are, on standard output
//!            view   ──▶ reader       the trace as text on standard output
//!            info   ──▶ reader       what is in it
//!            stat   ──▶ kernel       counts of what happens while a command runs
//!            watch  ──▶ kernel       what was counted in the kernel, on standard output
//!            doctor                  what this machine offers, as text or JSON
//!            recover ─▶ collect      what killed recorders left behind
//! ```
//!
//! Results go to standard output, words to standard error. What a status means is in [`exit`].

#![forbid(unsafe_code)]

mod args;
mod doctor;
mod exit;
mod functions;
mod info;
mod kernel_filter;
mod level;
mod list;
mod names;
mod number;
mod record;
mod recover;
mod stat;
mod track;
mod triggers;
mod view;
mod watch;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let command = match args::parse() {
        Ok(command) => command,
        Err(status) => return status,
    };
    let done = match command {
        Command::Record(args) => record::run(&args),
        Command::List(args) => list::run(&args),
        Command::View(args) => view::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Stat(args) => stat::run(&args),
        Command::Recover(args) => recover::run(&args),
        Command::Keeper => Ok(thalweg_collect::keeper_main()),
    };
    done.unwrap_or_else(|failure| failure.tell())
}
