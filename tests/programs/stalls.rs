//! `stalls EVENTS`: how long each event's call takes. Waits for the flag, then emits on account 0,
//! and says `over N slowest S p9999 P waits W`: calls that took this thread more than 1 ms of its
//! own time, the slowest one's time, the 99.99th percentile of elapsed time, in ns, and how often
//! the thread gave the processor up of its own accord.

#![forbid(unsafe_code)]

use rustix::time::{ClockId, clock_gettime};
use thalweg_tests::Ledger;

const TOO_LONG_NS: u64 = 1_000_000;

fn now_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Voluntary context switches so far.
fn waits() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("it is there");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|number| number.trim().parse().ok())
        .expect("the kernel counts them")
}

fn main() {
    let events: u64 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .expect("a number");
    let ledger = Ledger::of_test();
    let account = ledger.account(0).open();
    ledger.wait_for_flag(1);
    let mut elapsed = Vec::with_capacity(events as usize);
    let (mut over, mut slowest) = (0, 0);
    let waits_before = waits();
    for _ in 0..events {
        let begin = now_ns(ClockId::Monotonic);
        let cpu_begin = now_ns(ClockId::ThreadCPUTime);
        account.tick();
        let cpu = now_ns(ClockId::ThreadCPUTime) - cpu_begin;
        elapsed.push(now_ns(ClockId::Monotonic) - begin);
        slowest = slowest.max(cpu);
        over += u64::from(cpu > TOO_LONG_NS);
    }
    // Reading the number is a switch or none; nothing else is.
    let waits = waits() - waits_before;
    elapsed.sort_unstable();
    let p9999 = elapsed[elapsed.len() * 9999 / 10_000];
    println!("over {over} slowest {slowest} p9999 {p9999} waits {waits}");
}
