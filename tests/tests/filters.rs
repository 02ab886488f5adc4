//! Filters decide in the program, before anything is written: in one that starts under a recording,
//! and in one that ran before.

use thalweg_tests::{Report, Speaker, World};

/// A filter, and which of the numbers 0 to 99 pass it, of `filtered:all` and of `filtered:other`.
type Case = (&'static str, fn(u64) -> bool, fn(u64) -> bool);

const NONE: fn(u64) -> bool = |_| false;

const CASES: &[Case] = &[
    ("number < 10", |n| n < 10, |n| n < 10),
    ("number >= 90 && negative <= -95", |n| n >= 95, NONE),
    // An event without one of the fields is refused, whatever the others hold: as by LTTng.
    (
        "number == 3 || name == \"name-7\"",
        |n| n == 3 || n % 10 == 7,
        NONE,
    ),
    ("half > 48.9", |n| n >= 98, NONE),
    ("name == \"*-3\"", |n| n % 10 == 3, NONE),
    ("letter == \"ß\"", |n| n % 3 == 0, NONE),
    (
        "letter != \"ß\" && kind == 1",
        |n| n % 3 != 0 && n % 2 == 1,
        NONE,
    ),
    ("list[0] == 42", |n| n == 42, NONE),
    ("list[2] == 42", NONE, NONE),
    ("pair[1] == 11 && pair[0] == 1", |n| n == 11, NONE),
    ("at.x == 50 && at.y == 5", |n| n == 50, NONE),
    ("maybe == 9", |n| n % 4 == 0, NONE),
    ("secret == 30", |n| n == 10, NONE),
    ("unsigned == -1", |n| n == 0, NONE),
    ("(number & 3) == 2", |n| n & 3 == 2, |n| n & 3 == 2),
    ("number * 2 + 1 == 21", |n| n == 10, |n| n == 10),
    ("!(number >= 1)", |n| n == 0, |n| n == 0),
    (
        "$ctx.procname == \"filt*\" && number == 1",
        |n| n == 1,
        |n| n == 1,
    ),
    ("$ctx.procname == \"other\"", NONE, NONE),
    (
        "$ctx.vpid == $ctx.vtid && number == 2",
        |n| n == 2,
        |n| n == 2,
    ),
    (
        "$ctx.vuid == 0 && $ctx.cpu_id < 1024 && number == 4",
        |n| n == 4,
        |n| n == 4,
    ),
];

const COUNT: u64 = 100;

#[track_caller]
fn check(report: &Report, case: &Case) {
    let (filter, all, other) = *case;
    let of = |pass: fn(u64) -> bool| (0..COUNT).filter(move |n| pass(*n));
    let expected = (of(all).count() + of(other).count()) as u64;
    assert_eq!(
        (report.recorded(), report.lost()),
        (expected, 0),
        "{filter}"
    );
    if expected == 0 {
        return;
    }
    let trace = report.trace();
    let numbers = |name: &str| -> Vec<u64> {
        let events = trace.events().filter(|event| event.name == name);
        let number = |rest: &str| {
            let (_, rest) = rest.split_once("{ number = ")?;
            rest.split([',', ' ']).next()?.parse().ok()
        };
        events
            .map(|event| number(event.rest).expect("it has a number"))
            .collect()
    };
    assert_eq!(
        numbers("filtered:all"),
        of(all).collect::<Vec<_>>(),
        "{filter}"
    );
    assert_eq!(
        numbers("filtered:other"),
        of(other).collect::<Vec<_>>(),
        "{filter}"
    );
    let is_secret_told = trace.events().any(|event| event.rest.contains("secret"));
    assert!(
        !is_secret_told,
        "a field for filters only is not in the trace"
    );
}

#[test]
fn a_program_that_starts_under_a_recording_filters_from_its_first_event_on() {
    for case in CASES {
        let world = World::new();
        let recorder = world.recorder("trace").filter(case.0).start();
        world.run("filtered", &["100"]);
        check(&recorder.finish(), case);
    }
}

#[test]
fn a_program_that_runs_already_gets_the_filters_of_a_recorder_that_comes() {
    for case in CASES.iter().step_by(4) {
        let world = World::new();
        let mut command = world.command("filtered");
        command.args(["100", "late"]);
        let mut speaker = Speaker::start(&mut command);
        speaker.line();
        let recorder = world.recorder("trace").filter(case.0).start();
        speaker.go_on();
        speaker.end();
        check(&recorder.finish(), case);
    }
}

#[test]
fn recorders_with_and_without_a_filter_each_get_their_own() {
    let world = World::new();
    let filtered = world.recorder("filtered").filter("number == 1").start();
    let other = world.recorder("other").filter("number > 89").start();
    let everything = world.recorder("everything").start();
    world.run("filtered", &["100"]);
    assert_eq!(everything.finish().recorded(), 200);
    assert_eq!(other.finish().recorded(), 20);
    assert_eq!(filtered.finish().recorded(), 2);
}
