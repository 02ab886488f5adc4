//! `threads sequence|at_once COUNT`: short-lived threads one after the other, or many at a time.

#![forbid(unsafe_code)]

use std::sync::{Arc, Barrier};
use thalweg_tests::Ledger;

const EVENTS: u64 = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let count: u32 = args[2].parse().expect("a number of threads");
    let ledger = Ledger::of_test();
    let all = Arc::new(Barrier::new(count as usize));
    let together = args[1] == "at_once";
    let spawn = |account| {
        let all = all.clone();
        std::thread::spawn(move || {
            let account = ledger.account(account).open();
            account.ticks(EVENTS);
            if together {
                all.wait();
                account.ticks(EVENTS);
                all.wait();
            }
        })
    };
    let join = |thread: std::thread::JoinHandle<()>| thread.join().expect("it does not panic");
    if together {
        let threads: Vec<_> = (0..count).map(spawn).collect();
        threads.into_iter().for_each(join);
    } else {
        (0..count).map(spawn).for_each(join);
    }
}
