//! Ten times as many events as the recorder can take, for a minute: the accounts are exact, a quiet
//! program beside the flood loses nothing, and when the flood is over nobody does.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Recorder, Report, Tally, Trace, World, is_full};

const THREADS: u32 = 4;
/// The account of the quiet program, and those of the flood's threads.
const QUIET: u32 = 50;
const FLOOD: std::ops::Range<u32> = 0..THREADS;
/// The recorder runs for a moment and then stands still for so long, over and over.
const STOPPED: Duration = Duration::from_millis(100);
/// After so long nothing may tell of the flood any more.
const RECOVERY: Duration = Duration::from_millis(100);

fn start(world: &World, args: &[&str], account: u32) -> Guarded {
    let child = world.command("overload").args(args).spawn_guarded();
    let child = child.expect("cargo builds it");
    world.wait_until("the program", || world.ledger().who(account) != (0, 0));
    child
}

#[track_caller]
fn end(mut child: Guarded) {
    let status = child.wait().expect("it is our child");
    assert!(status.success(), "{status}");
}

/// Lets the recorder have a small part of the time, for so long.
fn starve(recorder: &Recorder, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        recorder.pause();
        std::thread::sleep(STOPPED);
        recorder.resume();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Records the flood and the quiet program.
fn record(world: &World, time: Duration) -> Report {
    let recorder = world.recorder("trace").limit_bytes(1 << 20).start();
    let quiet = start(world, &["quiet"], QUIET);
    let flood = start(world, &["flood", &THREADS.to_string()], THREADS - 1);
    starve(&recorder, time);
    let flag = world.ledger().flag();
    flag.store(1, SeqCst);
    std::thread::sleep(RECOVERY);
    flag.store(2, SeqCst);
    end(flood);
    flag.store(3, SeqCst);
    end(quiet);
    recorder.finish()
}

#[test]
fn ten_times_too_many_events_are_counted_and_harm_nobody_else() {
    let world = World::new();
    let ledger = world.ledger();
    let report = record(&world, Duration::from_secs(if is_full() { 60 } else { 1 }));
    let mut tally = Tally::default();
    let discarded = Trace::stream(&report.output, |event| tally.take(&event, ledger));
    let missing = tally.missing(ledger);
    let flooded: u64 = FLOOD.map(|account| ledger.count(account)).sum();
    let lost: u64 = missing.values().sum();
    println!(
        "{flooded} of the flood, {lost} of them lost; {} quiet; {report:?}",
        ledger.count(QUIET)
    );
    assert_eq!((discarded, lost), (report.lost(), report.lost()));
    assert_eq!(report.recorded() + lost, ledger.total(), "{report:?}");
    assert_eq!(report.lost(), report.lost_to("RingFull"), "{report:?}");
    let harmed: Vec<&u32> = missing
        .keys()
        .filter(|account| !FLOOD.contains(account))
        .collect();
    assert_eq!(
        harmed,
        Vec::<&u32>::new(),
        "accounts besides the flood's: {report:?}"
    );
    assert!(
        flooded - lost <= flooded / 10,
        "not ten times too many: {report:?}"
    );
    assert_eq!(ledger.stalls(), 0, "events of the quiet program that slept");
}
