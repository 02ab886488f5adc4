//! `libraries close|two PATH…`: events of loaded libraries and of the executable, in one process.

#![allow(unsafe_code, reason = "it forks")]

use std::path::Path;
use thalweg_tests::{Ledger, Library};

const EVENTS: u64 = 100;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args[0].as_str() {
        "close" => close(Path::new(&args[1])),
        _ => two(&[Path::new(&args[1]), Path::new(&args[2])]),
    }
}

/// Account 0: executable; 1: library; 2: a thread whose first event is the library's; 3: a child
/// after the library was unloaded; 4: the library, loaded again.
fn close(path: &Path) {
    let account = |number| Ledger::of_test().account(number);
    let own = account(0).open();
    own.ticks(EVENTS);
    let library = Library::open(path);
    library.ticks(1, account(1).open().count(), EVENTS);
    std::thread::scope(|scope| {
        scope.spawn(|| library.ticks(2, account(2).open().count(), EVENTS));
    });
    library.close();
    own.ticks(EVENTS);
    // SAFETY: the child only emits and exits.
    if unsafe { libc::fork() } == 0 {
        account(3).open().ticks(EVENTS);
        std::process::exit(0);
    }
    let mut status = 0;
    // SAFETY: the status is live.
    unsafe { libc::wait(&raw mut status) };
    assert_eq!(status, 0, "the child ended badly");
    let library = Library::open(path);
    library.ticks(4, account(4).open().count(), EVENTS);
    own.ticks(EVENTS);
}

/// Accounts 0: executable; 1 and 2: the libraries; by turns, in two threads at once (the second
/// one's accounts are 3 to 5).
fn two(paths: &[&Path]) {
    let libraries: Vec<Library> = paths.iter().map(|path| Library::open(path)).collect();
    let by_turns = |first: u32| {
        let accounts: Vec<_> = (first..first + 3)
            .map(|number| Ledger::of_test().account(number).open())
            .collect();
        for _ in 0..EVENTS {
            accounts[0].tick();
            libraries[0].ticks(first + 1, accounts[1].count(), 1);
            libraries[1].ticks(first + 2, accounts[2].count(), 1);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| by_turns(3));
        by_turns(0);
    });
}
