//! What contexts cost the collector: `cargo bench -p thalweg-collect`.
//!
//! Chunks of events with 20 bytes each (the processor's number and two integers) become records of a
//! packet, without contexts, with three of LTTng's, and with all. Best of many rounds: whatever
//! disturbs makes it slower. Reading `/proc` is not in it: that happens once a thread, at most
//! every 250 ms, and is told apart.

use std::hint::black_box;
use std::time::Instant;

use thalweg_collect::program::{Encoder, Plan, Pushed, Step};

const EVENTS: usize = 2_000;
const ROUNDS: usize = 2_000;
/// Bytes that say whose the packets are.
const PACKET_CONTEXT: usize = 25;
/// Bytes of `vpid`, `vtid`, `procname`; and of all contexts but the texts, with two short texts.
const THREE: usize = 4 + 4 + 17;
const ALL: usize = THREE + 8 + 8 * 8 + 6 * 4 + 20;

fn main() {
    let bodies: Vec<u64> = (0..EVENTS as u64 * 3).collect();
    let base = best_ns(&bodies, 0);
    println!("without contexts: {base:.2} ns an event");
    for (name, len) in [("three contexts", THREE), ("all contexts", ALL)] {
        let with = best_ns(&bodies, len);
        let more = with - base;
        println!("{name}, {len} bytes: {with:.2} ns an event, {more:.2} more");
    }
    println!("one look at a thread: {:.1} µs", look_us());
}

/// Nanoseconds that an event takes in the best round.
fn best_ns(bodies: &[u64], context_len: usize) -> f64 {
    let context: Vec<u8> = (0..context_len).map(|at| at as u8).collect();
    let plan = Plan::of(Step::Bytes(16));
    let mut encoder = Encoder::default();
    let round = |_| {
        let begin = Instant::now();
        encoder.begin(PACKET_CONTEXT, 0);
        for (at, body) in bodies.chunks_exact(3).enumerate() {
            let head = (1, at as u64 * 100);
            let words = body.iter().copied();
            let again = words.clone();
            let mut pushed = encoder.push(head, black_box(&context), words, &plan);
            if pushed == Pushed::Again {
                pushed = encoder.push(head, &context, again, &plan);
            }
            assert_eq!(pushed, Pushed::Taken);
        }
        let full = black_box(encoder.take());
        let took = begin.elapsed().as_nanos() as f64 / EVENTS as f64;
        encoder.give_back(full.expect("there were events").pages);
        took
    };
    (0..ROUNDS).map(round).fold(f64::MAX, f64::min)
}

/// What reading everything about a thread takes, with the same calls as the collector's.
fn look_us() -> f64 {
    let look = || {
        for file in ["comm", "status", "cgroup"] {
            black_box(std::fs::read(format!("/proc/self/{file}"))).unwrap_or_default();
        }
        for file in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
            black_box(std::fs::read_link(format!("/proc/self/ns/{file}"))).unwrap_or_default();
        }
    };
    let round = |_| {
        let begin = Instant::now();
        look();
        begin.elapsed().as_nanos() as f64 / 1000.0
    };
    (0..ROUNDS).map(round).fold(f64::MAX, f64::min)
}
