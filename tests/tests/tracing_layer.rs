//! Programs that speak through `tracing` and `log`: what they said is in the trace, to the event.

use std::collections::BTreeMap;
use thalweg_tests::{Recorder, Report, Speaker, Trace, World, is_full, with_ids_numbered};

/// Name and fields of each event, in order; the module is `:`.
const FIELDS: &str = r#":unsigned: { a = 255, b = 65535, c = 4294967295, d = 18446744073709551615, e = 0 }
:signed: { a = -128, b = -32768, c = -2147483648, d = -9223372036854775808, e = -1 }
:wide: { a = "-170141183460469231731687303715884105728", b = "340282366920938463463374607431768211455" }
:floats: { a = 1.5, b = -0.25, c = inf, yes = ( "true" : container = 1 ), no = ( "false" : container = 0 ) }
:texts: { empty = "", plain = "plain", far = "Привет", owned = "own" }
:bytes: { _some_length = 2, some = [ [0] = 0, [1] = 255 ], _none_length = 0, none = [ ], after = 9 }
:nul: { cut = "ab", debug = "de", after = 7 }
:long: { text = LONG, after = 8 }
:inner: { turn = 1 }
:long_ones: { a = 1, first = LONG, value = "r", _bytes_length = 1, bytes = [ [0] = 7 ], second = LONG, z = 2 }
:debug: { order = "Order { id: 7 }", list = "[1, 2]", shown = "no. 7" }
:message: { message = "order 7 of Ada", id = 7 }
:error: { error = "refused the order: invalid digit found in string" }
:inner: { turn = 1 }
:outer: { value = "r", after = 1 }
:failing: { value = "as far as it", after = 2 }
:cut: { text = "CUT", late = "", after = 3 }
:optional: { id = 7, fixed = 1, name = "Ada" }
:optional: { fixed = 1, name = "Bob" }
:optional: { id = 9, fixed = 1 }
:optional: { fixed = 1 }
:generic: { value = 7 }
:generic: { value = -7 }
:generic: { value = "seven" }
:generic: { value = 7.5 }
:dotted: { message = "m", http_method = "GET", type = 1, event = 2, a_b_c = 3 }
:clash: { message = "m", a_b = 1, a_b_2 = 2, message_2 = 3 }
shop::other:named: { a = 1 }
:HERE: { message = "unnamed" }
audit::NEXT: { message = "unnamed" }
:many: { a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7, a8 = 8, a9 = 9, b0 = 0, b1 = 1, b2 = 2, b3 = 3, b4 = 4, b5 = 5, b6 = 6, b7 = 7, b8 = 8, b9 = 9, c0 = 0, c1 = 1, c2 = 2, c3 = 3, c4 = 4, c5 = 5, c6 = 6, c7 = 7, c8 = 8, c9 = 9, d0 = 0, d1 = 1, d2 = 2, d3 = 3, d4 = 4, d5 = 5, d6 = 6, d7 = 7, d8 = 8, d9 = 9, e0 = 0, e1 = 1, e2 = 2, e3 = 3, e4 = 4, e5 = 5, e6 = 6, e7 = 7, e8 = 8, e9 = 9, f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9 }
:error_level: { message = "e" }
:warn_level: { message = "w" }
:info_level: { message = "i" }
:debug_level: { message = "d" }
:trace_level: { message = "t" }
log:old::net: { message = "lost 3 packets", file = "tests/programs/tracing_layer/fields.rs", line = N, module_path = "" }
log:: { message = "plain", file = "tests/programs/tracing_layer/fields.rs", line = N, module_path = "" }
log:made 0: { message = "no. 0", file = "tests/programs/tracing_layer/fields.rs", line = N, module_path = "" }
log:made 1: { message = "no. 1", file = "tests/programs/tracing_layer/fields.rs", line = N, module_path = "" }
log:made 0: { message = "no. 2", file = "tests/programs/tracing_layer/fields.rs", line = N, module_path = "" }
"#;

