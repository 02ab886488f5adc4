//! Programs that were there before the recorder, that end before it looks, and what they leave.

use std::sync::atomic::Ordering::SeqCst;
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::World;

const NOTHING: [String; 0] = [];

#[test]
fn a_program_that_runs_already_is_traced_from_then_on() {
    let world = World::new();
    let mut command = world.command("ticks");
    let mut child = command
        .args(["2", "1000", "wait"])
        .spawn_guarded()
        .expect("cargo builds it");
    world.wait_until("the program's file", || files(&world) > 0);
    let recorder = world.recorder("trace").start();
    world.ledger().flag().store(1, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let report = recorder.finish();
    assert_eq!(
        report.trace().missing(world.ledger()),
        [].into(),
        "{report:?}"
    );
    assert_eq!(world.files(), NOTHING);
}

#[test]
fn programs_that_end_before_the_recorder_looks_are_recorded_whole() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    recorder.pause();
    world.run("ticks", &["2", "1000"]);
    world.run("forks", &["leaf"]);
    recorder.resume();
    let report = recorder.finish();
    assert_eq!(
        report.trace().missing(world.ledger()),
        [].into(),
        "{report:?}"
    );
    assert_eq!(report.recorded(), 2100);
    assert_eq!(world.files(), NOTHING);
}

#[test]
fn a_program_takes_its_file_along() {
    let world = World::new();
    world.run("ticks", &["1", "1"]);
    assert_eq!(world.files(), NOTHING);
}

/// Files with names: a hidden one is not complete yet.
fn files(world: &World) -> usize {
    let names = world.files();
    names.iter().filter(|name| !name.starts_with('.')).count()
}

#[test]
fn the_next_recorder_removes_what_killed_ones_left() {
    let world = World::new();
    let recorder = world.recorder("killed").start();
    let mut command = world.command("ticks");
    let mut child = command
        .args(["1", "1", "wait"])
        .spawn_guarded()
        .expect("cargo builds it");
    world.wait_until("the program's file", || files(&world) == 3);
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    recorder.kill();
    assert_eq!(files(&world), 3, "file, advert and socket");
    let report = world.recorder("trace").start().finish();
    assert_eq!(report.recorded(), 0);
    assert_eq!(world.files(), NOTHING);
}

#[test]
fn the_next_recorder_removes_what_a_program_had_not_written_to_its_end() {
    let world = World::new();
    let namespace = std::fs::metadata("/proc/self/ns/pid").expect("it is Linux");
    let namespace = std::os::unix::fs::MetadataExt::ino(&namespace);
    // No process has this number: the kernel's limit is lower.
    for name in [".7fffffff-1-2-0", &format!(".7fffffff-1-3-{namespace:x}")] {
        let unfinished = world.rundir().join(name);
        std::fs::write(unfinished, b"half a").expect("the folder is the test's own");
    }
    world.recorder("trace").start().finish();
    assert_eq!(world.files(), NOTHING);
}

#[test]
fn a_program_without_a_recorder_emits_nothing_and_runs() {
    let world = World::new();
    world.run("ticks", &["4", "100000"]);
    assert_eq!(world.ledger().total(), 400_000);
}
