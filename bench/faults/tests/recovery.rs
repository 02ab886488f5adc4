//! What is promised of recordings when something dies: few rounds, or many with `THALWEG_FULL=1`.

#![forbid(unsafe_code)]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bench_faults::dice::Dice;
use bench_faults::recorders::{Victims, rounds};
use bench_faults::{disk, programs};
use thalweg_testkit::SmallDisk;

const BUSY: &str = env!("CARGO_BIN_EXE_busy");

/// One scene at a time: each needs the processors, and times matter.
static STAGE: Mutex<()> = Mutex::new(());

fn stage() -> MutexGuard<'static, ()> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(few: u64, full: u64) -> u64 {
    if std::env::var_os("THALWEG_FULL").is_some() {
        full
    } else {
        few
    }
}

#[track_caller]
fn check(victims: Victims, seed: u64) {
    let _stage = stage();
    let rounds =
        rounds(Path::new(BUSY), victims, count(4, 50), seed).unwrap_or_else(|why| panic!("{why}"));
    assert!(
        rounds
            .iter()
            .any(|round| round.before > 0 && round.calls > 0),
        "nothing happened: {rounds:?}"
    );
    for round in &rounds {
        let (all, blocked) = round.longest_ns;
        assert!(
            blocked < 1_000_000,
            "an event call was blocked for {blocked} of {all} ns"
        );
        let stopped = round.stopped_after.unwrap_or_default();
        assert!(
            stopped < Duration::from_millis(100),
            "the instance recorded {stopped:?} longer"
        );
    }
}

#[test]
fn a_killed_recorder_loses_nothing() {
    check(Victims::Recorder, 100);
}

#[test]
fn a_killed_recorder_and_keeper_lose_nothing() {
    check(Victims::RecorderAndKeeper, 200);
}

#[test]
fn a_recorder_and_a_program_that_die_together_lose_nothing() {
    check(Victims::RecorderAndProgram, 300);
}

#[test]
fn programs_that_are_killed_take_nothing_from_the_next() {
    let _stage = stage();
    for seed in 0..count(1, 20) {
        let went = programs::recording(Path::new(BUSY), &mut Dice::new(seed));
        let went = went.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert!(went.produced > 0, "{went:?}");
    }
}

#[test]
fn a_full_disk_is_told_and_counted() {
    let _stage = stage();
    let disk = SmallDisk::in_memory(disk::DISK_BYTES);
    disk::fill(Path::new(BUSY), &disk, 20).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn a_full_disk_is_told_and_counted_past_the_page_cache_too() {
    let _stage = stage();
    let disk = SmallDisk::ext4(disk::DISK_BYTES);
    // So fast that pages are written many at a time.
    disk::fill(Path::new(BUSY), &disk, 1).unwrap_or_else(|why| panic!("{why}"));
}
