//! Events of a program, one of a hundred with a name of its own.

use std::hint::black_box;
use std::time::Duration;

/// Events that fit in the ring, however late the recorder is.
const BATCH: u64 = 100_000;
/// The recorder catches up meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls `events` for as many events in all, from two threads.
pub(crate) fn in_batches(count: u64, events: fn(u64, u64)) {
    let half = |from: u64, to: u64| {
        for begin in (from..to).step_by(BATCH as usize) {
            events(begin, (begin + BATCH).min(to));
            std::thread::sleep(PAUSE);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| half(0, count / 2));
        scope.spawn(|| half(count / 2, count));
    });
}

/// Events of three integers.
pub(crate) fn ints(from: u64, to: u64) {
    for number in from..to {
        let (id, lines) = (black_box(number), black_box(number % 13) as u32);
        if number % 100 == 0 {
            thalweg::event!("bench:rare", Info, { id: u64 = id });
        } else {
            thalweg::event!("bench:order", Info, { id: u64 = id, lines: u32 = lines, paid: i64 = -7 });
        }
    }
}

const CUSTOMERS: [&str; 4] = [
    "Ada Lovelace, London",
    "Li",
    "\"Bob\"",
    "Grace Brewster Murray Hopper",
];

/// Events with a text, a float, a list and an integer in hexadecimal.
pub(crate) fn texts(from: u64, to: u64) {
    for number in from..to {
        let customer = black_box(CUSTOMERS[(number % 4) as usize]);
        if number % 100 == 0 {
            thalweg::event!("bench:rare", Info, { customer: &str = customer });
        } else {
            thalweg::event!("bench:order", Info, {
                id: u64 = black_box(number),
                customer: &str = customer,
                price: f64 = number as f64 / 8.0,
                lines: &[u16] = &[7, 8][..(number % 3) as usize],
                place: thalweg::Hex<u64> = thalweg::Hex(number << 12),
            });
        }
    }
}
