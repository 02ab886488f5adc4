//! A thread that scribbles over the slot while others use it; also under AddressSanitizer. (Not
//! under ThreadSanitizer: the scribbler races on purpose, as another process would.)
#![cfg(not(any(loom, shuttle, sanitized = "thread")))]

mod common;

use common::{emit_at, ring};
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use thalweg_ring::{Cursor, Slot};

fn events() -> u64 {
    let given = std::env::var("THALWEG_STRESS_EVENTS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

fn write(ring: &Slot<'_>, thread: u16) {
    let cursor = Cursor::new();
    for number in 0..events() {
        let extra = (number % 1700) as usize;
        let _ = emit_at(ring, &cursor, thread, number, extra, || number, 1 << 40);
    }
}

#[test]
fn a_hostile_thread_that_scribbles_harms_neither_side() {
    let ring = ring(&[0, 0, 0, 1, 1, 2]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| scribble(&ring, &stop));
        let writers: Vec<_> = (0..2)
            .map(|thread| scope.spawn(move || write(&ring, thread)))
            .collect();
        let reader = scope.spawn(|| {
            let mut collector = common::Tolerant::new(ring);
            while !stop.load(Acquire) {
                collector.poll();
            }
            collector.rounds
        });
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        stop.store(true, Release);
        assert!(reader.join().unwrap() > 0);
    });
}

/// Stores words of all kinds all over the slot.
fn scribble(ring: &Slot<'_>, stop: &AtomicBool) {
    let mut random = common::Random(7);
    while !stop.load(Acquire) {
        common::scribble_once(ring, &mut random);
    }
}
