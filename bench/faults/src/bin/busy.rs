//! A program whose events and some of whose system calls are numbered.
//!
//! `busy RUN THREADS EVENTS PACE_US`: each thread emits `EVENTS` events (0: until the board says
//! stop), 64 at a time, then one numbered system call, then rests for `PACE_US`.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};

use bench_faults::board::{Board, VARIABLE};
use bench_faults::seen::call_number;
use rustix::process::{Pid, getpgid};
use rustix::time::{ClockId, clock_gettime};

const BURST: u64 = 64;
const LONG: Duration = Duration::from_millis(1);

#[derive(Clone, Copy)]
struct Work {
    run: u32,
    events: u64,
    pace: Duration,
}

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("a number"))
        .collect();
    let [run, threads, events, pace_us] = numbers[..] else {
        panic!("usage: busy RUN THREADS EVENTS PACE_US");
    };
    let board = std::env::var_os(VARIABLE).map(PathBuf::from);
    let board = Board::open(&board.expect("the judge sets the variable"));
    let work = Work {
        run: run as u32,
        events,
        pace: Duration::from_micros(pace_us),
    };
    board.set_pid(std::process::id());
    std::thread::scope(|scope| {
        for thread in 0..threads as usize {
            let board = &board;
            scope.spawn(move || one_thread(board, thread, work));
        }
    });
}

fn one_thread(board: &Board, thread: usize, work: Work) {
    let (mut produced, mut turns, mut calls) = (0, 0, 0);
    let mut was_enabled = false;
    while !board.is_stopped() && (work.events == 0 || turns < work.events) {
        let before = Spent::now();
        let mut longest = Duration::ZERO;
        let left = if work.events == 0 {
            BURST
        } else {
            work.events - turns
        };
        for _ in 0..BURST.min(left) {
            let begin = Instant::now();
            let now = emit(work.run, thread, produced);
            longest = longest.max(begin.elapsed());
            let is_enabled = now > produced;
            if was_enabled && !is_enabled {
                board.note_turned_off(thread, produced);
            }
            (produced, was_enabled) = (now, is_enabled);
            board.events(thread).store(produced, SeqCst);
            turns += 1;
        }
        note(board, longest, before);
        board.turns().fetch_add(1, Relaxed);
        calls += 1;
        call(board.tag(), thread, calls);
        board.calls(thread).store(calls, SeqCst);
        rest(work.pace);
    }
}

/// Emits the next event; how many were produced then. An event that nobody enabled has no number.
#[inline(never)]
fn emit(run: u32, thread: usize, produced: u64) -> u64 {
    let mut number = produced;
    thalweg::event!("busy:tick", Info, {
        run: u32 = run,
        thread: u32 = thread as u32,
        number: u64 = { number += 1; number },
    });
    number
}

/// A system call whose argument is the number: there is no such process.
fn call(tag: u64, thread: usize, number: u64) {
    let _ = getpgid(Pid::from_raw(call_number(tag, thread, number)));
}

fn rest(pace: Duration) {
    if !pace.is_zero() {
        std::thread::sleep(pace);
    }
}

/// What a thread's time went to.
#[derive(Clone, Copy)]
struct Spent {
    /// Running, or waiting for a processor to run on.
    ns: u64,
    /// How often it gave the processor away to wait for something else.
    sleeps: u64,
}

impl Spent {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let mut parts = text.split_whitespace();
        let waited: Option<u64> = parts.nth(1).and_then(|part| part.parse().ok());
        // The file's own count of running time is as old as the last tick.
        let ran = clock_gettime(ClockId::ThreadCPUTime);
        let ran = ran.tv_sec.cast_unsigned() * 1_000_000_000 + ran.tv_nsec.cast_unsigned();
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let mut sleeps = status
            .lines()
            .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Self {
            ns: ran + waited.unwrap_or(0),
            sleeps: sleeps
                .next()
                .and_then(|n| n.trim().parse().ok())
                .unwrap_or(0),
        }
    }
}

/// A long call was blocked only if the thread slept, and not as far as it ran or waited to run.
/// (A virtual machine's processor can stand still without anybody in it being told.)
fn note(board: &Board, longest: Duration, before: Spent) {
    let all = longest.as_nanos() as u64;
    if longest < LONG {
        return board.note_longest(all, 0);
    }
    let now = Spent::now();
    let slept = now.sleeps > before.sleeps;
    let blocked = all.saturating_sub(now.ns - before.ns);
    board.note_longest(all, if slept { blocked } else { 0 });
}
