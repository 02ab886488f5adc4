//! The flow of a recording: the command's streams, status and signals are its own; what is said at
//! the end is what the trace holds.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use common::{Ended, Scene, THALWEG, recorded, wait_until};
use thalweg_testkit::{SpawnGuarded as _, babeltrace2_clean};

#[track_caller]
fn check_status(args: &[&str], status: i32) {
    let scene = Scene::new();
    let ended = scene.thalweg(&[&["record", "--no-kernel", "-o", "t"], args].concat());
    assert_eq!(ended.status, Some(status), "{args:?}: {}", ended.stderr);
    assert!(
        ended.stderr.starts_with("recorded 0 events in "),
        "{args:?}: {}",
        ended.stderr
    );
}

#[test]
fn what_the_summary_says_is_what_both_readers_find() {
    let scene = Scene::new();
    let args = [
        "record",
        "-k",
        "sched_process_exec,syscalls",
        "-o",
        "t",
        "--",
        "/bin/true",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert_eq!((ours.status, ours.stderr.as_str()), (Some(0), ""));
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    let exec = theirs
        .lines()
        .filter(|line| line.contains("sched_process_exec"));
    assert_eq!(
        exec.filter(|line| line.contains("\"/bin/true\"")).count(),
        1
    );
    assert!(
        ended
            .stderr
            .ends_with("read it: thalweg view t\n         babeltrace2 t\n")
    );
}

#[test]
fn the_status_of_the_command_is_passed_on() {
    check_status(&["true"], 0);
    check_status(&["--", "sh", "-c", "exit 7"], 7);
    check_status(&["--", "sh", "-c", "exit 255"], 255);
    check_status(&["--", "sh", "-c", "kill -KILL $$"], 128 + 9);
}

#[test]
fn the_streams_of_the_command_are_its_own() {
    let scene = Scene::new();
    let args = [
        "record",
        "--no-kernel",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        "cat; echo to-stderr >&2",
    ];
    let input = scene.dir().join("input");
    fs::write(&input, "from stdin\n").unwrap();
    let mut command = scene.command(THALWEG, &args);
    let output = command.stdin(File::open(&input).unwrap()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from stdin\n");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("to-stderr\nrecorded 0 events"));
}

#[test]
fn the_signals_of_the_command_are_as_without_us() {
    let scene = Scene::new();
    let args = ["-E", "^Sig(Blk|Ign)", "/proc/self/status"];
    let alone: Ended = scene.command("grep", &args).output().unwrap().into();
    let traced = scene.thalweg(&[&["record", "--no-kernel", "--", "grep"], &args[..]].concat());
    assert_eq!(masks(&traced.stdout), masks(&alone.stdout));
}

/// The masks in the lines of a `status`, without the two signals that the C library keeps for
/// itself: a program with threads handles them, and they are reset when it starts another.
fn masks(lines: &str) -> [u64; 2] {
    let hex = |line: &str| u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16);
    let masks: Vec<u64> = lines
        .lines()
        .map(|line| hex(line).unwrap() & !(3 << 31))
        .collect();
    masks.try_into().unwrap()
}

#[test]
fn without_a_command_it_records_until_it_is_told_to_stop() {
    for signal in ["INT", "TERM", "HUP"] {
        let scene = Scene::new();
        let running = scene.start(&["record", "-k", "sched_switch", "-o", "t"]);
        running.wait_for("recording to t; Ctrl-C stops it\n");
        running.signal(signal);
        let ended = running.end();
        assert_eq!(ended.status, Some(0), "{signal}: {}", ended.stderr);
        let events = babeltrace2_clean(&scene.dir().join("t")).lines().count() as u64;
        assert_eq!(recorded(&ended.stderr), events);
    }
}

#[test]
fn a_signal_from_a_process_is_passed_on_to_the_command() {
    let scene = Scene::new();
    let script =
        "trap 'echo got it >&2; exit 3' TERM; echo ready >&2; while :; do sleep 0.01; done";
    let running = scene.start(&["record", "--no-kernel", "-o", "t", "--", "sh", "-c", script]);
    running.wait_for("ready\n");
    running.signal("TERM");
    let ended = running.end();
    assert!(
        ended.stderr.starts_with("ready\ngot it\nrecorded "),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.status, Some(3));
}

#[test]
fn a_second_signal_ends_the_recording_and_leaves_the_command_alone() {
    let scene = Scene::new();
    let script = "trap '' TERM; echo ready >&2; while [ ! -e stop ]; do sleep 0.01; done; : > done";
    let running = scene.start(&["record", "--no-kernel", "-o", "t", "--", "sh", "-c", script]);
    running.wait_for("ready\n");
    running.signal("TERM");
    // Two of the same kind that come before the first is taken are one: wait until it was.
    let pending = || {
        let status = fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("ShdPnd"))
            .unwrap();
        !line.ends_with("0000000000000000")
    };
    wait_until("the first signal to be taken", || !pending());
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.status, Some(128 + 15));
    assert!(
        ended
            .stderr
            .contains(" still runs, and is recorded no more; end it with: kill ")
    );
    assert!(!scene.dir().join("done").exists());
    File::create(scene.dir().join("stop")).unwrap();
    wait_until("the command to go on", || scene.dir().join("done").exists());
}

