//! One thread, nothing in its way.

use super::common::{Collector, emit_at, owner, ring};
use crate::{Cursor, Emit, Refused, chunk_words};
use core::cell::Cell;
use core::sync::atomic::Ordering::Relaxed;
use std::vec::Vec;
use thalweg_abi::{chunk, desc::Desc, slot};

#[test]
fn events_come_out_in_order_with_their_times_and_bytes() {
    let ring = ring(&[0, 1, 2]);
    let cursor = Cursor::new();
    let time = |number: u64| 1000 + number * 10;
    for number in 0..600 {
        emit_at(&ring, &cursor, 2, number, 0, || time(number), 1 << 40).unwrap();
    }
    let mut collector = Collector::new(ring);
    collector.poll(|_| false);
    assert_eq!(collector.numbers(2), (0..600).collect::<Vec<_>>());
    let expected: Vec<u64> = (0..600).map(time).collect();
    // The first time of a chunk is moved when the clock stands still between chunk and event.
    let moved = collector
        .times(2)
        .iter()
        .zip(&expected)
        .filter(|(is, should)| **is != **should)
        .inspect(|(is, should)| assert_eq!(**is, **should + 1))
        .count();
    assert!(moved <= 3);
    collector.drain();
    assert_eq!(collector.seen.len(), 600, "nothing is read twice");
    assert_eq!(collector.free_chunks(), 3);
}

#[test]
fn a_clock_that_stands_still_yields_times_that_go_up() {
    let ring = ring(&[0; 8]);
    let cursor = Cursor::new();
    for number in 0..1000 {
        emit_at(&ring, &cursor, 0, number, 0, || 5, 1 << 40).unwrap();
    }
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(collector.seen.len(), 1000);
    collector.check_order(0);
}

#[test]
fn chunks_grow_from_the_smallest_class_to_the_largest() {
    let ring = ring(&[0, 1, 2, 3, 4, 4]);
    let cursor = Cursor::new();
    let clock = Cell::new(0);
    let mut classes = Vec::new();
    for number in 0..7000 {
        let now = || clock.replace(clock.get() + 3);
        emit_at(&ring, &cursor, 0, number, 0, now, 1 << 40).unwrap();
        let owned = (0..ring.units_ready())
            .map(|unit| Desc::unpack(ring.desc(unit).load(Relaxed)))
            .find(|desc| desc.state == thalweg_abi::desc::OWNED)
            .unwrap();
        assert_eq!(owned.tid, owner(0).tid);
        if classes.last() != Some(&owned.class) {
            classes.push(owned.class);
        }
    }
    assert_eq!(classes, [0, 1, 2, 3, 4]);
    assert_eq!(ring.control(slot::STARVED).load(Relaxed), 0);
}

#[test]
fn an_event_of_any_size_is_whole_or_refused() {
    let largest = (chunk_words(4) - chunk::FIRST - 2) * 8 - 4;
    for (len, fits) in [
        (0, true),
        (3, true),
        (4, true),
        (5, true),
        (4000, true),
        (40_000, true),
    ]
    .into_iter()
    .chain([
        (largest, true),
        (largest + 1, false),
        (1 << 20, false),
        (usize::MAX - 16, false),
    ]) {
        let ring = ring(&[0, 1, 2, 3, 4]);
        let cursor = Cursor::new();
        let event = Emit {
            site: 9,
            payload_len: len,
            stack: 1 << 40,
        };
        let put = |room: &mut crate::Payload<'_>| (0..len).for_each(|at| room.put(&[at as u8]));
        let result = cursor.emit(&ring, owner(0), event, || 77, || 0x0102_0304, put);
        let refused = ring.control(slot::REFUSED_LARGE).load(Relaxed);
        if !fits {
            assert_eq!(
                (result, refused),
                (Err(Refused::TooLarge), 1),
                "{len} bytes"
            );
            continue;
        }
        assert_eq!((result, refused), (Ok(false), 0), "{len} bytes");
        check_bytes(&ring, len);
    }
}

fn check_bytes(ring: &crate::Slot<'static>, len: usize) {
    let unit = (0..ring.units_ready())
        .find(|&unit| Desc::unpack(ring.desc(unit).load(Relaxed)).state == 2)
        .unwrap();
    let class = Desc::unpack(ring.desc(unit).load(Relaxed)).class;
    let mut scratch = std::vec![0; chunk_words(class)];
    let record = crate::Walk::new(*ring, unit, class, false)
        .next(u64::MAX, &mut scratch)
        .unwrap();
    assert_eq!(record.site, 9);
    let bytes: Vec<u8> = record
        .body
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    assert_eq!(bytes[..4], [4, 3, 2, 1]);
    assert!(
        bytes[4..4 + len]
            .iter()
            .enumerate()
            .all(|(at, &byte)| byte == at as u8)
    );
    assert!(bytes[4 + len..].iter().all(|&byte| byte == 0));
    assert!(bytes.len() < 4 + len + 8);
}

#[test]
fn a_field_that_grew_after_it_was_measured_spoils_only_its_own_event() {
    let ring = ring(&[0]);
    let cursor = Cursor::new();
    let event = Emit {
        site: 1,
        payload_len: 8,
        stack: 1 << 40,
    };
    let grown = |room: &mut crate::Payload<'_>| {
        room.put(&[1; 9]);
        room.put(&[2; 8]);
        room.put(&[3; 1]);
    };
    cursor
        .emit(&ring, owner(0), event, || 1, || 0, grown)
        .unwrap();
    emit_at(&ring, &cursor, 0, 42, 0, || 9, 1 << 40).unwrap();
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(collector.numbers(0), [0x0202_0202_0202_0202, 42]);
    assert_eq!(collector.violations, 0);
}
