//! Two threads that emit at a given rate: what is due, each millisecond.
//!
//! A thread that was kept from running catches up at once, as a program does whose work has piled up.
//!
//! Invariant: what a thread has produced never exceeds rate times time.

use std::process::ExitCode;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crate::emit::pin;
use crate::workload::ints;

const THREADS: usize = 2;
const TICK_NS: u64 = 1_000_000;
/// The clock is looked at after so many, however many are due.
const MOST_AT_ONCE: u64 = 20_000;

/// Says how many events there were, and how many a second.
pub(crate) fn pace(per_second: u64, seconds: u64) -> ExitCode {
    let share = per_second as f64 / THREADS as f64;
    let all: Vec<(u64, Duration)> = std::thread::scope(|scope| {
        let work = |thread| scope.spawn(move || one_thread(thread, share, seconds));
        let running: Vec<_> = (0..THREADS).map(work).collect();
        let joined = running.into_iter().map(ScopedJoinHandle::join);
        joined
            .map(|paced| paced.expect("it does not panic"))
            .collect()
    });
    let produced: u64 = all.iter().map(|(count, _)| count).sum();
    let rate = |(count, time): &(u64, Duration)| *count as f64 / time.as_secs_f64();
    let achieved: f64 = all.iter().map(rate).sum();
    eprintln!("produced {produced}\nachieved {achieved:.0}");
    ExitCode::SUCCESS
}

fn one_thread(thread: usize, per_second: f64, seconds: u64) -> (u64, Duration) {
    let end = Duration::from_secs(seconds);
    let mut produced = 0;
    pin(thread);
    let begin = Instant::now();
    loop {
        let spent = begin.elapsed();
        if spent >= end {
            return (produced, spent);
        }
        let due = (spent.as_secs_f64() * per_second) as u64 - produced;
        let now = due.min(MOST_AT_ONCE);
        ints(now);
        produced += now;
        if due < MOST_AT_ONCE {
            let within = begin.elapsed().as_nanos() as u64 % TICK_NS;
            std::thread::sleep(Duration::from_nanos(TICK_NS - within));
        }
    }
}