/// The same of spans; ids are numbered in the order in which they appear.
const SPANS: &str = r#":outer_begin: { span_id = #1, parent_span_id = #0, id = 1 }
:outer_enter: { span_id = #1 }
:inner_begin: { span_id = #2, parent_span_id = #1, name = "Ada" }
:inner_enter: { span_id = #2 }
:event: { a = 1 }
:inner_exit: { span_id = #2 }
:inner_end: { span_id = #2 }
:outer_exit: { span_id = #1 }
:outer_end: { span_id = #1 }
:late_begin: { span_id = #3, parent_span_id = #0, trace_id = "4bf92f3577b34da6a3ce929d0e0e4736" }
:late_record: { span_id = #3, id = 7 }
:late_record: { span_id = #3, id = "seven" }
:late_end: { span_id = #3 }
:cause_begin: { span_id = #4, parent_span_id = #0 }
:effect_begin: { span_id = #5, parent_span_id = #0 }
:effect_follows: { span_id = #5, follows_span_id = #4 }
:effect_end: { span_id = #5 }
:cause_end: { span_id = #4 }
:parent_begin: { span_id = #6, parent_span_id = #0 }
:of_parent: { span_id = #6, a = 1 }
:child_begin: { span_id = #7, parent_span_id = #6 }
:root_begin: { span_id = #8, parent_span_id = #0 }
:root_end: { span_id = #8 }
:child_end: { span_id = #7 }
:parent_end: { span_id = #6 }
:request_begin: { span_id = #9, parent_span_id = #0, id = 7, customer = "Ada" }
:request_enter: { span_id = #9 }
:received: { message = "got it" }
:request_exit: { span_id = #9 }
:request_enter: { span_id = #9 }
:request_exit: { span_id = #9 }
:request_enter: { span_id = #9 }
:request_exit: { span_id = #9 }
:request_enter: { span_id = #9 }
:request_exit: { span_id = #9 }
:request_end: { span_id = #9 }
:block_begin: { span_id = #10, parent_span_id = #0 }
:block_enter: { span_id = #10 }
:inside: { message = "in" }
:block_exit: { span_id = #10 }
:block_enter: { span_id = #10 }
:block_exit: { span_id = #10 }
:block_end: { span_id = #10 }
:moving_begin: { span_id = #11, parent_span_id = #0, id = 3 }
:moving_enter: { span_id = #11 }
:moving_exit: { span_id = #11 }
:moving_enter: { span_id = #11 }
:moving_exit: { span_id = #11 }
:moving_enter: { span_id = #11 }
:moving_exit: { span_id = #11 }
:moving_enter: { span_id = #11 }
:moving_exit: { span_id = #11 }
:moving_end: { span_id = #11 }
"#;

/// Runs the program to its end under a recorder; what it said, and what was recorded.
#[track_caller]
fn run(world: &World, recorder: Recorder, args: &[&str]) -> (String, Report) {
    let ran = world.command("tracing_layer").args(args).output();
    let ran = ran.expect("cargo builds it");
    assert!(ran.status.success(), "{ran:?}");
    let said = String::from_utf8(ran.stdout).expect("it says text");
    (said, recorder.finish())
}

/// Records the program whole, and reads it with both readers; name and fields of each event.
#[track_caller]
fn record(args: &[&str]) -> (String, Vec<(String, String)>) {
    let world = World::new();
    let (said, report) = run(&world, world.recorder("trace").start(), args);
    assert_eq!(report.lost(), 0, "{report:?}");
    report.check_our_reader();
    let trace = report.trace();
    let events = trace.events().map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        (event.name.to_owned(), fields.to_owned())
    });
    (said, events.collect())
}

fn lines(events: &[(String, String)]) -> String {
    let lines = events
        .iter()
        .map(|(name, fields)| format!("{name}: {fields}\n"));
    lines.collect()
}

#[test]
fn fields_of_all_kinds_come_back_typed() {
    let (said, events) = record(&["fields"]);
    let here = said.trim_start_matches("here ").trim_end();
    let here: u32 = here.parse().expect("it says a line of its source");
    let long = format!("\"{}\"", "x".repeat(10_000));
    let cut = format!("\\\"{}…\"", "ß".repeat(2_046));
    let text = lines(&events)
        .replace(&format!(":{here}: "), ":HERE: ")
        .replace(&format!(":{}: ", here + 1), ":NEXT: ")
        .replace(&long, "LONG")
        .replace(&cut, "CUT\"")
        .replace("tracing_layer::fields", "");
    let text: String = text.lines().map(without_line).collect();
    assert_eq!(text, FIELDS);
}

/// Lines of the program's source may change.
fn without_line(line: &str) -> String {
    let Some((before, rest)) = line.split_once("fields.rs\", line = ") else {
        return format!("{line}\n");
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}fields.rs\", line = N{rest}\n")
}

#[test]
fn spans_keep_their_ids_and_parents_wherever_they_go() {
    let (_, events) = record(&["spans"]);
    let text = lines(&events).replace("tracing_layer::spans", "");
    assert_eq!(with_ids_numbered(&text), SPANS);
}

#[test]
fn a_span_that_moves_is_entered_on_several_threads() {
    let world = World::new();
    let (_, report) = run(&world, world.recorder("trace").start(), &["spans"]);
    let trace = report.trace();
    let begins = trace
        .events()
        .filter(|event| event.name.ends_with("moving_enter"));
    let threads: Vec<(u64, u32)> = begins
        .map(|event| (event.number("span_id"), event.thread().1))
        .collect();
    let ids: std::collections::BTreeSet<_> = threads.iter().map(|entry| entry.0).collect();
    let tids: std::collections::BTreeSet<_> = threads.iter().map(|entry| entry.1).collect();
    // The third thread's poll is the last; the span is entered once more when the future is dropped.
    assert_eq!(
        (threads.len(), ids.len(), tids.len()),
        (4, 1, 4),
        "{threads:?}"
    );
}

#[test]
fn the_ninth_shape_of_a_call_site_and_all_further_ones_are_text() {
    let (_, events) = record(&["shapes", "16"]);
    let name = "tracing_layer::places:shape";
    assert!(events.iter().all(|event| event.0 == name), "{events:?}");
    let fields: Vec<&str> = events.iter().map(|event| event.1.as_str()).collect();
    let typed = "{ number = 7, a = 7, b = 7, c = 7 }";
    let first_text = "{ fields = \"number=8 d=8\" }";
    let last_text = "{ fields = \"number=15 a=15 b=15 c=15 d=15\" }";
    assert_eq!(
        (fields[7], fields[8], fields[15]),
        (typed, first_text, last_text)
    );
    assert_eq!(fields.len(), 16);
}

#[test]
fn call_sites_that_have_no_room_are_recorded_under_a_common_name() {
    let (_, events) = record(&["places"]);
    let other = |event: &&(String, String)| event.0 == "thalweg_tracing:other";
    let others: Vec<_> = events.iter().filter(other).collect();
    // 4,096 events can be defined, and the common ones are five, one for each level.
    assert_eq!((events.len(), others.len()), (5_000, 5_000 - (4_096 - 5)));
    let last = "{ name = \"many:place4999\", fields = \"number=4999\" }";
    assert_eq!(others.last().map(|event| event.1.as_str()), Some(last));
    assert_eq!(events[0], ("many:place0".into(), "{ number = 0 }".into()));
}

/// Each thread's ticks are there in their order, as many as the counts say.
#[track_caller]
fn check_ticks(trace: &Trace, threads: u64) -> u64 {
    let mut last = BTreeMap::new();
    let mut count = 0;
    for event in trace.events().filter(|event| event.name.ends_with(":tick")) {
        let (thread, n) = (event.number("thread"), event.number("n"));
        assert!(
            event.rest.contains(&format!("message = \"tick {n}\"")),
            "{event:?}"
        );
        assert_eq!(
            event.rest.contains("odd = \"odd\""),
            n % 2 == 1,
            "{event:?}"
        );
        if let Some(before) = last.insert(thread, n) {
            assert!(n > before, "{n} after {before}: {event:?}");
        }
        count += 1;
    }
    assert!(last.len() as u64 <= threads);
    count
}

#[test]
fn four_threads_that_meet_at_new_call_sites_lose_nothing() {
    let world = World::new();
    let (said, report) = run(
        &world,
        world.recorder("trace").start(),
        &["threads", "4", "1000"],
    );
    assert_eq!(said, "emitted 20000\n");
    assert_eq!(
        (report.recorded(), report.lost()),
        (20_000, 0),
        "{report:?}"
    );
    assert_eq!(check_ticks(&report.trace(), 4), 4_000);
}

#[test]
fn what_a_small_ring_has_no_room_for_is_counted() {
    let each = if is_full() { 250_000 } else { 20_000 };
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(64 << 10).start();
    let (said, report) = run(&world, recorder, &["threads", "4", &each.to_string()]);
    let emitted = 4 * each * 5;
    assert_eq!(said, format!("emitted {emitted}\n"));
    assert_eq!(report.recorded() + report.lost(), emitted, "{report:?}");
    assert!(report.lost() > 0, "the ring was not too small: {report:?}");
    assert!(check_ticks(&report.trace(), 4) <= 4 * each);
}

#[test]
fn a_recorder_that_comes_later_gets_every_event_from_then_on() {
    let world = World::new();
    let mut speaker = Speaker::start(
        world
            .command("tracing_layer")
            .args(["threads", "4", "1000", "late"]),
    );
    assert_eq!(speaker.line(), "emitted 50");
    assert_eq!(speaker.line(), "ready");
    let recorder = world.recorder("trace").start();
    speaker.go_on();
    assert_eq!(speaker.line(), "emitted 20000");
    speaker.end();
    let report = recorder.finish();
    assert_eq!(
        (report.recorded(), report.lost()),
        (20_000, 0),
        "{report:?}"
    );
    assert_eq!(check_ticks(&report.trace(), 4), 4_000);
}

#[test]
fn rules_choose_levels_and_other_layers_see_everything() {
    let world = World::new();
    let recorder = world.recorder("trace").at_least(6).start();
    let (said, report) = run(&world, recorder, &["beside"]);
    assert_eq!(said, "seen 200\n");
    assert_eq!((report.recorded(), report.lost()), (100, 0), "{report:?}");
    let trace = report.trace();
    assert!(trace.events().all(|event| event.name.ends_with(":wanted")));
}

#[test]
fn without_a_recorder_other_layers_see_everything() {
    let world = World::new();
    let ran = world.command("tracing_layer").arg("beside").output();
    assert_eq!(ran.expect("cargo builds it").stdout, b"seen 200\n");
}

#[test]
fn rules_choose_spans_by_their_events_names() {
    let world = World::new();
    let recorder = world.recorder("trace").exclude("*_begin").exclude("*:tick");
    let (_, report) = run(&world, recorder.start(), &["threads", "2", "100"]);
    assert_eq!((report.recorded(), report.lost()), (600, 0), "{report:?}");
}

#[test]
fn filters_see_the_values_of_every_shape() {
    let world = World::new();
    let recorder = world.recorder("trace").filter("number > 4 && a > 4");
    let (_, report) = run(&world, recorder.start(), &["shapes", "8"]);
    // Fields 5 and 7 have `a`; in the shapes without it the comparison refuses.
    assert_eq!((report.recorded(), report.lost()), (2, 0), "{report:?}");
    let world = World::new();
    let recorder = world.recorder("trace").filter("odd == \"odd\" && n < 10");
    let (_, report) = run(&world, recorder.start(), &["threads", "2", "100"]);
    assert_eq!((report.recorded(), report.lost()), (10, 0), "{report:?}");
    assert_eq!(check_ticks(&report.trace(), 2), 10);
}

#[test]
fn with_a_watcher_a_call_site_sleeps_until_a_recorder_comes() {
    let world = World::new();
    let mut speaker = Speaker::start(world.command("tracing_layer").arg("watched"));
    assert_eq!(speaker.line(), "sleeps");
    let recorder = world.recorder("trace").start();
    assert_eq!(speaker.line(), "emitted 100");
    let report = recorder.finish();
    assert_eq!(speaker.line(), "sleeps");
    speaker.end();
    assert_eq!((report.recorded(), report.lost()), (100, 0), "{report:?}");
}

/// What `tracing_allocs` counts: allocations of events, and of spans.
#[track_caller]
fn allocations(kind: &str) -> (u64, u64, Report) {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let ran = world.command("tracing_allocs").arg(kind).output();
    let said = String::from_utf8(ran.expect("cargo builds it").stdout).expect("it says text");
    let numbers: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [2, events, spans] = numbers[..] else {
        panic!("it said {said:?}");
    };
    (events, spans, recorder.finish())
}

#[test]
fn nothing_of_ours_allocates_after_a_call_site_s_first_use() {
    let (events, spans, report) = allocations("layer");
    let (_, of_registry, nothing) = allocations("nothing");
    assert_eq!((events, spans), (0, of_registry));
    assert!(report.recorded() > 0, "{report:?}");
    assert_eq!(nothing.recorded(), 0, "{nothing:?}");
}
