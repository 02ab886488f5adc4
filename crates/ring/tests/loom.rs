//! All interleavings of a few threads, within a bound on preemptions.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test -p thalweg-ring --test loom --release`.
#![cfg(loom)]

mod common;

use common::{Collector, emit_at, owner, ring};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use loom::thread;
use std::rc::Rc;
use thalweg_ring::step::{Action, abandon, abandoned, with_script};
use thalweg_ring::{Cursor, Slot};

const STACK: u64 = 1 << 40;

/// Explores `model`; with at most this many preemptions unless the environment says otherwise.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 20_000;
    builder.check(model);
}

/// Emits events with these numbers, as many words apart in time; how many were written.
fn write(ring: &Slot<'_>, thread: u16, count: u64) -> u64 {
    let cursor = Cursor::new();
    let mut written = 0;
    for number in 0..count {
        let time = || (1 << 33) + number * 10;
        written += u64::from(emit_at(ring, &cursor, thread, number, 0, time, STACK).is_ok());
    }
    written
}

/// What holds once all threads are gone.
fn check(ring: Slot<'static>, mut collector: Collector, produced: &[u64], chunks: usize) {
    collector.drain();
    for (thread, &produced) in produced.iter().enumerate() {
        let lost = ring.lost(thread).load(Relaxed);
        let numbers = collector.numbers(thread as u16);
        assert_eq!(numbers.len() as u64 + lost, produced);
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
        assert!(collector.times(thread as u16).iter().all(|time| *time > 1 << 33));
    }
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), chunks);
}

#[test]
fn a_live_chunk_is_read_while_it_is_written() {
    explore(3, || {
        let ring = ring(&[0]);
        let writer = thread::spawn(move || write(&ring, 0, 2));
        let mut collector = Collector::new(ring);
        collector.poll(|_| false);
        collector.poll(|_| false);
        writer.join().unwrap();
        check(ring, collector, &[2], 1);
    });
}

#[test]
fn a_chunk_is_handed_over_cleared_freed_and_taken_again() {
    explore(2, || {
        let ring = ring(&[0]);
        let writer = thread::spawn(move || write(&ring, 0, 5));
        let mut collector = Collector::new(ring);
        collector.poll(|_| false);
        collector.poll(|_| false);
        writer.join().unwrap();
        check(ring, collector, &[5], 1);
    });
}

#[test]
fn two_writers_compete_for_chunks_that_the_collector_frees() {
    explore(2, || {
        let ring = ring(&[0, 0]);
        let first = thread::spawn(move || write(&ring, 0, 3));
        let second = thread::spawn(move || write(&ring, 1, 3));
        let mut collector = Collector::new(ring);
        collector.poll(|_| false);
        first.join().unwrap();
        second.join().unwrap();
        check(ring, collector, &[3, 3], 2);
    });
}

#[test]
fn a_writer_that_dies_at_any_step_loses_nothing_committed_and_leaks_nothing() {
    for step in 1..60 {
        explore(2, move || {
            let ring = ring(&[0, 0]);
            let gone = Arc::new(AtomicBool::new(false));
            let writer = thread::spawn({
                let gone = Arc::clone(&gone);
                move || {
                    let written = std::cell::Cell::new(0);
                    let script: [(u64, Action); 1] = [(step, Rc::new(abandon))];
                    let cursor = Cursor::new();
                    abandoned(|| {
                        with_script(&script, || {
                            for number in 0..4 {
                                let time = || (1 << 33) + number * 10;
                                emit_at(&ring, &cursor, 0, number, 0, time, STACK).unwrap();
                                written.set(number + 1);
                            }
                        });
                    });
                    with_script(&[], || ());
                    // The kernel tells the collector that the thread is gone, after all it did.
                    gone.store(true, Release);
                    written.get()
                }
            });
            let mut collector = Collector::new(ring);
            let dead = gone.load(Acquire);
            collector.poll(|thread| dead && thread == owner(0).thread);
            let written = writer.join().unwrap();
            collector.drain();
            let numbers = collector.numbers(0);
            let more = numbers.len() as u64 - written;
            assert!(more + collector.torn <= 1, "{more} more, {} torn", collector.torn);
            assert_eq!(numbers, (0..written + more).collect::<Vec<_>>());
            assert_eq!((collector.violations, collector.free_chunks()), (0, 2));
        });
    }
}

#[test]
fn a_collector_that_goes_to_sleep_is_woken_or_sees_the_full_chunk() {
    explore(3, || {
        let ring = ring(&[0, 0]);
        let cursor_events = 4;
        let writer = thread::spawn(move || {
            let cursor = Cursor::new();
            (0..cursor_events).any(|number| {
                let time = || 1 + number * 10;
                emit_at(&ring, &cursor, 0, number, 0, time, STACK) == Ok(true)
            })
        });
        ring.control(thalweg_abi::slot::WAKE).store(1, Relaxed);
        // ORDER(wake): pairs with the fence in `takes_wake`.
        loom::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        let full = |unit: usize| {
            let word = ring.desc(unit).load(Acquire);
            thalweg_abi::desc::Desc::unpack(word).state == thalweg_abi::desc::FULL
        };
        let sees = full(0) || full(1);
        let woken = writer.join().unwrap();
        assert!(sees || woken);
    });
}
