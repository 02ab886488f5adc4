//! Random schedules of more threads than a model checker can exhaust.
//!
//! Run by `RUSTFLAGS="--cfg shuttle" cargo test -p thalweg-ring --test shuttle --release`;
//! `THALWEG_SHUTTLE_ITERATIONS` says how many schedules, 2000 by default.
#![cfg(shuttle)]

mod common;

use common::{Collector, emit_at, freeing, ring};
use shuttle::thread;
use std::sync::atomic::Ordering::Relaxed;
use thalweg_abi::slot;
use thalweg_ring::{Cursor, Slot};

fn iterations() -> usize {
    let given = std::env::var("THALWEG_SHUTTLE_ITERATIONS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(2000)
}

fn write(ring: &Slot<'_>, thread: u16, count: u64) {
    let cursor = Cursor::new();
    for number in 0..count {
        let time = || (1 << 33) + number * 10;
        let extra = (number % 5) as usize * 9;
        let _ = emit_at(ring, &cursor, thread, number, extra, time, 1 << 40);
    }
}

/// Writers, one after the other ending while the collector reads on.
fn scenario(classes: &[u8], writers: u16, count: u64, polls: usize) {
    let ring = ring(classes);
    let threads: Vec<_> = (0..writers)
        .map(|thread| thread::spawn(move || write(&ring, thread, count)))
        .collect();
    let reader = thread::spawn(move || {
        let mut collector = Collector::new(ring);
        for _ in 0..polls {
            collector.poll(|_| false);
            thread::yield_now();
        }
        collector
    });
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let mut collector = reader.join().unwrap();
    collector.drain();
    for thread in 0..writers {
        let lost = ring.lost(usize::from(thread)).load(Relaxed);
        assert_eq!(collector.numbers(thread).len() as u64 + lost, count);
        collector.check_order(thread);
    }
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), classes.len());
}

#[test]
fn four_writers_share_few_small_chunks() {
    shuttle::check_random(
        || freeing(|| scenario(&[0, 0, 0, 1], 4, 12, 6)),
        iterations(),
    );
}

#[test]
fn two_writers_climb_the_classes() {
    shuttle::check_random(
        || freeing(|| scenario(&[0, 0, 1, 1, 2, 3], 2, 40, 8)),
        iterations(),
    );
}

#[test]
fn rare_preemptions_in_long_runs() {
    shuttle::check_pct(
        || freeing(|| scenario(&[0, 0, 1], 3, 20, 10)),
        iterations(),
        3,
    );
}

/// Writers of a flight recorder, while snapshots are read and, at the end, all is drained.
fn flight(classes: &[u8], writers: u16, count: u64, snapshots: usize) {
    let ring = ring(classes);
    ring.control(slot::MODE).store(slot::OVERWRITE, Relaxed);
    let threads: Vec<_> = (0..writers)
        .map(|thread| thread::spawn(move || write(&ring, thread, count)))
        .collect();
    let reader = thread::spawn(move || {
        for _ in 0..snapshots {
            Collector::snapshot(ring);
            thread::yield_now();
        }
        let mut collector = Collector::new(ring);
        collector.poll(|_| false);
        collector
    });
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let mut collector = reader.join().unwrap();
    collector.drain();
    let lost: u64 = (0..writers)
        .map(|thread| ring.lost(usize::from(thread)).load(Relaxed))
        .sum();
    let counted = collector.seen.len() as u64 + collector.overwritten() + lost;
    assert_eq!(counted, count * u64::from(writers));
    (0..writers).for_each(|thread| collector.check_order(thread));
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), classes.len());
}

#[test]
fn three_writers_overwrite_while_snapshots_are_read() {
    shuttle::check_random(|| freeing(|| flight(&[0, 0, 0, 1], 3, 14, 3)), iterations());
}

#[test]
fn rare_preemptions_of_a_flight_recorder() {
    shuttle::check_pct(|| freeing(|| flight(&[0, 0], 3, 12, 4)), iterations(), 3);
}
