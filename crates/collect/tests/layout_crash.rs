//! The writer is killed after each of its system calls, and inside of each write at each page: what
//! lies on disk is a valid trace with every packet that was committed, and can be taken up.

#[allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]
mod layout_support;

use std::path::Path;

use layout_support::dying::{Death, DyingDisk};
use layout_support::script::{Written, go_on, play};
use layout_support::verify::{babeltrace_agrees, verify};
use thalweg_collect::sink::TraceWriter;

/// Plays the script on a disk that dies at `death`; what was written until then.
fn play_until(death: Death, dir: &Path) -> (Written, DyingDisk) {
    let disk = DyingDisk::new(death);
    let mut written = Written::default();
    // The error is the death.
    let _ = play(disk.clone(), dir, &mut written);
    (written, disk)
}

/// babeltrace2 takes a hundred times as long as all else here: it reads every so manyeth trace.
const BABELTRACE_EVERY: usize = 17;

#[test]
fn a_writer_killed_at_any_system_call_leaves_a_whole_trace() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let (_, disk) = play_until(Death::Never, &scratch.path().join("whole"));
    let deaths = disk.possible_deaths();
    assert!(deaths.len() > 200, "only {} ways to die", deaths.len());
    for (number, death) in deaths.iter().enumerate() {
        let dir = scratch.path().join(format!("{number}"));
        let (written, _) = play_until(*death, &dir);
        let sample = number % BABELTRACE_EVERY == 0;
        check(&dir, &written, *death, sample);
        let _ = std::fs::remove_dir_all(&dir);
    }
    println!("{} deaths survived", deaths.len());
}

#[track_caller]
fn check(dir: &Path, written: &Written, death: Death, sample: bool) {
    if !dir.join("metadata").exists() {
        assert_eq!(written.packets(), 0, "{death:?}: packets without metadata");
        return;
    }
    verify(dir, written).unwrap_or_else(|why| panic!("{death:?}: {why}"));
    if sample {
        babeltrace_agrees(dir);
    }
    let (mut again, _) = TraceWriter::reopen(dir).unwrap_or_else(|e| panic!("{death:?}: {e}"));
    let mut written = written.clone();
    go_on(&mut again, &mut written).unwrap_or_else(|e| panic!("{death:?}, taken up: {e}"));
    verify(dir, &written).unwrap_or_else(|why| panic!("{death:?}, taken up: {why}"));
    again.close().unwrap();
    verify(dir, &written).unwrap_or_else(|why| panic!("{death:?}, closed: {why}"));
    if sample {
        babeltrace_agrees(dir);
    }
}

#[test]
fn a_reopen_killed_at_any_system_call_leaves_a_whole_trace() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let count = taken_up_until(Death::Never, scratch.path(), 0).possible_deaths();
    for (number, death) in count.iter().enumerate() {
        taken_up_until(*death, scratch.path(), number + 1);
    }
    println!("{} deaths survived", count.len());
}

/// A trace whose writer died in the middle is taken up by one that dies at `death`.
fn taken_up_until(death: Death, scratch: &Path, number: usize) -> DyingDisk {
    let dir = scratch.join(format!("{number}"));
    let (written, _) = play_until(Death::Before(70), &dir);
    let disk = DyingDisk::new(death);
    let mut after = written.clone();
    let _ = TraceWriter::reopen_on(disk.clone(), &dir)
        .and_then(|(mut writer, _)| go_on(&mut writer, &mut after).and_then(|()| writer.close()));
    verify(&dir, &after).unwrap_or_else(|why| panic!("{death:?}: {why}"));
    if number.is_multiple_of(BABELTRACE_EVERY) {
        babeltrace_agrees(&dir);
    }
    std::fs::remove_dir_all(&dir).unwrap();
    disk
}
