//! A flight recorder: what is missing was overwritten, and it is the oldest.

use super::common::{Collector, emit_at, owner, ring};
use super::world::{World, scripted};
use crate::{Cursor, Slot, overwritten, settle};
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use std::vec::Vec;
use thalweg_abi::desc::{Desc, FULL, OWNED};
use thalweg_abi::slot;

/// Cycles from one event to the next: more than an age's unit, so that the order of ages is that of
/// events.
const PACE: u64 = 5000;

fn flight(classes: &[u8]) -> Slot<'static> {
    let ring = ring(classes);
    ring.control(slot::MODE).store(slot::OVERWRITE, Relaxed);
    ring
}

/// Emits `count` events by each thread, of which every one must find room, unless there are more
/// threads than chunks; the numbers that are left of each thread.
#[track_caller]
fn check(classes: &[u8], threads: u16, count: u64, extra: usize) -> Vec<Vec<u64>> {
    let ring = flight(classes);
    let cursors: Vec<Cursor> = (0..threads).map(|_| Cursor::new()).collect();
    let mut refused = 0;
    for number in 0..count {
        for (thread, cursor) in cursors.iter().enumerate() {
            let time = || 1 + number * PACE;
            let full = emit_at(&ring, cursor, thread as u16, number, extra, time, 1 << 40);
            refused += u64::from(full.is_err());
        }
    }
    assert_eq!(
        refused > 0,
        usize::from(threads) > classes.len(),
        "{refused} refused"
    );
    let mut collector = Collector::new(ring);
    collector.drain();
    let total = collector.seen.len() as u64 + collector.overwritten() + refused;
    assert_eq!(total, count * u64::from(threads));
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), classes.len(), "no chunk leaks");
    (0..threads)
        .map(|thread| collector.numbers(thread))
        .collect()
}

#[test]
fn produced_is_recorded_and_overwritten() {
    for (classes, threads) in [
        (&[0_u8][..], 1),
        (&[0; 4], 1),
        (&[0; 4], 3),
        (&[0, 1, 2], 2),
        (&[0; 2], 4),
    ] {
        for extra in [0, 20, 900] {
            check(classes, threads, 5000, extra);
        }
    }
}

#[test]
fn what_is_left_is_the_newest_without_a_gap() {
    for classes in [&[0_u8][..], &[0; 5], &[0, 0, 1, 1, 2], &[4, 3, 2, 1, 0]] {
        let numbers = &check(classes, 1, 20_000, 3)[0];
        let first = numbers[0];
        assert_eq!(*numbers, (first..20_000).collect::<Vec<_>>(), "{classes:?}");
    }
}

#[test]
fn the_oldest_chunk_is_taken_whoever_wrote_it() {
    let ring = flight(&[0; 3]);
    let (quiet, busy) = (Cursor::new(), Cursor::new());
    let time = |number: u64| move || 1 + number * PACE;
    // The quiet thread's chunk begins first and ends last.
    emit_at(&ring, &quiet, 0, 0, 0, time(0), 1 << 40).unwrap();
    for number in 1..168 * 2 {
        emit_at(&ring, &busy, 1, number, 0, time(number), 1 << 40).unwrap();
    }
    for number in 400..600 {
        emit_at(&ring, &quiet, 0, number, 0, time(number), 1 << 40).unwrap();
    }
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(
        collector.numbers(1).first(),
        Some(&169),
        "the busy thread's first chunk was taken"
    );
    assert_eq!(collector.numbers(0).len(), 201, "nothing of the quiet one");
}

#[test]
fn a_chunk_with_an_event_under_way_is_left_alone_until_it_is_settled() {
    let world = World::with_mode(&[0; 3], slot::OVERWRITE);
    world.events(1, 1996);
    // A handler in the middle of an event fills the chunk and leaves it.
    let fill = world.handler(|world| world.events(5, 1996));
    scripted(&[(8, fill)], || {
        world.event(0);
        let full = (0..3).filter(|unit| state(&world.ring, *unit) == FULL);
        assert_eq!(full.count(), 2);
    });
    world.events(20, 1996);
    world.check(0);
}

fn state(ring: &Slot<'_>, unit: usize) -> u64 {
    Desc::unpack(ring.desc(unit).load(Relaxed)).state
}

