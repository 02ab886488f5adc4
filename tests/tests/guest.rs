//! On the way of an event there is no allocation and no system call, not even in a thread's first
//! event inside a loaded library.

use std::process::{Command, Stdio};
use thalweg_testkit::finish;
use thalweg_tests::{World, library_path};

/// Runs `allocs` under `wrapper`; what it said.
#[track_caller]
fn run(world: &World, wrapper: &[&str]) -> String {
    let recorder = world.recorder("trace").start();
    let allocs = world.command("allocs").get_program().to_owned();
    let words: Vec<_> = wrapper.iter().map(std::ffi::OsString::from).collect();
    let words: Vec<_> = words
        .into_iter()
        .chain([allocs, library_path().into()])
        .collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    world.place(&mut command);
    let ran = finish(&words[0].to_string_lossy(), command.stdin(Stdio::null()));
    let report = recorder.finish();
    assert!(ran.success, "{ran:?}");
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    assert!(report.recorded() > 0, "{report:?}");
    ran.stdout
}

#[test]
fn events_never_call_the_allocator() {
    let said = run(&World::new(), &[]);
    assert_eq!(said, "control 2 events 0\n");
}

#[test]
fn events_never_call_the_kernel_but_to_wake_the_recorder() {
    let world = World::new();
    let log = world.trace("calls");
    let log = log.to_str().expect("the folder has a plain name");
    run(&world, &["strace", "-f", "-o", log]);
    let text = std::fs::read_to_string(log).expect("strace writes it");
    let marks = text.lines().filter(|line| line.contains(" getppid("));
    assert_eq!(marks.count(), 2, "marks in\n{text}");
    let thread = text.lines().find(|line| line.contains(" getppid("));
    let thread = thread
        .and_then(|line| line.split(' ').next())
        .unwrap_or_default();
    let calls: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains(" getppid("))
        .skip(1)
        .take_while(|line| !line.contains(" getppid("))
        .filter(|line| line.starts_with(&format!("{thread} ")))
        .filter(|line| !line.contains("FUTEX_WAKE") && !line.contains("futex resumed"))
        .collect();
    assert_eq!(calls, Vec::<&str>::new());
}
