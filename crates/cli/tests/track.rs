//! Whose kernel events are recorded: a command's and what it starts, or a process's; by tracefs and by
//! the programs for system calls. A stranger does the same all the while.

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Scene, recorded, refuse, wait_until};
use thalweg_testkit::{Guarded, SpawnGuarded as _, babeltrace2_clean};

/// Two of them at once, and what a shell needs for that.
const TWO_WRITERS: &str = "dd if=/dev/zero of=/dev/null bs=7 count=5000 status=none & \
    dd if=/dev/zero of=/dev/null bs=9 count=3000 status=none; wait";

/// Writes 11 bytes at a time until it is killed.
struct Stranger(Guarded);

impl Stranger {
    fn start(scene: &Scene) -> Self {
        let mut dd = scene.command("dd", &["if=/dev/zero", "of=/dev/null", "bs=11"]);
        Self(dd.stderr(Stdio::null()).spawn_guarded().unwrap())
    }
}

impl Stranger {
    /// Some thousand writes a second: rings of tracefs have them, too.
    fn start_slowly(scene: &Scene) -> Self {
        let script = "while [ -e run ]; do dd if=/dev/zero of=/dev/null bs=11 count=100 status=none; sleep 0.01; done";
        std::fs::write(scene.dir().join("run"), "").unwrap();
        Self(
            scene
                .command("sh", &["-c", script])
                .spawn_guarded()
                .unwrap(),
        )
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// How often the trace has a write of so many bytes.
fn writes(trace: &str, bytes: u32) -> usize {
    let (own, end) = ("syscall_entry_write:", format!(" count = {bytes} "));
    let of_line = |line: &&str| line.contains(own) && line.replace(',', " ").contains(&end);
    trace.lines().filter(of_line).count()
}

#[track_caller]
fn check_follow(events: &[&str]) -> String {
    let scene = Scene::new();
    let _stranger = Stranger::start(&scene);
    let flags = ["record", "--no-user", "--follow", "-o", "t"];
    let command = ["--", "sh", "-c", TWO_WRITERS];
    let ended = scene.thalweg(&[&flags, events, &command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    let counts = [7, 9, 11].map(|bytes| writes(&theirs, bytes));
    assert_eq!(counts, [5000, 3000, 0]);
    theirs
}

#[test]
fn a_command_is_followed_with_all_that_it_starts() {
    let events = "syscall_entry_write,sched_process_fork,sched_process_exec";
    let trace = check_follow(&["-k", events]);
    let count = |words: &str| trace.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count("sched_process_exec:"), 3, "the shell and two of dd");
    assert_eq!(count("sched_process_fork:"), 3);
    let forks = trace
        .lines()
        .filter(|line| line.contains("sched_process_fork:"));
    let own = forks
        .filter(|line| line.contains("parent_comm = \"thalweg\""))
        .count();
    assert!(own <= 1, "of the recorder there is the beginning alone");
}

#[test]
fn system_calls_with_payload_are_followed_alike() {
    let trace = check_follow(&["--syscalls=write,execve"]);
    let dd = trace
        .lines()
        .filter(|line| line.contains("filename = \"/usr/bin/dd\""));
    assert!(dd.count() >= 2, "both entries");
}

#[track_caller]
fn check_process(events: &[&str]) {
    let scene = Scene::new();
    let _stranger = Stranger::start(&scene);
    let script =
        "read go; dd if=/dev/zero of=/dev/null bs=13 count=2000 status=none; : > done; read end";
    let mut process = scene.command("sh", &["-c", script]);
    let mut process = process.stdin(Stdio::piped()).spawn_guarded().unwrap();
    let pid = format!("pid={}", process.id());
    let flags = ["record", "--no-user", "--track", &pid, "-o", "t"];
    let recorder = scene.start(&[&flags, events].concat());
    recorder.wait_for("recording to");
    let mut input = process.stdin.take().unwrap();
    input.write_all(b"go\n").unwrap();
    wait_until("dd", || scene.dir().join("done").exists());
    recorder.signal("INT");
    let ended = recorder.end();
    drop(input);
    process.wait().unwrap();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    assert_eq!([13, 11].map(|bytes| writes(&theirs, bytes)), [2000, 0]);
}

#[test]
fn a_process_that_runs_is_tracked_with_what_it_starts() {
    check_process(&["-k", "syscall_entry_write"]);
    check_process(&["--syscalls=write"]);
}

/// Records by `whose`, while `script` runs and a stranger writes; how often each number of bytes was written.
#[track_caller]
fn tracked_writes(events: &str, whose: &[&str], script: &str) -> [usize; 3] {
    let scene = Scene::new();
    let _stranger = Stranger::start_slowly(&scene);
    // Followed, as the machine's other writes would fill the rings.
    let first = ["record", "--no-user", "--follow", "-o", "t", events];
    let ended = scene.thalweg(&[&first, whose, &["--", "sh", "-c", script]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for bad in ["kernel counted", "discarded"] {
        assert!(!ended.stderr.contains(bad), "{}", ended.stderr);
    }
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    [7, 9, 11].map(|bytes| writes(&theirs, bytes))
}

/// By tracefs, which leaves the others out when it reads them, and by the programs, which see none.
#[track_caller]
fn check_attribute(whose: &[&str], script: &str, expected: [usize; 3]) {
    for events in ["-ksyscall_entry_write", "--syscalls=write"] {
        let found = tracked_writes(events, whose, script);
        assert_eq!(found, expected, "{events} {whose:?}");
    }
}

/// 7 bytes by who is given before it, 9 by root.
fn dds(prefix: &str) -> String {
    format!(
        "{prefix} dd if=/dev/zero of=/dev/null bs=7 count=3000 status=none
         dd if=/dev/zero of=/dev/null bs=9 count=2000 status=none"
    )
}

#[test]
fn a_user_and_a_group_are_tracked_whoever_starts_them() {
    let user = dds("setpriv --reuid 61235 --regid 61236 --clear-groups");
    check_attribute(&["--track", "uid=61235"], &user, [3000, 0, 0]);
    check_attribute(&["--track", "uid=61235,gid=61236"], &user, [3000, 0, 0]);
    check_attribute(&["--track", "uid=61235,gid=61237"], &user, [0, 0, 0]);
    let without = ["--untrack", "gid=61236"];
    check_attribute(&without, &user, [0, 2000, 0]);
}

#[test]
fn a_number_in_an_own_pid_namespace_is_tracked() {
    // The second process there.
    let script = dds("unshare -pf sh -c ':; \"$@\"; :' sh");
    let whose = ["--track", "vpid=2"];
    check_attribute(&whose, &script, [3000, 0, 0]);
}

#[test]
fn a_process_is_left_out_with_what_it_starts() {
    let scene = Scene::new();
    let script =
        "read go; dd if=/dev/zero of=/dev/null bs=19 count=2000 status=none; : > done; read end";
    for events in ["-ksyscall_entry_write", "--syscalls=write"] {
        let mut process = scene.command("sh", &["-c", script]);
        let mut process = process.stdin(Stdio::piped()).spawn_guarded().unwrap();
        let pid = format!("pid={}", process.id());
        let trace = format!("t{events}");
        let flags = [
            "record",
            "--no-user",
            "--untrack",
            &pid,
            "-o",
            &trace,
            events,
        ];
        let recorder = scene.start(&flags);
        recorder.wait_for("recording to");
        let mut input = process.stdin.take().unwrap();
        input.write_all(b"go\n").unwrap();
        wait_until("dd", || scene.dir().join("done").exists());
        // Sizes that no other test writes, as everybody else is recorded.
        let own = "dd if=/dev/zero of=/dev/null bs=21 count=3000 status=none";
        let mut own = scene.command("sh", &["-c", own]);
        assert!(own.status().unwrap().success());
        recorder.signal("INT");
        let ended = recorder.end();
        drop(input);
        process.wait().unwrap();
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let theirs = babeltrace2_clean(&scene.dir().join(&trace));
        let counts = [19, 21].map(|bytes| writes(&theirs, bytes));
        assert_eq!(counts, [0, 3000]);
        std::fs::remove_file(scene.dir().join("done")).unwrap();
    }
}

/// A control group that goes with the test.
struct Group(std::path::PathBuf);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(self.0.join("inner"));
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_control_group_and_a_container_are_tracked_with_what_is_below() {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let of_2 = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    let Some(folder) = of_2.and_then(|line| line.split(' ').nth(4)) else {
        return;
    };
    let id = format!("{:064x}", std::process::id());
    let group = Group(std::path::Path::new(folder).join(format!("docker-{id}.scope")));
    if std::fs::create_dir_all(group.0.join("inner")).is_err() {
        return;
    }
    let procs = group.0.join("inner/cgroup.procs").display().to_string();
    let script = dds(&format!("sh -c 'echo $$ > {procs}; exec \"$@\"' sh"));
    let by_path = format!("cgroup=/docker-{id}.scope");
    let by_id = format!("container={}", &id[..63]);
    for whose in [by_path, by_id] {
        check_attribute(&["--track", &whose], &script, [3000, 0, 0]);
        check_attribute(&["--untrack", &whose], &script, [0, 2000, 0]);
    }
}

#[test]
fn what_cannot_be_tracked_is_refused() {
    let refuse = |what: &str, expected: &str| {
        refuse(&["-k", "sched", "--track", what], expected);
    };
    refuse(
        "pid=2147483647",
        "failed to track process 2147483647: there is none",
    );
    refuse(
        "cgroup=/not-there",
        "failed to track cgroup=/not-there: there is no such control group",
    );
    refuse("container=beef", "failed to track container=beef: there is");
    refuse("vuid=0", "nothing is tracked by vuid");
    let flags = ["record", "--profile=99", "--track", "uid=0", "true"];
    let ended = Scene::new().thalweg(&flags);
    assert!(
        ended.stderr.contains("perf events track processes alone"),
        "{}",
        ended.stderr
    );
}
