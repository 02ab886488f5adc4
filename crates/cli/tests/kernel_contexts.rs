//! What kernel events say of the running thread, beside what the same events say of it themselves.

mod common;

use std::process::Stdio;

use common::{Ended, Scene, recorded, refuse, wait_until};
use thalweg_testkit::babeltrace2_clean;

/// Many short lives: a shell, its children, and theirs.
const LIVES: &str = "i=0; while [ $i -lt 150 ]; do /bin/true; (/bin/true; /bin/echo >/dev/null) & \
    i=$((i+1)); done; wait";

/// The value of a field in a line, without quotes; the first of that name.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!(" {name} = ")).unwrap();
    match rest.strip_prefix('"') {
        Some(text) => text.split_once('"').unwrap().0,
        None => rest.split([',', ' ']).next().unwrap(),
    }
}

/// Records, and compares the readers; the trace as text.
#[track_caller]
fn record(scene: &Scene, flags: &[&str], command: &[&str]) -> String {
    let first = ["record", "--no-user", "-o", "t"];
    let ended: Ended = scene.thalweg(&[&first, flags, &["--"], command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for bad in ["discarded", "kernel counted", "contexts lack"] {
        assert!(!ended.stderr.contains(bad), "{}", ended.stderr);
    }
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    theirs
}

#[test]
fn every_switch_is_told_to_be_of_the_thread_that_it_takes_the_processor_from() {
    let scene = Scene::new();
    let events = "sched_switch,sched_process_exit,sched_process_fork";
    let contexts = "pid,tid,ppid,procname,preemptible,interruptible";
    let flags = ["-k", events, "--context", contexts];
    let trace = record(&scene, &flags, &["sh", "-c", LIVES]);
    let (mut switches, mut ends, mut parents) = (0, 0, 0);
    for line in trace.lines() {
        let (own, of_event) = if line.contains(" sched_switch:") {
            switches += 1;
            assert_eq!(field(line, "interruptible"), "0", "{line}");
            (["tid", "procname"], ["prev_tid", "prev_comm"])
        } else if line.contains(" sched_process_fork:") {
            parents += 1;
            assert_eq!(field(line, "preemptible"), "1", "{line}");
            (["tid", "procname"], ["parent_tid", "parent_comm"])
        } else {
            ends += 1;
            (["tid", "procname"], ["tid", "comm"])
        };
        assert_eq!(
            own.map(|name| field(line, name)),
            of_event.map(|name| field(line, name)),
            "{line}"
        );
        let is_idle = field(line, "tid") == "0";
        assert_eq!(field(line, "pid") == "0", is_idle, "{line}");
    }
    assert!(
        switches > 450 && ends >= 450 && parents >= 450,
        "{switches} {ends} {parents}"
    );
    // The shell's children have it for their parent.
    let is_of_shell = |line: &&str| line.contains("parent_comm = \"sh\"");
    let forks: Vec<&str> = trace.lines().filter(is_of_shell).collect();
    let mut known = 0;
    for fork in forks {
        let (parent, child) = (field(fork, "parent_tid"), field(fork, "child_tid"));
        let own = format!(" tid = {child}, ppid = ");
        let of_child = trace.lines().find(|line| line.contains(&own));
        known += usize::from(of_child.is_some_and(|line| field(line, "ppid") == parent));
    }
    assert!(known >= 450, "{known}");
}

#[test]
fn a_thread_is_of_its_process_and_a_namespace_has_its_own_numbers() {
    let scene = Scene::new();
    let contexts = "pid,tid,vpid,vtid,vppid,procname,hostname";
    let flags = [
        "--follow",
        "-k",
        "sched_process_exit",
        "--context",
        contexts,
    ];
    // A shell is the first of its namespace, `true` the second.
    let command = ["unshare", "-pf", "sh", "-c", "/bin/true; :"];
    let trace = record(&scene, &flags, &command);
    let of = |name: &str| {
        let name = format!("procname = \"{name}\"");
        let mut lines = trace.lines().filter(|line| line.contains(&name));
        lines.next().expect("it ended").to_owned()
    };
    let numbers = |line: &str| ["vpid", "vtid", "vppid"].map(|name| field(line, name).to_owned());
    assert_eq!(numbers(&of("true")), ["2", "2", "1"]);
    assert_eq!(numbers(&of("sh")), ["1", "1", "0"]);
    let outer = of("unshare");
    assert_eq!(field(&outer, "vpid"), field(&outer, "pid"));
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(field(&outer, "hostname"), name.trim());
}

#[test]
fn a_killed_recording_with_contexts_is_recovered() {
    let scene = Scene::new();
    let events = ["-k", "sched_switch", "--context", "tid,procname"];
    let flags = ["record", "--no-user", "-o", "t"];
    let recorder = scene.start_with(&[&flags, &events[..]].concat(), |command| {
        command.stdout(Stdio::null());
    });
    recorder.wait_for("recording to");
    wait_until("packets", || {
        let seen = scene.thalweg(&["view", "t"]);
        seen.stdout.lines().count() > 100
    });
    recorder.die();
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    assert!(theirs.lines().count() > 100);
    for line in theirs.lines() {
        assert_eq!(field(line, "tid"), field(line, "prev_tid"), "{line}");
    }
}

#[test]
fn a_context_that_cannot_be_had_is_refused_in_one_line() {
    refuse(
        &["--no-kernel", "--context", "uid"],
        "without kernel events",
    );
    refuse(&["--context", "pidd"], "did you mean pid");
    refuse(
        &["--no-kernel", "--context", "tid"],
        "without kernel events",
    );
}
