//! Events that are defined while the program runs: before a recorder comes, after it, in threads, in
//! a forked child.

use std::collections::BTreeMap;
use thalweg_tests::{Speaker, World};

const THREADS: u64 = 4;
const EACH: u64 = 1000;

#[test]
fn a_recorder_that_is_there_gets_every_event_from_its_definition_on() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let words = THREADS.to_string();
    let ran = world.command("dynamic").args([&words, "1000"]).output();
    let ran = ran.expect("cargo builds it");
    assert!(ran.status.success(), "{ran:?}");
    let report = recorder.finish();
    let emitted = (2 * THREADS + 2) * EACH;
    assert_eq!(
        ran.stdout,
        format!("quiet is on\nemitted {emitted}\n").into_bytes()
    );
    assert_eq!(
        (report.recorded(), report.lost()),
        (emitted, 0),
        "{report:?}"
    );
    report.check_our_reader();
    let trace = report.trace();
    let mut counts = BTreeMap::new();
    for event in trace.events() {
        *counts.entry(event.name.to_owned()).or_insert(0) += 1;
    }
    let early = (0..THREADS).map(|thread| (format!("dynamic:early{thread}"), EACH));
    let own = (0..THREADS).map(|thread| (format!("dynamic:own{thread}"), EACH));
    let mut expected: BTreeMap<String, u64> = early.chain(own).collect();
    // The child goes on with its parent's, and defines one of its own.
    expected.insert("dynamic:early0".into(), 2 * EACH);
    expected.insert("dynamic:child0".into(), EACH);
    assert_eq!(counts, expected);
    let fields = "{ thread = 3, number = -999, half = 499.5, is_odd = ( \"true\" : container = 1 ), \
                  text = \"some text\", _bytes_length = 2, bytes = [ [0] = 1, [1] = 2 ], \
                  _list_length = 3, list = [ [0] = 1, [1] = 2, [2] = 999 ] }";
    let with = |name: &str| {
        let mut events = trace.events().filter(|event| event.name == name);
        events.any(|event| event.rest.ends_with(fields))
    };
    assert!(with("dynamic:own3") && with("dynamic:early3"));
}

#[test]
fn a_recorder_that_comes_later_learns_what_was_defined_before() {
    let world = World::new();
    let mut command = world.command("dynamic");
    command.args([&THREADS.to_string(), "1000", "late"]);
    let mut speaker = Speaker::start(&mut command);
    speaker.line();
    let recorder = world.recorder("trace").start();
    speaker.go_on();
    let said = speaker.end();
    let report = recorder.finish();
    let emitted = (2 * THREADS + 2) * EACH;
    assert_eq!(said, format!("quiet is on\nemitted {emitted}\n"));
    assert_eq!(
        (report.recorded(), report.lost()),
        (emitted, 0),
        "{report:?}"
    );
    report.check_our_reader();
}

#[test]
fn rules_hold_for_events_that_are_defined_later() {
    let world = World::new();
    let recorder = world.recorder("trace").at_least(6).exclude("dynamic:own*");
    let recorder = recorder.start();
    let ran = world.command("dynamic").args(["2", "100"]).output();
    let ran = ran.expect("cargo builds it");
    // Two threads' early events, and both events of the child; the quiet one is not severe enough.
    assert_eq!(ran.stdout, b"emitted 400\n");
    let report = recorder.finish();
    assert_eq!((report.recorded(), report.lost()), (400, 0), "{report:?}");
    let trace = report.trace();
    assert!(
        trace
            .events()
            .all(|event| !event.name.starts_with("dynamic:own"))
    );
}
