//! The benchmark of kernel recordings: workloads that nothing else brings, the transcoder over real
//! pages, and the judge.
//!
//! ```text
//!   bench-kernel getppid COUNT           system calls that do nothing
//!   bench-kernel loopback COUNT          messages to another thread by TCP, each answered
//!   bench-kernel pages INSTANCE          transcodes what the rings of a trace instance hold
//!   bench-kernel judge CSV               ratios and floors
//! ```
//!
//! Invariant: all recorders get the same events of the same workload, one after the other in the same
//! round.

#![forbid(unsafe_code)]

mod judge;
mod pages;
mod rows;
mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["getppid", count] => count.parse().map_or_else(|_| usage(), work::getppid),
        ["loopback", count] => count.parse().map_or_else(|_| usage(), work::loopback),
        ["pages", instance] => pages::measure(instance.as_ref()),
        ["judge", file] => judge::judge(file),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bench-kernel getppid|loopback COUNT | pages INSTANCE | judge CSV");
    ExitCode::from(2)
}
