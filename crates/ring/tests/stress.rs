//! Real threads at full speed; also under ThreadSanitizer and AddressSanitizer.
//!
//! `THALWEG_STRESS_EVENTS` says how many events each thread emits, 100 000 by default.
#![cfg(not(any(loom, shuttle)))]

mod common;

use common::{Collector, emit_at, ring};
use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::Instant;
use thalweg_ring::{Cursor, Slot};

fn events() -> u64 {
    let given = std::env::var("THALWEG_STRESS_EVENTS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

fn write(ring: &Slot<'_>, thread: u16, count: u64, start: Instant) {
    let cursor = Cursor::new();
    for number in 0..count {
        let time = || 1 + start.elapsed().as_nanos() as u64;
        let extra = (number % 7) as usize * 3;
        let _ = emit_at(ring, &cursor, thread, number, extra, time, 1 << 40);
    }
}

#[track_caller]
fn check(classes: &[u8], writers: u16) {
    let ring = ring(classes);
    let (count, start, running) = (events(), Instant::now(), AtomicUsize::new(writers.into()));
    let mut collector = Collector::new(ring);
    std::thread::scope(|scope| {
        for thread in 0..writers {
            let running = &running;
            scope.spawn(move || {
                write(&ring, thread, count, start);
                running.fetch_sub(1, Release);
            });
        }
        while running.load(Acquire) > 0 {
            collector.poll(|_| false);
        }
    });
    collector.drain();
    for thread in 0..writers {
        let lost = ring.lost(usize::from(thread)).load(Relaxed);
        let numbers = collector.numbers(thread);
        assert_eq!(numbers.len() as u64 + lost, count);
        assert!(numbers.is_sorted());
        collector.check_order(thread);
    }
    assert_eq!((collector.torn, collector.violations), (0, 0));
    assert_eq!(collector.free_chunks(), classes.len());
}

#[test]
fn writers_with_room_enough() {
    check(&[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4], 3);
}

#[test]
fn writers_with_far_too_little_room() {
    check(&[0, 0, 0], 4);
}
