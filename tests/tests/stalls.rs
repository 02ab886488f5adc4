//! A recorder that is stopped (SIGSTOP) stalls nobody, and counts what it could not take.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::{World, is_full};

/// What `stalls` said, as numbers: calls over 1 ms, slowest, percentile, waits.
#[derive(Debug)]
struct Said {
    over: u64,
    waits: u64,
}

impl Said {
    #[track_caller]
    fn parse(text: &str) -> Self {
        let number = |key: &str| {
            let mut words = text.split_whitespace().skip_while(|word| *word != key);
            let number = words.nth(1).and_then(|number| number.parse().ok());
            number.unwrap_or_else(|| panic!("{text:?}"))
        };
        Self {
            over: number("over"),
            waits: number("waits"),
        }
    }
}

/// When the recorder is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stopped {
    Never,
    /// Before the program starts.
    Before,
    /// When it is attached.
    Later,
}

#[track_caller]
fn run(stopped: Stopped) -> Said {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    if stopped == Stopped::Before {
        recorder.pause();
    }
    let events = if is_full() { 1_000_000 } else { 100_000 };
    let mut command: Command = world.command("stalls");
    let child = command
        .arg(events.to_string())
        .stdout(Stdio::piped())
        .spawn_guarded();
    let child = child.expect("cargo builds it");
    world.wait_until("the program", || world.ledger().who(0) != (0, 0));
    if stopped == Stopped::Later {
        std::thread::sleep(Duration::from_millis(20));
        recorder.pause();
    }
    world
        .ledger()
        .flag()
        .store(1, std::sync::atomic::Ordering::SeqCst);
    let output = child.wait_with_output().expect("it is our child");
    recorder.resume();
    let report = recorder.finish();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{stopped:?}: {text}");
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    assert_eq!(world.ledger().total(), events);
    if stopped != Stopped::Never {
        assert!(
            report.lost_to("RingFull") > 0,
            "the ring held all: {report:?}"
        );
    }
    Said::parse(&text)
}

/// No call takes a millisecond, and none waits. This machine may take its own time from a thread
/// (another guest's, counted as ours), so one run of five without is proof enough.
#[track_caller]
fn check(stopped: Stopped) {
    let mut runs = Vec::new();
    while runs.len() < 5 {
        let said = run(stopped);
        if said.over == 0 && said.waits <= 1 {
            return;
        }
        runs.push(said);
    }
    panic!("{runs:?}");
}

#[test]
fn a_recorder_that_runs_stalls_nobody() {
    check(Stopped::Never);
}

#[test]
fn a_program_starts_and_runs_while_the_recorder_is_stopped() {
    check(Stopped::Before);
}

#[test]
fn a_program_that_is_traced_already_runs_on_while_the_recorder_is_stopped() {
    check(Stopped::Later);
}

#[test]
fn a_program_starts_at_once_while_the_recorder_is_stopped() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    recorder.pause();
    let begin = Instant::now();
    world.run("ticks", &["1", "10"]);
    let elapsed = begin.elapsed();
    recorder.resume();
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    let report = recorder.finish();
    assert_eq!(
        report.trace().missing(world.ledger()),
        [].into(),
        "{report:?}"
    );
}
