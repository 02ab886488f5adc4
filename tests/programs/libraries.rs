//! `libraries HOW EVENTS PATH…`: events of loaded libraries and of the executable, in one process.

#![allow(unsafe_code, reason = "it forks")]

use std::path::Path;
use thalweg_tests::{Ledger, Library};

/// Events of one piece of work.
fn events() -> u64 {
    let said = std::env::args().nth(2).and_then(|count| count.parse().ok());
    said.expect("a number of events")
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args[0].as_str() {
        "close" => close(Path::new(&args[2])),
        "two" => two(&[Path::new(&args[2]), Path::new(&args[3])]),
        "again" => again(Path::new(&args[2])),
        "at-once" => at_once(Path::new(&args[2])),
        "namespace" => namespace(Path::new(&args[2])),
        "in-fork" => in_fork(Path::new(&args[2])),
        how => panic!("no way {how} to load a library"),
    }
}

/// Account 0: executable; 1: library; 2: a thread whose first event is the library's; 3: a child
/// after the library was unloaded; 4: the library, loaded again.
fn close(path: &Path) {
    let account = |number| Ledger::of_test().account(number);
    let own = account(0).open();
    own.ticks(events());
    let library = Library::open(path);
    library.ticks(1, account(1).open().count(), events());
    std::thread::scope(|scope| {
        scope.spawn(|| library.ticks(2, account(2).open().count(), events()));
    });
    library.close();
    own.ticks(events());
    // SAFETY: the child only emits and exits.
    if unsafe { libc::fork() } == 0 {
        account(3).open().ticks(events());
        std::process::exit(0);
    }
    let mut status = 0;
    // SAFETY: the status is live.
    unsafe { libc::wait(&raw mut status) };
    assert_eq!(status, 0, "the child ended badly");
    let library = Library::open(path);
    library.ticks(4, account(4).open().count(), events());
    own.ticks(events());
}

/// Accounts 0: executable; 1 and 2: the libraries; by turns, in two threads at once (the second
/// one's accounts are 3 to 5).
fn two(paths: &[&Path]) {
    let libraries: Vec<Library> = paths.iter().map(|path| Library::open(path)).collect();
    let by_turns = |first: u32| {
        let accounts: Vec<_> = (first..first + 3)
            .map(|number| Ledger::of_test().account(number).open())
            .collect();
        for _ in 0..events() {
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

/// Loaded and unloaded so often that a small ring has no room for what is gone.
const LOADS: u64 = 200;

/// Loaded and unloaded all the time, in between the executable's events.
fn again(path: &Path) {
    let [own, of_library] = [0, 1].map(|number| Ledger::of_test().account(number).open());
    for _ in 0..LOADS {
        own.ticks(events() / LOADS);
        let library = Library::open(path);
        library.ticks(1, of_library.count(), events() / LOADS);
        library.close();
    }
    assert_eq!(rings(), 1, "descriptors that stay behind");
}

/// How many descriptors of rings this process has.
fn rings() -> usize {
    let entries = std::fs::read_dir("/proc/self/fd").expect("every process has descriptors");
    let is_ring = |entry: &std::fs::DirEntry| {
        let to = std::fs::read_link(entry.path()).unwrap_or_default();
        to.to_string_lossy().contains("memfd:thalweg")
    };
    entries.flatten().filter(is_ring).count()
}

/// Loaded, used and unloaded by two threads at once; the executable emits meanwhile.
fn at_once(path: &Path) {
    let of_thread = |number| {
        let account = Ledger::of_test().account(number).open();
        for _ in 0..events() / 50 {
            let library = Library::open(path);
            library.ticks(number, account.count(), 50);
            library.close();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| of_thread(1));
        scope.spawn(|| of_thread(2));
        Ledger::of_test().account(0).open().ticks(events());
    });
}

/// With a C library of its own.
fn namespace(path: &Path) {
    let own = Ledger::of_test().account(0).open();
    own.ticks(events());
    let library = Library::open_apart(path);
    library.ticks(1, Ledger::of_test().account(1).open().count(), events());
    own.ticks(events());
}

/// A child loads it, and its parent later.
fn in_fork(path: &Path) {
    Ledger::of_test().account(0).open().ticks(events());
    let emit = |number: u32| {
        let count = Ledger::of_test().account(number).open().count();
        Library::open(path).ticks(number, count, events());
    };
    // SAFETY: the child only loads, emits and exits.
    if unsafe { libc::fork() } == 0 {
        emit(1);
        std::process::exit(0);
    }
    let mut status = 0;
    // SAFETY: the status is live.
    unsafe { libc::wait(&raw mut status) };
    assert_eq!(status, 0, "the child ended badly");
    emit(2);
}
