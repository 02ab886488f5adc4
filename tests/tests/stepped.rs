//! At each instruction of an event, and of an event that changes chunks: a handler that emits, and
//! death. And of each death alone: the recording ends at once, babeltrace2 reads the trace, and the next
//! program's events are all there.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};
use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Ledger, Recorder, Report, Trace, World, is_full};

/// Below 256 units all chunks are of 4 KiB.
const LIMIT_BYTES: u64 = 255 * 4096;

fn start(world: &World, how: &str, kind: &str, points: usize) -> (Recorder, Guarded) {
    let recorder = world.recorder("trace").limit_bytes(LIMIT_BYTES).start();
    let points = if is_full() { 0 } else { points };
    let mut command = world.command("stepper");
    command
        .args([how, kind, &points.to_string()])
        .stdout(Stdio::piped());
    (recorder, command.spawn_guarded().expect("cargo builds it"))
}

#[track_caller]
fn output(child: Guarded) -> String {
    let output = child.wait_with_output().expect("it is our child");
    assert!(output.status.success(), "stepper: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A handler at so many places of an event: nothing is missing.
#[track_caller]
fn check_handler(kind: &str, points: usize) {
    let world = World::new();
    let (recorder, stepper) = start(&world, "handle", kind, points);
    let said = output(stepper);
    let report = recorder.finish();
    let missing = report.trace().missing(world.ledger());
    assert_eq!(missing, [].into(), "{said}{report:?}");
    let handled = world.ledger().count(3);
    assert!(
        handled >= 3 * points_of(&said),
        "{handled} events of handlers"
    );
    println!("{kind}: {said}");
}

/// At how many places the stepper was: there may be fewer instructions than it was asked for.
fn points_of(said: &str) -> u64 {
    let (_, points) = said.split_once("points ").expect("it says so");
    let number = points.lines().next().and_then(|number| number.parse().ok());
    number.filter(|points| *points > 0).expect("a number")
}

/// Death at so many places: of each thread at most the events under way are missing, and of those
/// that a handler had interrupted there are marks.
#[track_caller]
fn check_kill(how: &str, kind: &str, points: usize, interrupted: u64) {
    let world = World::new();
    let (recorder, stepper) = start(&world, how, kind, points);
    let said = output(stepper);
    let report = recorder.finish();
    let killed = check_killed(&report, world.ledger());
    assert!(
        killed as u64 >= points_of(&said),
        "{killed} programs: {said}"
    );
    assert_eq!(report.lost(), report.lost_to("Torn"), "{report:?}");
    let torn = report.lost_to("Torn");
    assert!(torn <= interrupted * killed as u64, "{report:?}");
    assert_eq!(torn > 0, interrupted > 0, "{report:?}");
    let free = killed * LIMIT_BYTES as usize / 4096;
    assert!(said.ends_with(&format!("free {free} leaked 0\n")), "{said}");
    println!("{how} {kind}: {said}{torn} torn");
}

/// Of each account all events that were counted are there, and at most the one that was not yet;
/// how many programs there were.
#[track_caller]
fn check_killed(report: &Report, ledger: &Ledger) -> usize {
    let trace: Trace = report.trace();
    let mut recorded: BTreeMap<u32, u64> = BTreeMap::new();
    for event in trace.events() {
        let count = recorded.entry(event.number("account") as u32).or_default();
        *count += 1;
        assert_eq!(
            event.number("n"),
            *count,
            "a number is missing before {event:?}"
        );
    }
    for account in ledger.accounts() {
        let found = recorded.get(&account).copied().unwrap_or(0);
        let counted = ledger.count(account);
        let whole = found == counted || found == counted + 1;
        assert!(whole, "account {account}: {found} of {counted}: {report:?}");
    }
    ledger.accounts().count() / 2 - 1
}

#[test]
fn a_handler_at_any_instruction_of_an_event() {
    check_handler("small", 80);
}

#[test]
fn a_handler_at_any_instruction_of_a_change_of_chunks() {
    check_handler("large", 40);
}

#[test]
fn death_at_any_instruction_of_an_event() {
    check_kill("kill", "small", 30, 0);
}

#[test]
fn death_at_any_instruction_of_a_change_of_chunks() {
    check_kill("kill", "large", 20, 0);
}

#[test]
fn death_in_a_handler_at_any_instruction_of_an_event() {
    check_kill("kill-handler", "small", 30, 1);
}

#[test]
fn death_in_a_handler_at_any_instruction_of_a_change_of_chunks() {
    check_kill("kill-handler", "large", 20, 1);
}

/// Events of the next program, which has two threads.
const HEALTHY: u64 = 500;
/// A recording ends in so little time, whoever has died.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The instructions of an event, and of a handler.
fn lengths(kind: &str) -> (usize, usize) {
    let world = World::new();
    let _recorder = world.recorder("trace").limit_bytes(LIMIT_BYTES).start();
    let mut command = world.command("stepper");
    let said = command.args(["count", kind]).output();
    let said = said.expect("cargo builds it").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let numbers = said.split_whitespace().map(|number| number.parse().ok());
    match numbers.collect::<Vec<_>>()[..] {
        [Some(event), Some(handler)] => (event, handler),
        _ => panic!("{said}"),
    }
}

/// One program is cut, and the next one is healthy.
#[track_caller]
fn check_cut(kind: &str, point: usize, in_handler: Option<usize>) -> Report {
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(LIMIT_BYTES).start();
    let mut args = vec!["cut".to_owned(), kind.to_owned(), point.to_string()];
    args.extend(in_handler.map(|steps| steps.to_string()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.run("stepper", &args);
    world.run("ticks", &["2", &HEALTHY.to_string()]);
    let begin = Instant::now();
    let report = recorder.finish();
    let took = begin.elapsed();
    assert!(took < AT_ONCE, "{args:?}: the recording ended in {took:?}");
    let (next, _) = world.ledger().who(0);
    let others = report.trace().of_process(next);
    let missing = others.missing(world.ledger());
    let of_next = missing.keys().filter(|account| **account < 2);
    assert_eq!(of_next.count(), 0, "{args:?}: {missing:?} {report:?}");
    assert_eq!(
        report.lost(),
        report.lost_to("Torn"),
        "{args:?}: {report:?}"
    );
    let most = u64::from(in_handler.is_some());
    assert!(report.lost() <= most, "{args:?}: {report:?}");
    check_killed(&report, world.ledger());
    report
}

/// At so many instructions, evenly spread; at each of them if everything is wanted.
#[track_caller]
fn check_cuts(kind: &str, points: usize, with_handler: bool) {
    let (event, handler) = lengths(kind);
    let points = if is_full() { event } else { points.min(event) };
    let mut torn = 0;
    for index in 0..points {
        let steps = with_handler.then(|| index * 1_000_003 % handler);
        torn += check_cut(kind, index * event / points, steps).lost();
    }
    println!("{kind}: {points} of {event} instructions, {torn} torn");
}

#[test]
fn after_each_cut_of_an_event_all_is_well() {
    check_cuts("small", 6, false);
}

#[test]
fn after_each_cut_of_a_change_of_chunks_all_is_well() {
    check_cuts("large", 6, false);
}

#[test]
fn after_each_cut_of_a_handler_all_is_well() {
    check_cuts("small", 4, true);
}

#[test]
fn after_each_cut_of_a_handler_in_a_change_of_chunks_all_is_well() {
    check_cuts("large", 4, true);
}