#[test]
fn when_the_time_is_up_the_recording_ends_and_the_command_is_asked_to() {
    check_status(&["--duration", "0.2", "--", "sleep", "1000"], 0);
    check_status(&["--duration", "0.2", "--", "sh", "-c", "exit 4"], 4);
    let scene = Scene::new();
    let ended = scene.thalweg(&["record", "--no-kernel", "--duration", "0.2"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        scene.files()[0].starts_with("thalweg-trace-20"),
        "{:?}",
        scene.files()
    );
}

#[test]
fn a_reader_that_closes_the_pipe_has_seen_enough() {
    let scene = Scene::new();
    let load = "i=0; while [ $i -lt 3000 ]; do : > x; i=$((i+1)); done";
    let ended = scene.thalweg(&[
        "record", "-k", "syscalls", "-o", "t", "--", "sh", "-c", load,
    ]);
    assert!(recorded(&ended.stderr) > 6000, "{}", ended.stderr);
    for args in [&["view", "t"][..], &["doctor"], &["doctor", "--json"]] {
        let mut command = scene.command(THALWEG, args);
        let mut child = command.stdout(Stdio::piped()).spawn_guarded().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
    }
}

#[test]
fn nothing_stays_behind_when_a_recording_has_ended() {
    let scene = Scene::new();
    scene.thalweg(&["record", "-k", "sched_switch", "-o", "t", "--", "true"]);
    let left: Vec<_> = fs::read_dir(scene.rendezvous().join("sessions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(left, [""; 0]);
    let ended = scene.thalweg(&["recover"]);
    assert_eq!(ended.stderr, "nothing to recover: no recorder has died\n");
    assert_eq!(ended.status, Some(0));
}

#[test]
fn a_flight_recorder_takes_a_snapshot_whenever_it_gets_sigusr1() {
    let scene = Scene::new();
    let script = "kill -USR1 $PPID; sleep 0.3; kill -USR1 $PPID; sleep 0.3";
    let args = [
        "record",
        "--no-kernel",
        "--overwrite",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        script,
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for number in 0..2 {
        let folder = scene.dir().join(format!("t-snapshot-{number}"));
        assert!(folder.is_dir(), "{}", ended.stderr);
        let said = format!(
            "snapshot: 0 events and 0 of state dumps in {}; 0 before",
            folder.display()
        );
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
    assert!(!scene.dir().join("t-snapshot-2").exists());
}

#[test]
fn signals_that_ask_for_something_end_no_recording() {
    let scene = Scene::new();
    let script =
        "kill -USR1 $PPID; sleep 0.2; kill -USR2 $PPID; sleep 0.2; kill -USR1 $PPID; exit 7";
    let args = ["record", "--no-kernel", "-o", "t", "--", "sh", "-c", script];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(7), "{}", ended.stderr);
    let first = "no snapshot: SIGUSR1 takes one of a recording with --overwrite; this one goes on, and \
                 is on disk already\nthe state of 0 programs is being told again\n";
    assert!(ended.stderr.starts_with(first), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("recorded 0 events"),
        "{}",
        ended.stderr
    );
    assert_eq!(scene.files(), ["t"]);
}

#[test]
fn a_recorder_ends_with_a_test_that_fails() {
    let (tell, told) = std::sync::mpsc::channel();
    let test = std::thread::spawn(move || {
        let scene = Scene::new();
        let recorder = scene.start(&["record", "-k", "sched_switch", "-o", "t"]);
        recorder.wait_for("Ctrl-C stops it");
        tell.send(recorder.id()).unwrap();
        assert!(recorder.said().is_empty(), "this is the failure");
    });
    let pid = told.recv().unwrap();
    assert!(test.join().is_err());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    let instances = fs::read_dir("/sys/kernel/tracing/instances").unwrap();
    let own = format!("-{pid}-");
    let mut names = instances.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.find(|name| name.contains(&own)), None);
}
