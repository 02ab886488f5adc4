//! All interleavings of a few threads, within a bound on preemptions.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test -p thalweg-ring --test loom --release`.
#![cfg(loom)]

mod common;

use common::{Collector, emit_at, owner, ring};
use loom::sync::Arc;
use loom::sync::atomic::{
    AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};
use loom::thread;
use std::rc::Rc;
use thalweg_abi::slot;
use thalweg_ring::step::{Action, abandon, abandoned, with_script};
use thalweg_ring::{Cursor, Refused, Slot, takes_waiting};

// Loom looks for other orders where a later access conflicts with the last one, and a thread's own
// load hides an older load of another thread: load and then exchange, as the writer does with a
// descriptor, finds nothing if the collector came first. So the writers begin.

const STACK: u64 = 1 << 40;

/// Explores `model`; with at most this many preemptions unless the environment says otherwise.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let asked = loom::model::Builder::new().preemption_bound;
    explore_with(asked.unwrap_or(preemptions), model);
}

/// Explores a model that is too large for more preemptions than these, whatever is asked for.
fn explore_at_most(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    explore_with(preemptions, model);
}

fn explore_with(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&runs);
    builder.check(move || {
        counter.fetch_add(1, Relaxed);
        model();
    });
    println!("{} interleavings", runs.load(Relaxed));
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

/// Emits events and dies before this step; how many calls returned, whether they found room or not.
fn write_until(ring: &Slot<'_>, thread: u16, step: u64, count: u64) -> u64 {
    let written = std::cell::Cell::new(0);
    let script: [(u64, Action); 1] = [(step, Rc::new(abandon))];
    let cursor = Cursor::new();
    abandoned(|| {
        with_script(&script, || {
            for number in 0..count {
                let time = || (1 << 33) + number * 10;
                let _ = emit_at(ring, &cursor, thread, number, 0, time, STACK);
                written.set(number + 1);
            }
        });
    });
    with_script(&[], || ());
    written.get()
}

/// What holds once all threads are gone.
fn check(ring: Slot<'static>, mut collector: Collector, produced: &[u64], chunks: usize) {
    collector.drain();
    for (thread, &produced) in produced.iter().enumerate() {
        let lost = ring.lost(thread).load(Relaxed);
        let numbers = collector.numbers(thread as u16);
        assert_eq!(numbers.len() as u64 + lost, produced);
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
        assert!(
            collector
                .times(thread as u16)
                .iter()
                .all(|time| *time > 1 << 33)
        );
    }
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), chunks);
}

/// A collector that makes some rounds.
fn collect(ring: Slot<'static>, rounds: usize) -> Reader {
    thread::spawn(move || {
        let mut collector = Collector::new(ring);
        (0..rounds).for_each(|_| collector.poll(|_| false));
        collector
    })
}

type Reader = thread::JoinHandle<Collector>;

#[test]
fn a_live_chunk_is_read_while_it_is_written() {
    explore(3, || {
        let ring = ring(&[0]);
        let reader = collect(ring, 1);
        let produced = write(&ring, 0, 2);
        assert_eq!(produced, 2);
        check(ring, reader.join().unwrap(), &[2], 1);
    });
}

#[test]
fn a_chunk_is_handed_over_cleared_freed_and_taken_again() {
    explore(2, || {
        let ring = ring(&[0]);
        let reader = collect(ring, 2);
        write(&ring, 0, 5);
        check(ring, reader.join().unwrap(), &[5], 1);
    });
}

#[test]
fn two_writers_compete_for_chunks_that_the_collector_frees() {
    explore(2, || {
        let ring = ring(&[0, 0]);
        let reader = collect(ring, 1);
        let second = thread::spawn(move || write(&ring, 1, 2));
        write(&ring, 0, 3);
        second.join().unwrap();
        check(ring, reader.join().unwrap(), &[3, 2], 2);
    });
}

#[test]
fn a_writer_that_dies_at_any_step_loses_nothing_committed_and_leaks_nothing() {
    for step in 1..60 {
        explore(2, move || {
            let ring = ring(&[0, 0]);
            let gone = Arc::new(AtomicBool::new(false));
            let reader = thread::spawn({
                let gone = Arc::clone(&gone);
                move || {
                    let mut collector = Collector::new(ring);
                    let dead = gone.load(Acquire);
                    collector.poll(|thread| dead && thread == owner(0).thread);
                    collector
                }
            });
            let written = write_until(&ring, 0, step, 4);
            // The kernel tells the collector that the thread is gone, after all it did.
            gone.store(true, Release);
            let mut collector = reader.join().unwrap();
            collector.drain();
            let numbers = collector.numbers(0);
            let more = numbers.len() as u64 - written;
            assert!(
                more + collector.torn <= 1,
                "{more} more, {} torn",
                collector.torn
            );
            assert_eq!(numbers, (0..written + more).collect::<Vec<_>>());
            assert_eq!((collector.violations, collector.free_chunks()), (0, 2));
        });
    }
}

