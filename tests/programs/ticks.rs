//! `ticks THREADS EVENTS`: threads that emit as fast as they can, each on an account of its own.

#![forbid(unsafe_code)]

use thalweg_tests::Ledger;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>());
    let mut number = || args.next().and_then(Result::ok).expect("two numbers");
    let (threads, events) = (number() as u32, number());
    let ledger = Ledger::of_test();
    let emit = |thread| move || ledger.account(thread).open().ticks(events);
    let threads: Vec<_> = (0..threads)
        .map(|thread| std::thread::spawn(emit(thread)))
        .collect();
    for thread in threads {
        thread.join().expect("emitting does not panic");
    }
}
