//! A flight recorder of the kernel's events: snapshots and the end, counted against a command whose
//! writes are known.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use common::{Running, Scene, recorded, wait_until};
use thalweg_testkit::{babeltrace2, babeltrace2_clean};

/// Writes 7 bytes many times, then 9 bytes a few times for each file that comes; ends with `end`.
const WRITER: &str = "dd if=/dev/zero of=/dev/null bs=7 count=20000 status=none; : > ready0
    for n in 1 2; do
        until [ -e go$n ]; do /bin/sleep 0.01; done
        dd if=/dev/zero of=/dev/null bs=9 count=100 status=none; : > ready$n
    done
    until [ -e end ]; do /bin/sleep 0.01; done";
const FIRST: u64 = 20_000;
const MORE: u64 = 100;

/// The events of a trace that are writes of those bytes, as text without the time since the last.
fn writes(trace: &str) -> Vec<String> {
    let ours = |line: &&str| line.contains("count = 7 ") || line.contains("count = 9 ");
    let lines = trace.lines().filter(|line| line.contains("_write: "));
    let lines = lines.filter(ours);
    let text = |line: &str| {
        let (time, rest) = line.split_once(" (").unwrap();
        format!("{time} {}", rest.split_once(") ").unwrap().1)
    };
    lines.map(text).collect()
}

/// The trace as babeltrace2 has it, which complains of nothing but of what was overwritten, and as
/// `view` has it, too.
#[track_caller]
fn read(scene: &Scene, folder: &str) -> Vec<String> {
    let ran = babeltrace2(&scene.dir().join(folder));
    for line in ran.stderr.lines() {
        assert!(line.contains("Tracer discarded"), "{line}");
    }
    let ours = scene.thalweg(&["view", "--clock-gmt", folder]);
    assert!(ours.stdout == ran.stdout, "view and babeltrace2 differ");
    let found = writes(&ran.stdout);
    let distinct: BTreeSet<&String> = found.iter().collect();
    assert_eq!(distinct.len(), found.len(), "none is doubled");
    found
}

#[track_caller]
fn snapshot(recorder: &Running, number: u32) {
    recorder.signal("USR1");
    recorder.wait_for(&format!("t-snapshot-{number};"));
}

/// The sum of all counts in front of a word.
fn sum(summary: &str, word: &str) -> u64 {
    let lines = summary.lines().filter(|line| line.contains(word));
    let number = |line: &str| line.split(word).next().unwrap().replace(' ', "");
    lines.map(|line| number(line).parse::<u64>().unwrap()).sum()
}

#[track_caller]
fn check_flight(events: &str, per_write: u64) {
    let scene = Scene::new();
    let flags = ["record", "--overwrite", "--no-user", "--follow", "-o", "t"];
    let size = ["--kernel-buffer", "256K", events];
    let command = ["--", "sh", "-c", WRITER];
    let recorder = scene.start_with(&[&flags[..], &size, &command].concat(), |command| {
        command.stdout(Stdio::null());
    });
    for number in 0..3 {
        let ready = scene.dir().join(format!("ready{number}"));
        wait_until("the writes", || ready.exists());
        snapshot(&recorder, number);
        fs::write(scene.dir().join(format!("go{}", number + 1)), "").unwrap();
    }
    fs::write(scene.dir().join("end"), "").unwrap();
    let ended = recorder.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let (summary, total) = (&ended.stderr, per_write * (FIRST + 2 * MORE));
    let (_, summary) = summary.split_once("recorded ").unwrap();
    let summary = format!("recorded {summary}");
    let all = recorded(&summary) + sum(&summary, " overwritten:") + sum(&summary, " discarded:");
    let mut before = Vec::new();
    for number in 0..3_usize {
        let found = read(&scene, &format!("t-snapshot-{number}"));
        let more = found.iter().filter(|event| event.contains("count = 9 "));
        assert_eq!(more.count(), number * MORE as usize, "the newest are there");
        check_contains(&before, &found, number);
        before = found;
    }
    let last = read(&scene, "t");
    check_contains(&before, &last, 3);
    // What starts the command writes a little, too.
    assert!(
        (total..total + 20).contains(&all),
        "{all} of {total}: {summary}"
    );
    assert!((last.len() as u64) < FIRST, "some were overwritten");
}

/// What a trace holds of the one before it: all, but for the oldest.
#[track_caller]
fn check_contains(before: &[String], found: &[String], number: usize) {
    let Some(first) = found.first().filter(|_| number > 0) else {
        return;
    };
    let begin = before.iter().position(|event| event >= first).unwrap_or(0);
    assert!(
        begin < before.len() / 2,
        "{begin} of {} are gone",
        before.len()
    );
    let own: BTreeSet<&String> = found.iter().collect();
    let missing = before[begin..].iter().filter(|event| !own.contains(event));
    assert_eq!(missing.count(), 0, "of what is younger all is there");
}

#[test]
fn snapshots_of_tracefs_hold_what_earlier_ones_held_and_the_newest() {
    check_flight("-ksyscall_entry_write", 1);
}

#[test]
fn snapshots_of_system_calls_hold_what_earlier_ones_held_and_the_newest() {
    check_flight("--syscalls=write", 2);
}

/// Short lives, so that rings of 64 KiB go round many times.
const LIVES: &str = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done";

#[test]
fn a_flight_recorder_counts_what_it_overwrites_and_knows_its_threads() {
    let scene = Scene::new();
    let flags = ["record", "--overwrite", "--no-user", "-o", "t"];
    let what = ["-ksched,lttng_statedump_*", "--context=pid,tid,procname"];
    let size = ["--kernel-buffer", "64K", "--", "sh", "-c", LIVES];
    let ended = scene.thalweg(&[&flags[..], &what, &size].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    for bad in ["kernel counted", "discarded", "contexts lack"] {
        assert!(!ended.stderr.contains(bad), "{}", ended.stderr);
    }
    assert!(
        sum(&ended.stderr, " overwritten:") > 1000,
        "{}",
        ended.stderr
    );
    let trace = babeltrace2(&scene.dir().join("t")).stdout;
    assert_eq!(trace.lines().count() as u64, recorded(&ended.stderr));
    let switches = trace.lines().filter(|line| line.contains(" sched_switch:"));
    let mut told = 0;
    for line in switches {
        let of = |key: &str| {
            let (_, behind) = line.split_once(&format!(" {key} = ")).unwrap();
            behind.split([',', ' ']).next().unwrap()
        };
        assert_eq!(of("procname"), of("prev_comm"), "{line}");
        told += 1;
    }
    assert!(told > 20, "{told}");
    let dump = trace
        .lines()
        .filter(|line| line.contains("_statedump_end:"));
    assert_eq!(dump.count(), 1, "a dump was taken at the end");
}

#[test]
fn the_rings_of_a_killed_flight_recorder_are_recovered() {
    let scene = Scene::new();
    let flags = ["record", "--overwrite", "--no-user", "-o", "t"];
    let what = ["-ksyscall_entry_getpriority", "--kernel-buffer", "64K"];
    let recorder = scene.start(&[&flags[..], &what].concat());
    recorder.wait_for("recording to");
    for _ in 0..5 {
        assert!(
            scene
                .command("nice", &[])
                .output()
                .unwrap()
                .status
                .success()
        );
    }
    recorder.die();
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let calls = trace.lines().filter(|line| line.contains("_getpriority:"));
    assert!(calls.count() >= 5);
}
