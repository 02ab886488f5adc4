//! `modes THREADS EVENTS HOW`: threads that emit as fast as they can, each on an account of its own.
//!
//! * `exit`: and that is all.
//! * `kill`: and go on, until the process kills itself when each has emitted that many.
//! * `fork`: and the same threads once more in a child, at the same time.
//! * `hold`: whenever the flag goes up by one; at 9 the process ends.
//! * `on`: and go on, until the flag is 9.

#![allow(unsafe_code, reason = "processes made and ended as C programs do it")]

use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use thalweg_tests::{Account, Ledger};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args[at].parse::<u64>().expect("a number");
    let (threads, events) = (number(0) as u32, number(1));
    match args[2].as_str() {
        "exit" => join(emit(0, threads, move |account| account.ticks(events))),
        "kill" => kill(threads, events),
        "fork" => fork(threads, events),
        "hold" => hold(threads, events),
        "on" => {
            let over = || Ledger::of_test().flag().load(SeqCst) >= 9;
            let go_on = move |account: Account| {
                while !over() {
                    account.ticks(events);
                }
            };
            join(emit(0, threads, go_on));
        }
        other => panic!("no end {other}"),
    }
}

/// Threads with the accounts from `first` on.
fn emit(
    first: u32,
    threads: u32,
    work: impl Fn(Account) + Send + Copy + 'static,
) -> Vec<JoinHandle<()>> {
    (first..first + threads)
        .map(|number| std::thread::spawn(move || work(Ledger::of_test().account(number).open())))
        .collect()
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("emitting does not panic");
    }
}

fn kill(threads: u32, events: u64) {
    let _threads = emit(0, threads, |account| {
        loop {
            account.tick();
        }
    });
    let ledger = Ledger::of_test();
    while (0..threads).any(|account| ledger.count(account) < events) {
        std::thread::yield_now();
    }
    let own = std::process::id().cast_signed();
    // SAFETY: no memory is passed.
    unsafe { libc::kill(own, libc::SIGKILL) };
}

fn fork(threads: u32, events: u64) {
    // SAFETY: there is one thread; the child emits and exits.
    let child = unsafe { libc::fork() };
    let first = if child == 0 { threads } else { 0 };
    join(emit(first, threads, move |account| account.ticks(events)));
    if child != 0 {
        let mut status = 0;
        // SAFETY: the status is live.
        unsafe { libc::wait(&raw mut status) };
        assert_eq!(status, 0, "the child ended badly");
    }
}

fn hold(threads: u32, events: u64) {
    let rounds = move |account: Account| {
        for round in 1..9 {
            Ledger::of_test().wait_for_flag(round);
            if Ledger::of_test().flag().load(SeqCst) >= 9 {
                return;
            }
            account.ticks(events);
        }
    };
    join(emit(0, threads, rounds));
}
