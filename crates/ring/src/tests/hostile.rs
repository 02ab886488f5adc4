//! The slot's memory holds anything, and changes at any time.

use super::common::{Random, Tolerant, emit_at, ring, scribble_once};
use crate::{Cursor, Walk};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::record::Mark;

/// Runs by default; a million in the nightly tier.
fn runs() -> u64 {
    let given = std::env::var("THALWEG_HOSTILE_RUNS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

#[test]
fn a_walk_through_anything_ends_within_its_chunk() {
    let ring = ring(&[0, 1, 2]);
    let mut random = Random(1);
    let mut collector = Tolerant::new(ring);
    for _ in 0..runs() {
        for _ in 0..8 {
            let at = random.next() as usize % (8 + 40);
            ring.word(at).store(random.word(), Relaxed);
        }
        let unit = random.next() as usize % 9;
        collector.walk(
            unit * (random.next() as usize % 2),
            random.next() as u8 % 9,
            unit.is_multiple_of(2),
        );
    }
}

#[test]
fn a_walk_through_plausible_marks_ends_within_its_chunk() {
    let ring = ring(&[0]);
    let mut random = Random(2);
    let mut collector = Tolerant::new(ring);
    for _ in 0..runs() / 10 {
        let mut at = 8;
        while at < 512 {
            let words = 2 + random.next() as usize % 9;
            let mark = Mark {
                state: random.next() % 4,
                words: words as u16,
                site: 1,
                extended: random.next().is_multiple_of(3),
                time_low: random.next() as u32,
            };
            ring.word(at).store(mark.pack(), Relaxed);
            ring.word((at + 1) % 512)
                .store(random.next() >> 12, Relaxed);
            at += words;
        }
        collector.walk(0, 0, random.next().is_multiple_of(2));
    }
}

#[test]
fn a_writer_survives_anything_in_shared_memory() {
    let ring = ring(&[0, 0, 1, 1, 2]);
    let mut random = Random(3);
    let cursors = [Cursor::new(), Cursor::new()];
    let mut collector = Tolerant::new(ring);
    for number in 0..runs() {
        for _ in 0..random.next() % 4 {
            scribble_once(&ring, &mut random);
        }
        let thread = random.next() as u16 % 2;
        let extra = random.next() as usize % 900;
        let cursor = &cursors[usize::from(thread)];
        let depth = random.next() % 3 * 4096;
        let _ = emit_at(
            &ring,
            cursor,
            thread,
            number,
            extra,
            || number,
            (1 << 40) - depth,
        );
        if number % 64 == 0 {
            collector.poll();
        }
    }
}

#[test]
fn a_chunk_that_the_tables_do_not_hold_has_no_records() {
    let ring = ring(&[0, 0, 0]);
    let mut scratch = [0; 8];
    for (unit, class) in [
        (3, 0),
        (2, 1),
        (0, 2),
        (0, 5),
        (0, 7),
        (usize::MAX, 0),
        (0, 255),
    ] {
        let mut walk = Walk::new(ring, unit, class, true).resume(5000, 9);
        assert_eq!(walk.next(u64::MAX, &mut scratch), Err(crate::Stop::End));
        assert!(!crate::is_pending(&ring, unit, class, 8));
    }
}

#[test]
fn a_record_longer_than_the_callers_memory_is_a_violation() {
    let ring = ring(&[0]);
    emit_at(&ring, &Cursor::new(), 0, 1, 100, || 1, 1 << 40).unwrap();
    let mut walk = Walk::new(ring, 0, 0, false);
    assert_eq!(
        walk.next(u64::MAX, &mut [0; 4]),
        Err(crate::Stop::Violation)
    );
}
