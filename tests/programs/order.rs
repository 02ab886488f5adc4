//! `order COUNT`: an event on account 0, the system call `getppid`, an event on account 1; so many
//! times, with a pause now and then, so that nothing need be lost.

#![forbid(unsafe_code)]

use std::time::Duration;
use thalweg_tests::Ledger;

fn main() {
    let count: u64 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .expect("a number");
    let ledger = Ledger::of_test();
    let [before, after] = [0, 1].map(|account| ledger.account(account).open());
    for n in 0..count {
        if n % 1000 == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        before.tick();
        std::hint::black_box(rustix::process::getppid());
        after.tick();
    }
}
