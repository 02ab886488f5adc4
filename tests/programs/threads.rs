//! `threads sequence|at_once COUNT [EVENTS]`: short-lived threads one after the other, or many at a time.

#![forbid(unsafe_code)]

use std::sync::{Arc, Barrier};
use thalweg_tests::Ledger;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let count: u32 = args[2].parse().expect("a number of threads");
    let events: u64 = args
        .get(3)
        .map_or(5, |events| events.parse().expect("a number"));
    let ledger = Ledger::of_test();
    let all = Arc::new(Barrier::new(count as usize));
    let together = args[1] == "at_once";
    let spawn = |account| {
        let all = all.clone();
        std::thread::spawn(move || {
            let account = ledger.account(account).open();
            account.ticks(events);
            if together {
                all.wait();
                account.ticks(events);
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
