//! No room: every event is recorded, lost, or refused, and is counted once.

use super::common::{Collector, emit_at, owner, ring};
use crate::{Cursor, Refused, Slot, publish_free};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::desc::{Desc, FULL};
use thalweg_abi::slot;

/// Emits `count` events of `extra` more bytes, reading after every `read_every`; produced must be
/// recorded and lost.
#[track_caller]
fn check(classes: &[u8], threads: u16, count: u64, extra: usize, read_every: u64) -> u64 {
    let ring = ring(classes);
    let cursors: std::vec::Vec<Cursor> = (0..threads).map(|_| Cursor::new()).collect();
    let mut collector = Collector::new(ring);
    let mut refused = 0;
    for number in 0..count {
        for (thread, cursor) in cursors.iter().enumerate() {
            let time = || 1 + number * 10;
            let full = emit_at(&ring, cursor, thread as u16, number, extra, time, 1 << 40);
            refused += u64::from(full.is_err());
        }
        if number % read_every == read_every - 1 {
            collector.poll(|_| false);
        }
    }
    collector.drain();
    let lost: u64 = (0..threads)
        .map(|at| ring.lost(usize::from(at)).load(Relaxed))
        .sum();
    assert_eq!(lost, refused);
    assert_eq!(
        collector.seen.len() as u64 + lost,
        count * u64::from(threads)
    );
    (0..threads).for_each(|thread| collector.check_order(thread));
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), classes.len(), "no chunk leaks");
    lost
}

#[test]
fn produced_is_recorded_and_lost() {
    assert!(check(&[0], 1, 1000, 0, u64::MAX) > 0);
    assert!(check(&[0, 0, 1], 2, 5000, 20, 400) > 0);
    assert!(check(&[0; 16], 4, 20_000, 100, 150) > 0);
    assert!(check(&[2, 0, 4, 1], 3, 9000, 900, 3) > 0);
}

#[test]
fn as_many_threads_as_chunks_do_not_stop_each_other_for_good() {
    // Each thread owns a chunk and none is left: full ones must become free again.
    let lost = check(&[0; 4], 4, 20_000, 0, 50);
    assert!(lost < 40_000, "{lost} of 80000 lost");
    let lost = check(&[0], 1, 20_000, 0, 50);
    assert!(lost < 10_000, "{lost} of 20000 lost");
}

#[test]
fn a_chunk_that_is_only_too_small_for_one_event_stays() {
    let ring = ring(&[0, 0]);
    let cursor = Cursor::new();
    for number in 0..20 {
        emit_at(&ring, &cursor, 0, number, 0, || number * 9, 1 << 40).unwrap();
        let large = emit_at(&ring, &cursor, 0, number, 9000, || number * 9, 1 << 40);
        assert!(matches!(large, Err(Refused::Full { .. })));
    }
    let mut collector = Collector::new(ring);
    collector.poll(|_| false);
    assert_eq!(collector.numbers(0).len(), 20);
    assert_eq!(
        collector.free_chunks(),
        1,
        "the thread kept its first chunk"
    );
    assert_eq!(ring.lost(0).load(Relaxed), 20);
}

#[test]
fn times_stay_exact_over_a_stretch_without_chunks() {
    let ring = ring(&[0]);
    let cursor = Cursor::new();
    let mut collector = Collector::new(ring);
    let mut time = 1 << 40;
    for number in 0..200 {
        emit_at(&ring, &cursor, 0, number, 0, || time, 1 << 40).ok();
        time += 7;
    }
    assert!(ring.lost(0).load(Relaxed) > 0);
    time += 1 << 36;
    collector.poll(|_| false);
    emit_at(&ring, &cursor, 0, 1000, 0, || time, 1 << 40).unwrap();
    collector.drain();
    assert_eq!(collector.times(0).last(), Some(&(time + 1)));
    collector.check_order(0);
}

fn sleeping(ring: &Slot<'_>) {
    ring.control(slot::WAKE).store(1, Relaxed);
}

