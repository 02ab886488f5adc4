//! Waiting for room: who is told to wait has lost nothing, and finds what is freed.

use super::common::{Collector, emit_at, owner, ring};
use crate::{Cursor, Refused, Slot, takes_waiting};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::slot;

fn blocking(classes: &[u8]) -> Slot<'static> {
    let ring = ring(classes);
    ring.control(slot::MODE).store(slot::BLOCK, Relaxed);
    ring
}

fn emit(ring: &Slot<'_>, cursor: &Cursor, number: u64) -> Result<bool, Refused> {
    emit_at(ring, cursor, 0, number, 0, || 1 + number * 9, 1 << 40)
}

#[test]
fn a_patient_thread_loses_nothing_as_long_as_it_tries_again() {
    let ring = blocking(&[0; 2]);
    let cursor = Cursor::new();
    let mut collector = Collector::new(ring);
    let mut waits = 0;
    for number in 0..10_000 {
        while let Err(refused) = emit(&ring, &cursor, number) {
            let Refused::Wait { freed, .. } = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(ring.control(slot::FREED).load(Relaxed), freed);
            waits += 1;
            collector.poll(|_| false);
            assert!(takes_waiting(&ring));
            assert_ne!(ring.control(slot::FREED).load(Relaxed), freed);
        }
    }
    assert!(waits > 10, "{waits}");
    assert!(!takes_waiting(&ring), "nobody waits any more");
    collector.drain();
    assert_eq!(collector.numbers(0).len(), 10_000);
    assert_eq!(ring.lost(0).load(Relaxed), 0);
}

#[test]
fn who_waits_has_handed_its_own_chunk_over_and_wakes_the_collector() {
    let ring = blocking(&[0]);
    let cursor = Cursor::new();
    (0..168).for_each(|number| assert_eq!(emit(&ring, &cursor, number), Ok(false)));
    ring.control(slot::WAKE).store(1, Relaxed);
    let refused = emit(&ring, &cursor, 168);
    let told = Err(Refused::Wait {
        freed: 0,
        wake: true,
    });
    assert_eq!(refused, told);
    let mut collector = Collector::new(ring);
    collector.poll(|_| false);
    assert_eq!(collector.free_chunks(), 1);
    emit(&ring, &cursor, 168).unwrap();
}

#[test]
fn a_thread_that_is_not_patient_counts_the_loss() {
    let ring = blocking(&[]);
    let event = crate::Emit {
        site: 1,
        payload_len: 0,
        stack: 1 << 40,
    };
    let hasty = crate::Owner {
        patient: false,
        ..owner(0)
    };
    let cursor = Cursor::new();
    let lost = cursor.emit(&ring, hasty, event, || 1, || 0, |_| ());
    assert!(matches!(lost, Err(Refused::Full { .. })), "{lost:?}");
    assert_eq!(ring.lost(0).load(Relaxed), 1);
    let waits = cursor.emit(&ring, owner(0), event, || 1, || 0, |_| ());
    assert!(matches!(waits, Err(Refused::Wait { .. })), "{waits:?}");
    assert_eq!(ring.lost(0).load(Relaxed), 1, "not counted");
}

#[test]
fn in_the_other_modes_nobody_waits() {
    for mode in [slot::DISCARD, slot::OVERWRITE, 77] {
        let ring = blocking(&[]);
        ring.control(slot::MODE).store(mode, Relaxed);
        let refused = emit(&ring, &Cursor::new(), 0);
        assert!(matches!(refused, Err(Refused::Full { .. })), "{refused:?}");
    }
}
