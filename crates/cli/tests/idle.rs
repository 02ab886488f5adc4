//! A recording in which nothing happens costs next to nothing: at most two wake-ups a second of
//! the recorder, its keeper and the program together.
//!
//! ```text
//!   this test ──▶ thalweg record ──▶ keeper
//!                        └─────────▶ this test again, as the program: one event, then idle
//! ```

mod common;

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Scene, wait_until};

/// What tells this executable that it is the program.
const AS_PROGRAM: &str = "THALWEG_TEST_IS_IDLE_PROGRAM";
/// How long the three are watched.
const WATCHED: Duration = Duration::from_secs(5);
/// What is allowed.
const A_SECOND: f64 = 2.0;
/// One wake-up at either edge: that which was due when the watching began, and one that comes as
/// much earlier as another came late.
const MARGIN: u64 = 2;

/// Emits once, says so, and waits for its end without ever waking up.
fn be_the_program() {
    thalweg::event!("test:idle", Info, {});
    fs::write("ready", "").unwrap();
    let stdin = std::io::stdin();
    std::io::copy(&mut stdin.lock(), &mut std::io::sink()).unwrap();
}

/// The processes whose parent this is.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|process| parent_of(*process) == Some(parent))
        .collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything: state, parent.
    stat.rsplit(") ")
        .next()?
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// How often the threads of a process have gone to sleep so far.
#[track_caller]
fn sleeps(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_thread = |thread: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    threads.map(of_thread).sum()
}

/// Records the program above with these options, and watches all three while nothing happens.
/// `test` is the name of the test that calls, in which the program comes here again.
#[track_caller]
fn check(test: &str, options: &[&str]) {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return be_the_program();
    }
    let scene = Scene::new();
    let own = std::env::current_exe().unwrap();
    let program = ["--", own.to_str().unwrap(), "--exact", test, "--nocapture"];
    let args = [&["record", "-o", "t"], options, &program].concat();
    let running = scene.start_with(&args, |command| {
        command.env(AS_PROGRAM, "1");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
    });
    wait_until("the program", || scene.dir().join("ready").exists());
    let all = || [&[running.id()], &children(running.id())[..]].concat();
    assert_eq!(all().len(), 3, "recorder, keeper, program: {:?}", all());
    // The event is drained at the next flush, and the one after that finds nothing more.
    sleep(Duration::from_secs(1));
    let count = || all().into_iter().map(sleeps).collect::<Vec<_>>();
    let (before, begin) = (count(), Instant::now());
    sleep(WATCHED);
    let (after, took) = (count(), begin.elapsed());
    let woken: Vec<u64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    println!("{options:?}: wake-ups of recorder and its children in {took:?}: {woken:?}");
    let sum = woken.iter().sum::<u64>();
    let allowed = (took.as_secs_f64() * A_SECOND) as u64 + MARGIN;
    assert!(sum <= allowed, "{woken:?} in {took:?}, with {options:?}");
    assert!(sum > 0, "a recorder that never wakes up writes nothing");
    // The program's input ends with this.
    let ended = running.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let is_program = |line: &&str| line.trim_start().starts_with("idle-");
    let program = ended.stderr.lines().find(is_program).unwrap_or_default();
    assert!(program.ends_with(" 1 event"), "{}", ended.stderr);
}

#[test]
fn an_idle_program_and_its_recorder_wake_up_twice_a_second() {
    let test = "an_idle_program_and_its_recorder_wake_up_twice_a_second";
    check(test, &["--no-kernel"]);
}

#[test]
fn so_it_is_with_a_kernel_event_that_does_not_happen() {
    let test = "so_it_is_with_a_kernel_event_that_does_not_happen";
    check(test, &["-k", "sched_process_hang"]);
}
