//! `states HOW`: a program with a state of three items that it tells whenever it is asked, until the
//! flag is 9. How often it has told it is the count of account 100.
//!
//! * `poll`: in a loop that also emits events of account 0.
//! * `wait`: by two threads, `teller-a` and `teller-b`, each with a watch of its own.
//! * `once`: it asks until it has told it once, and never again.
//! * `fork`: as `once`, and then in a child, too.

#![allow(unsafe_code, reason = "processes made as C programs make them")]

use std::sync::atomic::Ordering::SeqCst;
use std::thread::{self, Builder};
use std::time::Duration;
use thalweg::Watch;
use thalweg_tests::Ledger;

fn main() {
    let how = std::env::args().nth(1).expect("how to ask");
    match how.as_str() {
        "poll" => poll(),
        "wait" => wait(),
        "once" => once(),
        "fork" => fork(),
        other => panic!("no way {other}"),
    }
}

fn is_over() -> bool {
    Ledger::of_test().flag().load(SeqCst) >= 9
}

fn tell() {
    let name = thread::current().name().unwrap_or("?").to_owned();
    for item in 1..=3 {
        thalweg::event!("test:state", Info, { teller: &str = &name, item: u32 = item });
    }
    Ledger::of_test().account(100).count().fetch_add(1, SeqCst);
}

fn poll() {
    let account = Ledger::of_test().account(0).open();
    let mut watch = Watch::new();
    while !is_over() {
        if watch.poll() {
            tell();
        }
        account.ticks(100);
        thread::sleep(Duration::from_millis(1));
    }
}

fn wait() {
    let teller = |name: &str| {
        let work = || {
            let mut watch = Watch::new();
            while !is_over() {
                if watch.wait(Duration::from_millis(100)) {
                    tell();
                }
            }
        };
        let builder = Builder::new().name(name.to_owned());
        builder.spawn(work).expect("there is room for a thread")
    };
    for thread in ["teller-a", "teller-b"].map(teller) {
        thread.join().expect("telling does not panic");
    }
}

fn once() {
    let mut watch = Watch::new();
    while !watch.wait(Duration::from_millis(100)) {
        if is_over() {
            return;
        }
    }
    tell();
    Ledger::of_test().wait_for_flag(9);
}

fn fork() {
    let mut watch = Watch::new();
    assert!(watch.poll(), "a recording has begun");
    tell();
    // SAFETY: there is one thread; the child emits and exits.
    let child = unsafe { libc::fork() };
    assert!(child != 0 || watch.poll(), "of the child, too");
    if child == 0 {
        tell();
        assert!(!watch.poll());
        return;
    }
    assert!(!watch.poll(), "the child's answers are its own");
    let mut status = 1;
    // SAFETY: the status is live.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0, "the child ended badly");
}
