//! A run finds what a walk finds.

use super::common::{Random, emit_at, ring};
use crate::{Cursor, Slot, Stop, Walk, chunk_words};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::record::{COMMITTED, Mark};

const NOT_AFTER: u64 = 1 << 62;

/// Takes a chunk's records by runs where there is one, and says how many came from runs. Each is
/// compared with what the walk itself finds there.
#[track_caller]
fn compare(ring: Slot<'static>, not_after: u64) -> (usize, Stop) {
    let mut walk = Walk::new(ring, 0, 0, false);
    let mut scratch = std::vec![0; chunk_words(0)];
    let mut by_runs = 0;
    loop {
        let mut run = walk.run(not_after);
        while let Some(usual) = run.peek() {
            let record = walk.next(not_after, &mut scratch).expect("it is one");
            assert_eq!((record.site, record.time), (usual.site, usual.time));
            assert!(usual.body().eq(record.body.iter().copied()));
            run.pass(&usual);
            by_runs += 1;
        }
        let (position, time) = (walk.position(), walk.time());
        walk.go_on_behind(&run);
        assert_eq!((walk.position(), walk.time()), (position, time));
        match walk.next(not_after, &mut scratch) {
            Ok(_) => {}
            Err(stop) => return (by_runs, stop),
        }
    }
}

#[test]
fn all_records_but_the_first_and_those_after_a_long_gap_are_usual() {
    let ring = ring(&[0]);
    let cursor = Cursor::new();
    let mut time = 1 << 40;
    for number in 0..30 {
        time += if number % 10 == 5 { 1 << 36 } else { 1 << 30 };
        emit_at(&ring, &cursor, 0, number, number as usize, || time, 1 << 60).unwrap();
    }
    assert_eq!(compare(ring, NOT_AFTER), (26, Stop::End));
    assert_eq!(compare(ring, time - 1), (25, Stop::Violation));
}

/// Mostly a short record's mark, soon after the one before; now and then anything.
fn likely(random: &mut Random) -> u64 {
    let seed = random.next();
    if seed.is_multiple_of(8) {
        return random.word();
    }
    let mark = Mark {
        state: COMMITTED,
        words: 1 + (seed >> 8) as u16 % 5,
        site: (seed >> 16) as u16 & 0x7fff,
        extended: (seed >> 32).is_multiple_of(16),
        time_low: (seed >> 40) as u32,
    };
    mark.pack()
}

#[test]
fn whatever_a_chunk_holds_a_run_finds_no_more_than_a_walk() {
    let ring = ring(&[0]);
    let mut random = Random(7);
    let mut by_runs = 0;
    for _ in 0..2_000 {
        for at in 0..chunk_words(0) {
            ring.word(at).store(likely(&mut random), Relaxed);
        }
        by_runs += compare(ring, NOT_AFTER).0;
        by_runs += compare(ring, random.word()).0;
    }
    assert!(by_runs > 100, "only {by_runs} records");
}