#[test]
fn a_collector_that_goes_to_sleep_is_woken_or_sees_the_full_chunk() {
    explore(3, || {
        let ring = ring(&[0, 0]);
        let reader = thread::spawn(move || {
            ring.control(slot::WAKE).store(1, Relaxed);
            // ORDER(wake): pairs with the fence in `takes_wake`.
            loom::sync::atomic::fence(SeqCst);
            (0..2).any(|unit| {
                let word = ring.desc(unit).load(Acquire);
                thalweg_abi::desc::Desc::unpack(word).state == thalweg_abi::desc::FULL
            })
        });
        let cursor = Cursor::new();
        let woken = (0..3).any(|number| {
            let time = || 1 + number * 10;
            emit_at(&ring, &cursor, 0, number, 0, time, STACK) == Ok(true)
        });
        let sees = reader.join().unwrap();
        assert!(sees || woken);
    });
}

/// A flight recorder's ring of two chunks.
fn flight() -> Slot<'static> {
    let ring = ring(&[0, 0]);
    ring.control(slot::MODE).store(slot::OVERWRITE, Relaxed);
    ring
}

/// What holds of a flight recorder once all threads are gone: what was emitted, and up to `more`
/// events of which the call did not return, is recorded, lost, or overwritten.
fn check_flight(ring: Slot<'static>, mut collector: Collector, produced: u64, more: u64) {
    collector.drain();
    let lost: u64 = (0..2).map(|thread| ring.lost(thread).load(Relaxed)).sum();
    let counted = collector.seen.len() as u64 + collector.overwritten() + lost;
    assert!(
        (produced..=produced + more).contains(&counted),
        "{counted} of {produced}"
    );
    for thread in 0..2 {
        let numbers = collector.numbers(thread);
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
    }
    assert_eq!((collector.violations, collector.free_chunks()), (0, 2));
}

#[test]
fn two_writers_take_chunks_back_while_a_snapshot_is_read() {
    explore_at_most(2, || {
        let ring = flight();
        let reader = thread::spawn(move || Collector::snapshot(ring));
        let second = thread::spawn(move || write(&ring, 1, 2));
        write(&ring, 0, 5);
        second.join().unwrap();
        let seen = reader.join().unwrap();
        for thread in 0..2 {
            let mut numbers: Vec<_> = seen.iter().filter(|event| event.thread == thread).collect();
            numbers.sort_by_key(|event| (event.chunk_begin, event.time));
            assert!(numbers.windows(2).all(|two| two[0].number < two[1].number));
        }
        check_flight(ring, Collector::new(ring), 7, 0);
    });
}

#[test]
fn the_end_of_a_flight_recording_comes_while_chunks_are_taken_back() {
    explore_at_most(2, || {
        let ring = flight();
        let reader = collect(ring, 1);
        let second = thread::spawn(move || write(&ring, 1, 3));
        write(&ring, 0, 4);
        second.join().unwrap();
        check_flight(ring, reader.join().unwrap(), 7, 0);
    });
}

#[test]
fn a_writer_that_dies_at_any_step_of_a_take_back_overwrites_to_the_event() {
    for step in 1..170 {
        explore_at_most(1, move || {
            let ring = flight();
            let gone = Arc::new(AtomicBool::new(false));
            let reader = thread::spawn({
                let gone = Arc::clone(&gone);
                move || {
                    let mut collector = Collector::new(ring);
                    let dead = gone.load(Acquire);
                    collector.poll(|thread| dead && thread == owner(1).thread);
                    collector
                }
            });
            write(&ring, 0, 3);
            let first = 3;
            let second = write_until(&ring, 1, step, 5);
            gone.store(true, Release);
            check_flight(ring, reader.join().unwrap(), first + second, 1);
        });
    }
}

#[test]
fn a_thread_that_waits_for_room_is_woken_or_sees_that_there_is_some() {
    explore(3, || {
        let ring = ring(&[0]);
        ring.control(slot::MODE).store(slot::BLOCK, Relaxed);
        let reader = thread::spawn(move || {
            let mut collector = Collector::new(ring);
            collector.poll(|_| false);
            takes_waiting(&ring);
            collector
        });
        let cursor = Cursor::new();
        let refused = (0..3).find_map(|number| {
            let time = || 1 + number * 10;
            emit_at(&ring, &cursor, 0, number, 0, time, STACK).err()
        });
        let collector = reader.join().unwrap();
        let would_sleep = match refused {
            Some(Refused::Wait { freed, .. }) => ring.control(slot::FREED).load(Acquire) == freed,
            _ => false,
        };
        assert!(
            !would_sleep || collector.free_chunks() == 0,
            "a thread sleeps beside a free chunk"
        );
    });
}
