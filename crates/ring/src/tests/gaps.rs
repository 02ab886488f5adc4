//! Gaps between two events, where a time's low bits alone would not tell.

use super::common::{Collector, emit_at, ring};
use crate::Cursor;
use std::vec::Vec;

const GAPS: [u64; 12] = [
    1,
    (1 << 27) - 1,
    1 << 27,
    (1 << 27) + 1,
    3_000_000_000, // a second of cycles
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    (1 << 33) - 1,
    1 << 33,
    (1 << 33) + 1,
    1 << 47,
];

/// What happens between two events beside the gap.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Between {
    Nothing,
    Read,
    NewChunk,
}

/// Emits at the given times, with something between them; the times that come out.
fn times_of(times: &[u64], between: Between) -> Vec<u64> {
    let ring = ring(&[0; 64]);
    let cursor = Cursor::new();
    let mut collector = Collector::new(ring);
    for (number, &time) in times.iter().enumerate() {
        // A record of more than half a chunk never finds room behind another.
        let extra = if between == Between::NewChunk {
            2100
        } else {
            0
        };
        emit_at(&ring, &cursor, 0, number as u64, extra, || time, 1 << 40).unwrap();
        if between == Between::Read {
            collector.poll(|_| false);
        }
    }
    collector.drain();
    assert_eq!(collector.violations, 0);
    collector.times(0)
}

#[track_caller]
fn check(times: &[u64]) {
    for between in [Between::Nothing, Between::Read] {
        // The first record of a chunk is one cycle behind the chunk.
        let mut expected = times.to_vec();
        expected[0] += 1;
        assert_eq!(times_of(times, between), expected, "{between:?}");
    }
    let expected: Vec<u64> = times.iter().map(|time| time + 1).collect();
    assert_eq!(times_of(times, Between::NewChunk), expected);
}

#[test]
fn every_gap_is_exact_whatever_lies_before_and_behind() {
    for base in [
        10,
        0xffff_fff0,
        0x1_ffff_fff0,
        0x1234_5678_9abc,
        u64::MAX >> 8,
    ] {
        for gap in GAPS {
            check(&[base, base + gap + 1, base + gap + 40, base + 2 * gap + 41]);
        }
    }
}

#[test]
fn gaps_of_all_kinds_in_a_row_are_exact() {
    let mut time = 1_000_000;
    let mut times = std::vec![time];
    for first in GAPS {
        for second in GAPS {
            time += first.max(2);
            times.push(time);
            time += second.max(2);
            times.push(time);
        }
    }
    let mut expected = times.clone();
    expected[0] += 1;
    let ring = ring(&[4]);
    let cursor = Cursor::new();
    for (number, &time) in times.iter().enumerate() {
        emit_at(&ring, &cursor, 0, number as u64, 0, || time, 1 << 40).unwrap();
    }
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(collector.times(0), expected);
}
