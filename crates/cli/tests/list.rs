//! What `list` says is there, beside what tracefs and the programs say.

mod common;

use std::process::Stdio;

use common::{Scene, wait_until};
use thalweg_testkit::SpawnGuarded as _;

fn tracefs(file: &str) -> String {
    std::fs::read_to_string(format!("/sys/kernel/tracing/{file}")).unwrap()
}

#[test]
fn every_event_of_the_kernel_is_listed_once() {
    let listed = Scene::new().thalweg(&["list", "-k"]);
    assert_eq!((listed.status, listed.stderr.as_str()), (Some(0), ""));
    let paths = listed.stdout.lines();
    let mut paths: Vec<&str> = paths
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    paths.sort_unstable();
    let available = tracefs("available_events");
    let mut available: Vec<&str> = available.lines().collect();
    available.sort_unstable();
    assert_eq!(paths, available);
}

#[test]
fn fields_are_listed_as_the_trace_has_them() {
    let scene = Scene::new();
    let listed = scene.thalweg(&["list", "-k", "--fields", "sched_waking,softirq_raise"]);
    let expected = "irq_softirq_raise                    irq:softirq_raise\n    \
        u8 vec\n    enum u8 { HI = 0, TIMER = 1, NET_TX = 2, NET_RX = 3, BLOCK = 4, IRQ_POLL = 5, \
        TASKLET = 6, SCHED = 7, HRTIMER = 8, RCU = 9 } name\n\
        sched_waking                         sched:sched_waking\n    \
        text[16] comm\n    i32 tid\n    i32 prio\n    i32 target_cpu\n";
    assert_eq!(listed.stdout, expected);
    let calls = scene.thalweg(&["list", "--syscall", "--fields", "getppid,close"]);
    let expected = "close                                3\n    \
        syscall_entry_close\n        u32 fd\n    syscall_exit_close\n        i64 ret\n\
        getppid                              110\n    \
        syscall_entry_getppid\n    syscall_exit_getppid\n        i64 ret\n";
    assert_eq!(calls.stdout, expected);
}

#[track_caller]
fn check_refused(args: &[&str], status: i32, expected: &str) {
    let ended = Scene::new().thalweg(args);
    assert_eq!(ended.status, Some(status), "{}", ended.stderr);
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_mistyped_name_is_answered_with_near_ones() {
    check_refused(
        &["list", "-k", "sched_swtich"],
        1,
        "find a kernel event called `sched_swtich`; did you mean sched_switch?",
    );
    check_refused(
        &["list", "--syscall", "opnat"],
        1,
        "find a system call `opnat` in this kernel; did you mean openat?",
    );
    check_refused(&["list"], 2, "--kernel");
}

/// What tells this executable that it is the program.
const AS_PROGRAM: &str = "THALWEG_TEST_IS_LISTED_PROGRAM";

/// Has two events, and waits for its end.
fn be_the_program() {
    thalweg::event!("listed:plain", Info, {});
    thalweg::event!("listed:typed", DebugLine, { id: u64 = 7, name: &str = "x" });
    std::fs::write("ready", "").unwrap();
    let stdin = std::io::stdin();
    std::io::copy(&mut stdin.lock(), &mut std::io::sink()).unwrap();
}

#[test]
fn events_of_running_programs_are_listed_while_they_run() {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return be_the_program();
    }
    let scene = Scene::new();
    let this = std::env::current_exe().unwrap();
    let name = "events_of_running_programs_are_listed_while_they_run";
    let mut program = scene.command(this.to_str().unwrap(), &["--exact", name]);
    program
        .env(AS_PROGRAM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut program = program.spawn_guarded().unwrap();
    wait_until("the program", || scene.dir().join("ready").exists());
    let listed = scene.thalweg(&["list", "-u", "--fields", "listed:t*,other"]);
    let (first, rest) = listed.stdout.split_once('\n').unwrap_or_default();
    assert!(
        first.ends_with(&format!("[{}]", program.id())),
        "{listed:?}"
    );
    let expected =
        "  listed:typed                     debug-line\n      u64 id\n      string name\n";
    assert_eq!(rest, expected, "{listed:?}");
    let mistyped = scene.thalweg(&["list", "-u", "listed:plian"]);
    let expected =
        "find an event `listed:plian` of a program that runs now; did you mean listed:plain?";
    assert!(mistyped.stderr.contains(expected), "{mistyped:?}");
    assert_eq!(mistyped.status, Some(1));
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    let after = scene.thalweg(&["list", "-u"]);
    assert_eq!((after.status, after.stdout.as_str()), (Some(0), ""));
}