#[test]
fn a_torn_record_keeps_its_chunk_until_the_collector_vouches_for_it() {
    let world = World::with_mode(&[0; 2], slot::OVERWRITE);
    world.events(1, 1996);
    // An event is left in the middle of its payload, and the next one sees that.
    assert!(world.jump_target(|| {
        scripted(&[(8, World::leave())], || world.event(100));
    }));
    world.events(3, 1800);
    let kept = (0..2).find(|unit| state(&world.ring, *unit) == FULL);
    let kept = kept.expect("the torn one's chunk was left");
    world.events(30, 1996);
    assert_eq!(overwritten(&world.ring, kept), 0);
    let starved = world.ring.control(slot::STARVED).load(Relaxed);
    assert_ne!(starved & slot::UNSETTLED, 0, "the collector is told");
    settle(&world.ring, kept, world.ring.desc(kept).load(Relaxed));
    world.events(3, 1996);
    assert_eq!(
        overwritten(&world.ring, kept),
        2,
        "the complete records in it"
    );
    let torn = world.collector.borrow().torn;
    assert_eq!(torn, 0, "nobody has read the torn one");
}

#[test]
fn events_of_an_earlier_session_and_those_on_disk_do_not_count_as_overwritten() {
    let ring = flight(&[0]);
    let cursor = Cursor::new();
    let emit = |number: u64| {
        let time = || 1 + number * PACE;
        emit_at(&ring, &cursor, 0, number, 0, time, 1 << 40).unwrap();
    };
    (0..168).for_each(emit);
    // A new session begins after the 100th event; an earlier collector got as far as the 110th.
    ring.control(slot::SESSION)
        .store(1 + 99 * PACE + 1, Relaxed);
    let consumed = thalweg_abi::chunk::CONSUMED;
    ring.word(consumed)
        .store(thalweg_abi::chunk::FIRST as u64 + 110 * 3, Relaxed);
    emit(200);
    assert_eq!(overwritten(&ring, 0), 58);
}

#[test]
fn a_snapshot_takes_nothing_away() {
    let ring = flight(&[0; 4]);
    let cursor = Cursor::new();
    for number in 0..168 * 3 + 5 {
        emit_at(&ring, &cursor, 0, number, 0, || number * PACE, 1 << 40).unwrap();
    }
    let before: Vec<u64> = (0..4).map(|unit| ring.desc(unit).load(Acquire)).collect();
    let first: Vec<u64> = Collector::snapshot(ring).iter().map(|e| e.number).collect();
    assert_eq!(first, (0..168 * 3).collect::<Vec<_>>());
    assert_eq!(
        before,
        (0..4)
            .map(|unit| ring.desc(unit).load(Acquire))
            .collect::<Vec<_>>()
    );
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(collector.numbers(0).len(), 168 * 3 + 5);
}

#[test]
fn a_chunk_that_is_held_is_not_taken_back() {
    let ring = flight(&[0; 2]);
    let cursor = Cursor::new();
    let emit = |number: u64| emit_at(&ring, &cursor, 0, number, 0, || 1 + number * PACE, 1 << 40);
    (0..169).for_each(|number| emit(number).map(drop).unwrap());
    let held = crate::hold(&ring, 0, ring.desc(0).load(Relaxed)).expect("it is full");
    (169..168 * 4).for_each(|number| emit(number).map(drop).unwrap());
    assert_eq!(overwritten(&ring, 0), 0);
    crate::let_go(&ring, 0, held);
    (168 * 4..168 * 5 + 1).for_each(|number| emit(number).map(drop).unwrap());
    assert_eq!(overwritten(&ring, 0), 168);
}

#[test]
fn an_owner_that_died_taking_a_chunk_back_has_not_overwritten_it() {
    // The same as at every step in `death`, with the chunk's fate told.
    let ring = flight(&[0]);
    let cursor = Cursor::new();
    for number in 0..168 {
        emit_at(&ring, &cursor, 0, number, 0, || number * PACE, 1 << 40).unwrap();
    }
    let own = Desc::unpack(ring.desc(0).load(Relaxed));
    assert_eq!((own.state, own.tid), (OWNED, owner(0).tid));
    let taken = Desc {
        tid: owner(1).tid,
        thread: 1,
        generation: 1,
        ..own
    };
    ring.desc(0).store(taken.pack(), Relaxed);
    let full = crate::hand_over_for_gone(&ring, 0, taken.pack()).expect("it holds records");
    assert_eq!(Desc::unpack(full).thread, 0, "they are the first one's");
    assert_eq!(crate::owner_of(&ring, 0).tid, owner(0).tid);
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(
        (collector.numbers(0).len(), collector.overwritten()),
        (168, 0)
    );
}
