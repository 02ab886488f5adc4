//! Threads that wait for room: only where the program allows it, and never for the dead.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::World;

/// A program that waits for the flag.
fn start(world: &World, events: u64, allows: Option<&str>) -> Guarded {
    let mut command: Command = world.command("modes");
    command
        .args(["1", &events.to_string(), "hold"])
        .stdout(Stdio::null());
    if let Some(value) = allows {
        command.env("THALWEG_ALLOW_BLOCKING", value);
    }
    let child = command.spawn_guarded().expect("cargo builds it");
    world.wait_until("the program", || world.ledger().who(0) != (0, 0));
    child
}

#[track_caller]
fn end(world: &World, mut child: Guarded) {
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
}

/// Whether the program's number of events stays the same for a while.
fn stands_still(world: &World) -> bool {
    let before = world.ledger().total();
    std::thread::sleep(Duration::from_millis(40));
    world.ledger().total() == before
}

#[test]
fn a_thread_waits_for_a_recorder_that_has_no_time_and_loses_nothing() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10);
    let recorder = options.mode("block").start();
    let child = start(&world, 100_000, Some("1"));
    world.ledger().flag().store(1, SeqCst);
    world.wait_until("the events", || world.ledger().total() == 100_000);
    end(&world, child);
    let report = recorder.finish();
    assert_eq!(
        (report.recorded(), report.lost()),
        (100_000, 0),
        "{report:?}"
    );
    report.trace();
}

#[test]
fn a_program_that_does_not_allow_it_is_not_made_to_wait() {
    for allows in [None, Some("0"), Some("yes")] {
        let world = World::new();
        let options = world.recorder("trace").limit_bytes(64 << 10);
        let recorder = options.mode("block").start();
        let child = start(&world, 20_000, allows);
        recorder.pause();
        let begin = Instant::now();
        world.ledger().flag().store(1, SeqCst);
        world.wait_until("the events", || world.ledger().total() == 20_000);
        println!("{allows:?}: {:?}", begin.elapsed());
        recorder.resume();
        end(&world, child);
        let report = recorder.finish();
        assert!(report.lost_to("RingFull") > 0, "{report:?}");
        assert_eq!(report.recorded() + report.lost(), 20_000, "{report:?}");
        let said = report
            .notes
            .iter()
            .any(|note| note.contains("THALWEG_ALLOW_BLOCKING=1"));
        assert!(said, "{report:?}");
    }
}

#[test]
fn a_thread_waits_as_long_as_it_was_told_and_the_event_is_counted() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10);
    let recorder = options.mode("20").start();
    let child = start(&world, 100_000, Some("1"));
    recorder.pause();
    world.ledger().flag().store(1, SeqCst);
    world.wait_until("a full ring", || {
        world.ledger().total() > 1500 && stands_still_or_crawls(&world)
    });
    recorder.resume();
    world.wait_until("the events", || world.ledger().total() == 100_000);
    end(&world, child);
    let report = recorder.finish();
    assert!(report.lost_to("RingFull") > 0, "{report:?}");
    assert_eq!(report.recorded() + report.lost(), 100_000, "{report:?}");
}

/// At most one event each 20 ms, and some more while the recorder is being stopped.
fn stands_still_or_crawls(world: &World) -> bool {
    let before = world.ledger().total();
    std::thread::sleep(Duration::from_millis(60));
    (1..=4).contains(&(world.ledger().total() - before))
}

/// Kills the recorder while a thread waits; how long the program then takes for the rest.
#[track_caller]
fn killed_while_waited_for(keeper: bool) -> Duration {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10).mode("block");
    let options = if keeper { options.keeper() } else { options };
    let recorder = options.start();
    let child = start(&world, 1_000_000, Some("1"));
    world.ledger().flag().store(1, SeqCst);
    world.wait_until("some events", || world.ledger().total() > 10_000);
    recorder.pause();
    let begin = Instant::now();
    recorder.kill();
    world.wait_until("the events", || world.ledger().total() == 1_000_000);
    let elapsed = begin.elapsed();
    end(&world, child);
    elapsed
}

#[test]
fn nobody_waits_for_a_killed_recorder() {
    for keeper in [false, true] {
        let elapsed = killed_while_waited_for(keeper);
        println!("keeper {keeper}: {elapsed:?}");
        // The events themselves take their time on a loaded machine; each that waited would take
        // 90 ms more.
        assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
    }
}

#[test]
fn a_thread_that_waits_is_let_go_when_the_recording_ends() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10);
    let recorder = options.mode("block").start();
    let child = start(&world, 3_000_000, Some("1"));
    world.ledger().flag().store(1, SeqCst);
    world.wait_until("some events", || world.ledger().total() > 10_000);
    let report = recorder.finish();
    world.wait_until("the events", || world.ledger().total() == 3_000_000);
    end(&world, child);
    assert!(report.recorded() > 9_000, "{report:?}");
    report.trace();
}

#[test]
fn a_stopped_recorder_is_given_up_and_taken_back() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10);
    let recorder = options.mode("block").start();
    let child = start(&world, 50_000, Some("1"));
    recorder.pause();
    world.ledger().flag().store(1, SeqCst);
    // It waits for the first event that finds no room, and then for none.
    world.wait_until("the first round", || world.ledger().total() == 50_000);
    recorder.resume();
    world.wait_until("quiet", || stands_still(&world));
    world.ledger().flag().store(2, SeqCst);
    world.wait_until("the second round", || world.ledger().total() == 100_000);
    end(&world, child);
    let report = recorder.finish();
    assert_eq!(report.recorded() + report.lost(), 100_000, "{report:?}");
    // Nothing of the second round is lost, and some of the first.
    assert!((1..50_000).contains(&report.lost()), "{report:?}");
    let trace = report.trace();
    let second = trace.events().filter(|event| event.number("n") > 50_000);
    assert_eq!(second.count(), 50_000);
}
