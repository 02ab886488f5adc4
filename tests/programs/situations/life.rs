//! What all situations do: emit, in a thread, in a child.

use std::sync::OnceLock;
use thalweg_tests::{Account, Ledger};

static LEDGER: OnceLock<Ledger> = OnceLock::new();
static EVENTS: OnceLock<u64> = OnceLock::new();

/// Opens the ledger, as long as the program may, and takes the number of events down.
pub(crate) fn remember() {
    LEDGER.get_or_init(Ledger::of_test);
    EVENTS.get_or_init(|| {
        let said = std::env::args().nth(2).and_then(|count| count.parse().ok());
        said.expect("a number of events")
    });
}

pub(crate) fn ledger() -> Ledger {
    *LEDGER.get().expect("it was remembered")
}

pub(crate) fn events() -> u64 {
    *EVENTS.get().expect("it was remembered")
}

pub(crate) fn open(account: u32) -> Account {
    ledger().account(account).open()
}

/// The events of one account.
pub(crate) fn emit(account: u32) {
    open(account).watched_ticks(events());
}

/// Emits on an account until the process ends.
pub(crate) fn emit_for_ever(account: u32) -> ! {
    let account = open(account);
    loop {
        account.tick();
    }
}

/// Waits until so many of an account's events have happened.
pub(crate) fn wait_for(account: u32, count: u64) {
    while ledger().count(account) < count {
        std::thread::yield_now();
    }
}

/// The events of an account in a thread of its own, which ends.
pub(crate) fn in_thread(account: u32) {
    let thread = std::thread::spawn(move || emit(account));
    thread.join().expect("emitting does not panic");
}

/// A child that does `work` and ends.
pub(crate) fn fork(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: a child does nothing but its work.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child: {}", std::io::Error::last_os_error());
    if child == 0 {
        work();
        exit();
    }
    child
}

/// Ends the process at once.
pub(crate) fn exit() -> ! {
    // SAFETY: that is all.
    unsafe { libc::_exit(0) }
}

/// Waits for a child, which must have ended well.
pub(crate) fn wait(child: libc::pid_t) {
    let mut status = 0;
    // SAFETY: the status is live.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0), "a child ended badly");
}

/// Main, a new thread and a new process: whatever has changed, each emits.
pub(crate) fn emit_everywhere() {
    emit(0);
    in_thread(1);
    wait(fork(|| emit(2)));
}

/// The same where a new process cannot be traced: its events are off.
pub(crate) fn emit_in_threads() {
    emit(0);
    in_thread(1);
    wait(fork(|| open(2).wanted_ticks(events())));
}
