//! `contexts`: a thread with a name of its own that emits, changes its name, and emits twice more,
//! one step a value of the flag. Each event has its number and what `pthread_self` says.

#![allow(unsafe_code, reason = "asks the C library what it calls a thread")]

use std::thread::Builder;
use thalweg_tests::Ledger;

fn main() {
    let ledger = Ledger::of_test();
    let name = "first-name".to_owned();
    let thread = Builder::new().name(name).spawn(move || steps(ledger));
    let thread = thread.expect("there is room for a thread");
    thread.join().expect("it does not panic");
}

fn steps(ledger: Ledger) {
    emit(1);
    ledger.wait_for_flag(1);
    let name = c"second-name";
    // SAFETY: the name is a C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    emit(2);
    ledger.wait_for_flag(2);
    emit(3);
    ledger.wait_for_flag(3);
}

fn emit(number: u32) {
    // SAFETY: asks for this thread's own handle.
    let own = unsafe { libc::pthread_self() };
    thalweg::event!("test:self", Info, { number: u32 = number, own: u64 = own });
}
