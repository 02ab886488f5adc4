//! `stepped small|large EVENTS ACCOUNT`: events between two breakpoints, for a tracer to stop at.
//! SIGUSR1's handler emits three events on the next account. A large event fills a chunk of 4 KiB
//! so far that the next one needs another.

#![allow(
    unsafe_code,
    reason = "breakpoints and a handler of the kernel's own making"
)]

use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use thalweg_tests::{Account, Ledger};

/// Events before the first breakpoint: what runs once only has run by then.
const BEFORE: u64 = 5;
const LARGE: &str = match std::str::from_utf8(&[b'x'; 2400]) {
    Ok(text) => text,
    Err(_) => "",
};

static OF_HANDLER: OnceLock<Account> = OnceLock::new();

extern "C" fn handle(_: libc::c_int) {
    OF_HANDLER.get().expect("set before the signal").ticks(3);
}

fn emit(account: Account, number: u32, is_large: bool) {
    if !is_large {
        return account.tick();
    }
    let n = account.count().load(Relaxed) + 1;
    thalweg::event!("test:tick", Info, { account: u32 = number, n: u64 = n, text: &str = LARGE });
    account.count().store(n, Relaxed);
}

fn breakpoint() {
    // SAFETY: a tracer is there, which passes over it.
    unsafe { std::arch::asm!("int3") };
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_large = args[0] == "large";
    let events: u64 = args[1].parse().expect("a number of events");
    let number: u32 = args[2].parse().expect("the number of an account");
    let account = Ledger::of_test().account(number).open();
    let of_handler = Ledger::of_test().account(number + 1).open();
    of_handler.ticks(3);
    let _ = OF_HANDLER.set(of_handler);
    // SAFETY: the handler only emits and counts.
    unsafe { libc::signal(libc::SIGUSR1, handle as extern "C" fn(libc::c_int) as usize) };
    (0..BEFORE).for_each(|_| emit(account, number, is_large));
    for _ in 0..events {
        breakpoint();
        emit(account, number, is_large);
        breakpoint();
    }
}
