//! Produced is counted by the program, outside of the ring: recorded and lost add up to it.

use thalweg_tests::{Report, World, is_full};

/// Records `ticks`; the missing numbers must be as many as the recorder says.
#[track_caller]
fn check(limit_bytes: Option<u64>, threads: u64, events: u64) -> Report {
    let world = World::new();
    let options = world.recorder("trace");
    let options = match limit_bytes {
        Some(bytes) => options.limit_bytes(bytes),
        None => options,
    };
    let recorder = options.start();
    world.run("ticks", &[&threads.to_string(), &events.to_string()]);
    let report = recorder.finish();
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(world.ledger().total(), threads * events);
    assert_eq!(missing, report.lost(), "{report:?}");
    assert_eq!(
        report.recorded() + report.lost(),
        threads * events,
        "{report:?}"
    );
    report
}

#[test]
fn with_default_rings_the_missing_numbers_are_counted() {
    let events = if is_full() { 1_000_000 } else { 50_000 };
    check(None, 4, events);
}

#[test]
fn what_the_first_chunks_hold_is_recorded_whole() {
    let report = check(None, 4, 2_000);
    assert_eq!(report.lost(), 0, "{report:?}");
}

#[test]
fn with_a_ring_far_too_small_the_missing_numbers_are_counted() {
    let events = if is_full() { 1_000_000 } else { 50_000 };
    let report = check(Some(64 << 10), 4, events);
    assert!(
        report.lost_to("RingFull") > 0,
        "the ring was not too small: {report:?}"
    );
}
