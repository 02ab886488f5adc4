//! `steady`: an event on account 0 every 100 µs until the flag is set; account 1 counts how often
//! a recorder wanted it, as only then the event's fields are evaluated.

#![forbid(unsafe_code)]

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use thalweg_tests::Ledger;

fn main() {
    let ledger = Ledger::of_test();
    let [emitted, wanted] = [0, 1].map(|account| ledger.account(account).open().count());
    while ledger.flag().load(SeqCst) == 0 {
        let n = emitted.load(SeqCst) + 1;
        let number = || {
            wanted.fetch_add(1, SeqCst);
            n
        };
        thalweg::event!("test:tick", Info, { account: u32 = 0, n: u64 = number() });
        emitted.store(n, SeqCst);
        std::thread::sleep(Duration::from_micros(100));
    }
}