#[test]
fn a_sleeping_collector_is_woken_once_a_full_chunk_even_if_the_event_is_lost() {
    let ring = ring(&[0]);
    let cursor = Cursor::new();
    sleeping(&ring);
    let mut wakes = 0;
    let mut first_loss = None;
    for number in 0..500 {
        let result = emit_at(&ring, &cursor, 0, number, 0, || number, 1 << 40);
        wakes += u64::from(matches!(
            result,
            Ok(true) | Err(Refused::Full { wake: true })
        ));
        if result.is_err() && first_loss.is_none() {
            first_loss = Some(result);
        }
    }
    assert_eq!(first_loss, Some(Err(Refused::Full { wake: true })));
    assert_eq!(wakes, 1);
    assert_eq!(ring.control(slot::WAKE).load(Relaxed), 0);
}

#[test]
fn a_collector_that_waits_for_three_full_chunks_is_woken_at_the_third() {
    // As large as the thread asks for, so that it lacks none.
    let ring = ring(&[0, 1, 2, 3, 4, 4, 4]);
    let cursor = Cursor::new();
    ring.control(slot::WAKE).store(3, Relaxed);
    let mut full_at_wake = std::vec::Vec::new();
    for number in 0.. {
        match emit_at(&ring, &cursor, 0, number, 0, || number, 1 << 40) {
            Ok(true) => full_at_wake.push(full_chunks(&ring)),
            Ok(false) => {}
            Err(refused) => {
                assert_eq!(refused, Refused::Full { wake: false });
                break;
            }
        }
    }
    assert_eq!(full_at_wake, [3]);
}

#[test]
fn who_lacks_a_chunk_wakes_a_collector_that_waits_for_more_than_there_are() {
    let ring = ring(&[0; 2]);
    let cursor = Cursor::new();
    ring.control(slot::WAKE).store(1000, Relaxed);
    let emit = |number| emit_at(&ring, &cursor, 0, number, 0, || number, 1 << 40);
    let wakes = |number: &u64| matches!(emit(*number), Ok(true));
    let woken = (0..1000).find(wakes).map(|_| full_chunks(&ring));
    assert_eq!(woken, Some(1), "there is no chunk of the next size");
}

fn full_chunks(ring: &Slot<'_>) -> usize {
    let states = (0..ring.units()).map(|unit| Desc::unpack(ring.desc(unit).load(Relaxed)).state);
    states.filter(|state| *state == FULL).count()
}

#[test]
fn a_class_that_runs_short_is_news_once() {
    let ring = ring(&[1]);
    sleeping(&ring);
    let cursor = Cursor::new();
    let woken = emit_at(&ring, &cursor, 0, 1, 0, || 1, 1 << 40);
    assert_eq!(woken, Ok(true), "class 0 is wanted, class 1 was found");
    assert_eq!(ring.control(slot::STARVED).load(Relaxed), 1);
}

#[test]
fn an_owner_outside_the_table_is_counted_as_refused() {
    let ring = ring(&[]);
    let lost = emit_at(&ring, &Cursor::new(), 4000, 1, 0, || 1, 1 << 40);
    assert_eq!(lost, Err(Refused::Full { wake: false }));
    assert_eq!(ring.control(slot::REFUSED_THREAD).load(Relaxed), 1);
}

#[test]
fn a_freed_chunk_is_found_by_a_thread_that_had_none() {
    let ring = ring(&[0]);
    let (first, second) = (Cursor::new(), Cursor::new());
    emit_at(&ring, &first, 0, 1, 0, || 1, 1 << 40).unwrap();
    emit_at(&ring, &second, 1, 2, 0, || 2, 1 << 40).unwrap_err();
    let mut collector = Collector::new(ring);
    collector.poll(|thread| thread == owner(0).thread);
    emit_at(&ring, &second, 1, 3, 0, || 3, 1 << 40).unwrap();
    collector.drain();
    assert_eq!(
        (collector.numbers(0), collector.numbers(1)),
        (std::vec![1], std::vec![3])
    );
    publish_free(&ring, 0, 0, 9);
}

#[test]
fn a_chunk_that_becomes_free_is_found_however_often_there_was_none() {
    let ring = ring(&[0]);
    let cursor = Cursor::new();
    let mut collector = Collector::new(ring);
    let mut number = 0;
    let mut emit = || {
        number += 1;
        emit_at(&ring, &cursor, 0, number, 0, || number * 7, 1 << 40)
    };
    for _ in 0..5 {
        while emit().is_ok() {}
        for _ in 0..10 {
            emit().unwrap_err();
        }
        assert_ne!(ring.control(slot::NONE_FREE).load(Relaxed), 0);
        collector.poll(|_| false);
        emit().unwrap();
    }
}
