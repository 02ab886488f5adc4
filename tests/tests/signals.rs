//! Events of handlers that interrupt events, and of handlers that never go back.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;
use thalweg_tests::{Report, Trace, World, is_full};

/// The first account that tells of an event that was left.
const LEFT: u32 = 100;

fn record(world: &World, how: &str, events: u64, period_us: u64) -> (Report, Trace) {
    let recorder = world.recorder("trace").start();
    let (events, period) = (events.to_string(), period_us.to_string());
    world.run("signals", &[how, &events, &period]);
    let report = recorder.finish();
    let trace = report.trace();
    (report, trace)
}

#[test]
fn handlers_emit_in_the_middle_of_events() {
    let world = World::new();
    let events = if is_full() { 10_000_000 } else { 1_000_000 };
    let (report, trace) = record(&world, "stay", events, 50);
    let missing: u64 = trace.missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    let handled: u64 = [1, 2]
        .map(|account| world.ledger().count(account))
        .iter()
        .sum();
    assert!(handled > 1000, "only {handled} events of handlers");
    assert_eq!(
        report.lost_to("Torn") + report.lost_to("AbiViolation"),
        0,
        "{report:?}"
    );
}

#[test]
fn handlers_jump_out_of_events() {
    let world = World::new();
    let events = if is_full() { 3_000_000 } else { 100_000 };
    let (report, trace) = record(&world, "leave", events, 50);
    let left = world.ledger().flag().load(SeqCst) as u32;
    let left: BTreeSet<u64> = (0..left)
        .map(|at| world.ledger().count(LEFT + at))
        .collect();
    let of_main = trace.events().filter(|event| event.number("account") == 0);
    let recorded: BTreeSet<u64> = of_main.map(|event| event.number("n")).collect();
    let missing: BTreeSet<u64> = (1..=events).filter(|n| !recorded.contains(n)).collect();
    let torn = report.lost_to("Torn");
    let full = report.lost() - torn;
    let of_handlers: u64 = trace
        .missing(world.ledger())
        .into_iter()
        .filter(|(account, _)| *account > 0)
        .map(|(_, count)| count)
        .sum();
    let finished_and_missing = missing.difference(&left).count() as u64;
    assert!(finished_and_missing + of_handlers <= full, "{report:?}");
    let left_and_missing = missing.intersection(&left).count() as u64;
    assert!(
        torn > 0 && torn <= left_and_missing,
        "{torn} torn of {left_and_missing} left"
    );
    assert!(
        report.lost() <= missing.len() as u64 + of_handlers,
        "{report:?}"
    );
    assert_eq!(report.lost_to("AbiViolation"), 0, "{report:?}");
}
