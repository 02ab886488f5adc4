//! `ticks THREADS EVENTS [wait]`: threads that emit as fast as they can, each on an account of its
//! own; with `wait` not before the flag is 1.

#![forbid(unsafe_code)]

use thalweg_tests::Ledger;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args[at].parse::<u64>().expect("a number");
    let (threads, events) = (number(0) as u32, number(1));
    let ledger = Ledger::of_test();
    if args.get(2).is_some_and(|arg| arg == "wait") {
        ledger.wait_for_flag(1);
    }
    let emit = |thread| move || ledger.account(thread).open().ticks(events);
    let threads: Vec<_> = (0..threads)
        .map(|thread| std::thread::spawn(emit(thread)))
        .collect();
    for thread in threads {
        thread.join().expect("emitting does not panic");
    }
}
