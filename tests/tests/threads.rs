//! Threads that come and go: exact, in few files, with little memory.

use std::path::Path;
use thalweg_tests::{Report, Trace, World};

/// What a recorder may use besides the rings.
const RECORDER_KIB: u64 = 64 << 10;
const RING_BYTES: u64 = 8 << 20;
const MOST_STREAMS: usize = 64;

#[track_caller]
fn check(how: &str, count: u32, events: u64) -> Report {
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(RING_BYTES).start();
    world.run("threads", &[how, &count.to_string()]);
    let report = recorder.finish();
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    assert_eq!(world.ledger().total(), events);
    report.check_our_reader();
    let streams = streams(&report.output);
    assert!(streams <= MOST_STREAMS, "{streams} stream files");
    let frugal = Trace::read_with_few_files(&report.output, 256);
    assert_eq!(frugal.events().count() as u64, report.recorded());
    let peak_kib = report.peak_kib - (RING_BYTES >> 10).min(report.peak_kib);
    assert!(peak_kib < RECORDER_KIB, "{peak_kib} KiB besides the rings");
    report
}

fn streams(trace: &Path) -> usize {
    let uid = rustix::process::geteuid().as_raw();
    let folder = trace.join(format!("ust/uid/{uid}/64-bit"));
    let entries = folder.read_dir().expect("the trace has events").flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("channel0_"))
        .count()
}

#[test]
fn ten_thousand_threads_in_sequence() {
    check("sequence", 10_000, 50_000);
}

#[test]
fn five_hundred_threads_at_once() {
    check("at_once", 500, 5_000);
}
