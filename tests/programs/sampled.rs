//! `sampled`: events of functions whose addresses they have in a field, and contexts that the program
//! itself provides; in turns of five events, as many as it is told.

#![allow(unsafe_code, reason = "raises a signal, whose handler emits")]

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use thalweg::AppContext;

thread_local! {
    static TENANT: Cell<&'static str> = const { Cell::new("nobody") };
}

static TURN: AtomicI64 = AtomicI64::new(0);
static WORK: AtomicI64 = AtomicI64::new(0);

fn main() {
    let turns = std::env::args().nth(1).expect("a number of turns");
    let turns: i64 = turns.parse().expect("a number of turns");
    let contexts = provide();
    // SAFETY: the handler only emits.
    unsafe { libc::signal(libc::SIGUSR1, handle as *const () as libc::sighandler_t) };
    for turn in 1..=turns {
        TURN.store(turn, Relaxed);
        TENANT.set(if turn % 2 == 0 { "blue" } else { "red" });
        shout();
        first();
        second();
        // SAFETY: the handler is there.
        unsafe { libc::raise(libc::SIGUSR1) };
        let other = std::thread::spawn(shout);
        other.join().expect("it does not panic");
    }
    drop(contexts);
    TURN.store(turns + 1, Relaxed);
    shout();
}

fn provide() -> [AppContext; 5] {
    let register = |name: &str, function: fn(&mut thalweg::AppValue)| {
        AppContext::register("test", name, function).expect("the name is a new one")
    };
    [
        register("turn", |value| value.set_int(-TURN.load(Relaxed))),
        register("big", |value| value.set_uint(u64::MAX)),
        register("half", |value| {
            value.set_float(TURN.load(Relaxed) as f64 / 2.0);
        }),
        register("tenant", |value| value.set_text(TENANT.get())),
        register("nested", |value| {
            thalweg::event!("test:inner", Info, { turn: i64 = TURN.load(Relaxed) });
            value.set_int(1);
        }),
    ]
}

#[inline(never)]
fn shout() {
    thalweg::event!("test:shout", Info, { function: u64 = shout as *const () as u64 });
}

extern "C" fn handle(_: libc::c_int) {
    thalweg::event!("test:handled", Info, { function: u64 = handle as *const () as u64 });
}

#[inline(never)]
fn first() {
    common(first as *const () as u64);
    // Else the event would be the last thing that it does: a jump, which leaves no trace.
    WORK.fetch_add(1, Relaxed);
}

#[inline(never)]
fn second() {
    WORK.fetch_add(2, Relaxed);
    common(second as *const () as u64);
    WORK.fetch_add(3, Relaxed);
}

#[inline(always)]
fn common(function: u64) {
    thalweg::event!("test:common", Info, { function: u64 = function });
}
