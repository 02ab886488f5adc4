//! `signals stay|leave EVENTS PERIOD_US`: the main thread emits; two timers interrupt it and each
//! other, and each handler emits three events on an account of its own (1 and 2). With `leave`
//! the handlers then jump out of whatever they interrupted.
//!
//! Main's events carry numbers from 1. What was under way when a handler left is told by the
//! counts of the accounts from [`LEFT`] on; the flag says how many there are.

#![allow(unsafe_code, reason = "handlers and timers of the kernel's own making")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use thalweg_tests::{Ledger, escape, with_escape};

const LEFT: u32 = 100;
const SIGNALS: [libc::c_int; 2] = [libc::SIGALRM, libc::SIGUSR1];

static LEDGER: OnceLock<Ledger> = OnceLock::new();
static LEAVES: AtomicBool = AtomicBool::new(false);
static EVENTS: AtomicU64 = AtomicU64::new(0);

fn ledger() -> Ledger {
    *LEDGER.get().expect("set before the first signal")
}

extern "C" fn handle(signal: libc::c_int) {
    let account = if signal == SIGNALS[0] { 1 } else { 2 };
    ledger().account(account).ticks(3);
    if LEAVES.load(Relaxed) {
        escape();
    }
}

fn start_timer(signal: libc::c_int, period_us: i64) {
    // SAFETY: all-zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handle as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    if LEAVES.load(Relaxed) {
        // Nobody would set the mask back but `unblock`, and for all signals.
        // SAFETY: the set is live.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    }
    // SAFETY: the handler only emits, counts and jumps.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    // SAFETY: all-zero is a valid sigevent.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    // SAFETY: no memory is passed.
    event.sigev_notify_thread_id = unsafe { libc::gettid() };
    let mut timer = std::ptr::null_mut();
    let clock = libc::CLOCK_MONOTONIC;
    // SAFETY: both are live.
    let made = unsafe { libc::timer_create(clock, &raw mut event, &raw mut timer) };
    assert_eq!(made, 0);
    let time = libc::timespec {
        tv_sec: 0,
        tv_nsec: period_us * 1000,
    };
    let setting = libc::itimerspec {
        it_interval: time,
        it_value: time,
    };
    // SAFETY: the timer is ours, the setting is live.
    let set = unsafe { libc::timer_settime(timer, 0, &raw const setting, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

fn unblock() {
    // SAFETY: all-zero is room for a set.
    let mut set = unsafe { std::mem::zeroed() };
    // SAFETY: the set is live.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: as above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()) };
}

/// Main's events, each counted before it is begun.
extern "C" fn emit_all() {
    let account = ledger().account(0);
    while account.count().load(Relaxed) < EVENTS.load(Relaxed) {
        let n = account.count().fetch_add(1, Relaxed) + 1;
        thalweg::event!("test:tick", Info, { account: u32 = 0, n: u64 = n });
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let ledger = *LEDGER.get_or_init(Ledger::of_test);
    for account in 0..3 {
        let _ = ledger.account(account).open();
    }
    LEAVES.store(args[1] == "leave", Relaxed);
    EVENTS.store(args[2].parse().expect("a number of events"), Relaxed);
    let period_us: i64 = args[3].parse().expect("a number of microseconds");
    for (signal, more) in SIGNALS.into_iter().zip([0, period_us / 3]) {
        start_timer(signal, period_us + more);
    }
    while with_escape(emit_all) {
        let left = ledger.flag().fetch_add(1, Relaxed) as u32;
        let under_way = ledger.account(0).count().load(Relaxed);
        let account = ledger.account(LEFT + left);
        account.count().store(under_way, Relaxed);
        unblock();
    }
}
