//! `overload flood THREADS`: threads emit as fast as they can, on accounts from 0 on. When the flag is 1
//! they stop; when it is 2 they emit a few more, on accounts from 100 on.
//! `overload quiet`: an event on account 50 now and then until the flag is 3; the ledger is told of each
//! that kept it waiting.

#![forbid(unsafe_code)]

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use thalweg_tests::Ledger;

const QUIET: u32 = 50;
const AFTERWARDS: u32 = 100;
/// As many as a thread emits behind the flood.
const FEW: u64 = 100;
const PAUSE: Duration = Duration::from_micros(500);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args[0].as_str() {
        "flood" => flood(args[1].parse().expect("a number of threads")),
        _ => quiet(),
    }
}

fn flood(threads: u32) {
    let ledger = Ledger::of_test();
    let work = |account| {
        let flooding = ledger.account(account).open();
        while ledger.flag().load(SeqCst) == 0 {
            flooding.ticks(100);
        }
        ledger.wait_for_flag(2);
        ledger.account(AFTERWARDS + account).open().ticks(FEW);
    };
    std::thread::scope(|scope| {
        for account in 0..threads {
            scope.spawn(move || work(account));
        }
    });
}

fn quiet() {
    let ledger = Ledger::of_test();
    let account = ledger.account(QUIET).open();
    while ledger.flag().load(SeqCst) < 3 {
        account.watched_ticks(1);
        std::thread::sleep(PAUSE);
    }
}
