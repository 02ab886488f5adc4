//! Spans have ids that nobody else has, and the parents that they had in the program.

use std::collections::{BTreeMap, BTreeSet};
use thalweg_tests::{Event, Options, Report, Speaker, Trace, World, is_full, with_ids_numbered};

/// Name and fields of each event of `spans all`, in order; ids are numbered as they appear.
const ALL: &str = r#"s:outer_begin: { span_id = #1, parent_span_id = #0, id = 1 }
s:inner_begin: { span_id = #2, parent_span_id = #1, name = "Ada" }
s:event: { span_id = #2 }
s:inner_end: { span_id = #2 }
s:second_begin: { span_id = #3, parent_span_id = #1 }
s:second_end: { span_id = #3 }
s:outer_end: { span_id = #1 }
s:first_begin: { span_id = #4, parent_span_id = #0 }
s:within_begin: { span_id = #5, parent_span_id = #4 }
s:first_end: { span_id = #4 }
s:within_end: { span_id = #5 }
s:third_begin: { span_id = #6, parent_span_id = #0 }
s:third_end: { span_id = #6 }
s:left_begin: { span_id = #7, parent_span_id = #0 }
s:left_end: { span_id = #7 }
s:after_begin: { span_id = #8, parent_span_id = #0 }
s:after_end: { span_id = #8 }
s:parent_begin: { span_id = #9, parent_span_id = #0 }
s:child_begin: { span_id = #10, parent_span_id = #9, a = 1 }
s:grandchild_begin: { span_id = #11, parent_span_id = #10 }
s:grandchild_end: { span_id = #11 }
s:child_end: { span_id = #10 }
s:root_begin: { span_id = #12, parent_span_id = #0 }
s:root_end: { span_id = #12 }
s:parent_end: { span_id = #9 }
s:served_begin: { span_id = #13, parent_span_id = 0xF067AA0BA902B7, trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", _perhaps_tag = ( "none" : container = 0 ), perhaps = { { } } }
s:traced: { a = 1, trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", after = 2 }
s:served_end: { span_id = #13 }
s:task_begin: { span_id = #14, parent_span_id = #0, id = 7 }
s:beside_begin: { span_id = #15, parent_span_id = #0 }
s:task_enter: { span_id = #14 }
s:part_begin: { span_id = #16, parent_span_id = #14 }
s:part_end: { span_id = #16 }
s:task_exit: { span_id = #14 }
s:task_enter: { span_id = #14 }
s:part_begin: { span_id = #17, parent_span_id = #14 }
s:task_exit: { span_id = #14 }
s:part_end: { span_id = #17 }
s:beside_end: { span_id = #15 }
s:task_end: { span_id = #14 }
s:moving_begin: { span_id = #18, parent_span_id = #0, id = 3 }
s:moving_enter: { span_id = #18 }
s:polled_begin: { span_id = #19, parent_span_id = #18, left = 3 }
s:polled_end: { span_id = #19 }
s:moving_exit: { span_id = #18 }
s:moving_enter: { span_id = #18 }
s:polled_begin: { span_id = #20, parent_span_id = #18, left = 2 }
s:polled_end: { span_id = #20 }
s:moving_exit: { span_id = #18 }
s:moving_enter: { span_id = #18 }
s:polled_begin: { span_id = #21, parent_span_id = #18, left = 1 }
s:polled_end: { span_id = #21 }
s:moving_exit: { span_id = #18 }
s:moving_enter: { span_id = #18 }
s:polled_begin: { span_id = #22, parent_span_id = #18, left = 0 }
s:polled_end: { span_id = #22 }
s:moving_exit: { span_id = #18 }
s:moving_end: { span_id = #18 }
s:done: { }
s:dropped: { span_id = #0 }
s:shared_begin: { span_id = #23, parent_span_id = #0 }
s:shared_enter: { span_id = #23 }
s:polled_begin: { span_id = #24, parent_span_id = #23, left = 1 }
s:polled_end: { span_id = #24 }
s:shared_exit: { span_id = #23 }
s:shared_enter: { span_id = #23 }
s:polled_begin: { span_id = #25, parent_span_id = #23, left = 2 }
s:polled_end: { span_id = #25 }
s:shared_exit: { span_id = #23 }
s:between_begin: { span_id = #26, parent_span_id = #0 }
s:between_end: { span_id = #26 }
s:shared_enter: { span_id = #23 }
s:polled_begin: { span_id = #27, parent_span_id = #23, left = 0 }
s:polled_end: { span_id = #27 }
s:shared_exit: { span_id = #23 }
s:shared_enter: { span_id = #23 }
s:dropped: { span_id = #23 }
s:shared_exit: { span_id = #23 }
s:last_handle: { }
s:shared_end: { span_id = #23 }
s:dropped: { span_id = #0 }
"#;

/// A world in which the program has run to its end under a recorder.
#[track_caller]
fn record(world: &World, options: Options<'_>, args: &[&str]) -> Report {
    let recorder = options.start();
    world.run("spans", args);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    report
}

/// Name and fields of each event, a line each.
fn lines<'t>(events: impl Iterator<Item = Event<'t>>) -> String {
    let lines = events.map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        format!("{}: {fields}\n", event.name)
    });
    lines.collect()
}

#[test]
fn spans_have_the_parents_that_they_had_in_the_program() {
    let world = World::new();
    let report = record(&world, world.recorder("trace"), &["all"]);
    report.check_our_reader();
    let text = lines(report.trace().events());
    let text = text.replace("0xF067AA0BA902B7", "\"the caller's\"");
    let text = with_ids_numbered(&text).replace("\"the caller's\"", "0xF067AA0BA902B7");
    assert_eq!(text, ALL);
}

#[test]
fn a_future_that_moves_is_in_its_span_on_each_thread() {
    let world = World::new();
    let report = record(&world, world.recorder("trace"), &["all"]);
    let trace = report.trace();
    let threads = |name: &str| -> Vec<u32> {
        let events = trace.events().filter(|event| event.name == name);
        events.map(|event| event.thread().1).collect()
    };
    let entered = threads("s:moving_enter");
    let [begun] = threads("s:moving_begin")[..] else {
        panic!("it begins once: {trace:?}");
    };
    let distinct: BTreeSet<u32> = entered.iter().copied().chain([begun]).collect();
    assert_eq!((entered.len(), distinct.len()), (4, 5), "{entered:?}");
    assert_eq!(threads("s:moving_exit"), entered);
    // On the thread of the last poll.
    assert_eq!(threads("s:moving_end"), entered[3..]);
}

#[test]
fn a_span_that_nobody_records_is_nobody_s_parent() {
    let world = World::new();
    let options = world
        .recorder("trace")
        .exclude("s:outer*")
        .exclude("s:task*");
    let report = record(&world, options, &["all"]);
    let text = lines(report.trace().events());
    let without = |line: &&str| !line.starts_with("s:outer") && !line.starts_with("s:task");
    let expected: String = ALL
        .split_inclusive('\n')
        .filter(without)
        .map(|line| line.replace("parent_span_id = #1,", "parent_span_id = #0,"))
        .map(|line| line.replace("parent_span_id = #1 ", "parent_span_id = #0 "))
        .map(|line| line.replace("parent_span_id = #14 ", "parent_span_id = #15 "))
        .collect();
    let number = |text: &str| with_ids_numbered(&text.replace('#', ""));
    let caller = "parent_span_id = 0xF067AA0BA902B7";
    let text = text.replace(caller, "parent = 1");
    assert_eq!(
        number(&text),
        number(&expected.replace(caller, "parent = 1"))
    );
}

#[test]
fn who_asks_for_ends_only_gets_them_with_their_ids() {
    let world = World::new();
    let options = world.recorder("trace").user("s:*_end");
    let report = record(&world, options, &["all"]);
    let trace = report.trace();
    let ids: BTreeSet<u64> = trace
        .events()
        .map(|event| event.number("span_id"))
        .collect();
    let ends = ALL.matches("_end: ").count();
    assert_eq!((trace.len(), ids.len()), (ends as u64, ends));
    assert!(!ids.contains(&0));
}

/// The names of the events that pass.
#[track_caller]
fn filtered(filter: &str) -> Vec<String> {
    let world = World::new();
    let report = record(&world, world.recorder("trace").filter(filter), &["all"]);
    let trace = report.trace();
    trace.events().map(|event| event.name.to_owned()).collect()
}

#[test]
fn filters_see_trace_ids_as_text_and_span_ids_as_numbers() {
    let of_trace = filtered("trace_id == \"4bf92f3577b34da6*\"");
    assert_eq!(of_trace, ["s:served_begin", "s:traced"]);
    assert_eq!(
        filtered("parent_span_id == 0xf067aa0ba902b7"),
        ["s:served_begin"]
    );
    assert_eq!(filtered("trace_id != \"4bf92f*\""), [""; 0]);
}

/// The id and the parent's id of each span that has begun, by the process and what it says of itself.
fn begun(trace: &Trace, name: &str) -> Vec<(u32, String, u64, u64)> {
    let events = trace.events().filter(|event| event.name == name);
    let begun = events.map(|event| {
        let (id, parent) = (event.number("span_id"), event.number("parent_span_id"));
        let of = event.find_field("of").unwrap_or_default();
        let of = of.trim_start_matches('"').split('"').next();
        (
            event.thread().0,
            of.unwrap_or_default().to_owned(),
            id,
            parent,
        )
    });
    begun.collect()
}

#[test]
fn a_forked_child_gives_ids_of_its_own_under_its_parent_s() {
    let world = World::new();
    let report = record(&world, world.recorder("trace"), &["fork"]);
    let trace = report.trace();
    let [(parent, _, outer, 0)] = begun(&trace, "s:outer_begin")[..] else {
        panic!("one span is around all: {trace:?}");
    };
    let [(_, _, task, of_task)] = begun(&trace, "s:task_begin")[..] else {
        panic!("and one task: {trace:?}");
    };
    assert_eq!(of_task, outer);
    let own = begun(&trace, "s:own_begin");
    let last = begun(&trace, "s:last_begin");
    let ids: BTreeSet<u64> = own
        .iter()
        .chain(&last)
        .map(|span| span.2)
        .chain([outer, task])
        .collect();
    let processes: BTreeSet<(u32, &str)> = own.iter().map(|span| (span.0, &*span.1)).collect();
    let of: BTreeSet<&str> = processes.iter().map(|process| process.1).collect();
    assert_eq!(
        (processes.len(), of),
        (3, ["cloned", "forked", "parent"].into())
    );
    assert_eq!(
        (own.len(), last.len(), ids.len()),
        (6, 3, 11),
        "{own:?} {last:?}"
    );
    assert!(own.iter().all(|span| span.3 == task), "{own:?}");
    assert!(last.iter().all(|span| span.3 == 0), "{last:?}");
    // What began in the parent ends there, and only there.
    for name in ["s:outer_end", "s:task_enter", "s:task_exit", "s:task_end"] {
        let of = |event: Event<'_>| (event.name == name).then(|| event.thread().0);
        let processes: Vec<u32> = trace.events().filter_map(of).collect();
        assert_eq!(processes, [parent], "{name}");
    }
    assert_eq!(
        trace
            .events()
            .filter(|event| event.name == "s:own_end")
            .count(),
        6
    );
}

/// Which number of the program's an id stands for: each for one, whichever event says so.
#[derive(Default)]
struct Numbers {
    of_id: BTreeMap<u64, u64>,
    ids: BTreeMap<u64, u64>,
}

impl Numbers {
    #[track_caller]
    fn agree(&mut self, id: u64, number: u64) {
        assert_eq!(
            *self.of_id.entry(id).or_insert(number),
            number,
            "id {id:#x}"
        );
        assert_eq!(
            *self.ids.entry(number).or_insert(id),
            id,
            "number {number:#x}"
        );
    }
}

/// What is lost for want of room is not missed: the numbers tell what belongs together.
#[test]
fn interrupted_threads_give_no_id_twice_and_no_wrong_parent() {
    let (threads, each) = if is_full() { (8, 10_000) } else { (4, 1_500) };
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("spans", &["many", &threads.to_string(), &each.to_string()]);
    let trace = recorder.finish().trace();
    let mut numbers = Numbers::default();
    numbers.agree(0, 0);
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    let mut handlers = Vec::new();
    for event in trace.events() {
        let id = event.number("span_id");
        if event.name.ends_with("_end") {
            assert!(ended.insert(id), "{event:?}");
        } else if event.name.ends_with("_begin") {
            assert!(begun.insert(id), "{event:?}");
            match event.find_field("n") {
                Some(_) => {
                    numbers.agree(id, event.number("n"));
                    numbers.agree(event.number("parent_span_id"), event.number("of"));
                }
                None => handlers.push(event),
            }
        }
    }
    assert!(numbers.of_id.len() > 1000, "{} spans", numbers.of_id.len());
    assert!(!handlers.is_empty(), "nothing was interrupted");
    check_parents(&handlers, &trace, &numbers);
}

/// What a handler begins is part of what its own thread does.
#[track_caller]
fn check_parents(handlers: &[Event<'_>], trace: &Trace, numbers: &Numbers) {
    let ours = trace
        .events()
        .filter(|event| event.find_field("n").is_some());
    let threads: BTreeMap<u32, u64> = ours
        .map(|event| (event.thread().1, event.number("n") >> 32))
        .collect();
    for event in handlers {
        assert!(
            !numbers.of_id.contains_key(&event.number("span_id")),
            "{event:?}"
        );
        let parent = numbers.of_id.get(&event.number("parent_span_id"));
        if let Some(parent) = parent.filter(|parent| **parent != 0) {
            assert_eq!(
                Some(&(parent >> 32)),
                threads.get(&event.thread().1),
                "{event:?}"
            );
        }
    }
}

#[test]
fn a_recorder_that_comes_later_sees_no_half_of_a_span() {
    let world = World::new();
    let mut command = world.command("spans");
    let mut speaker = Speaker::start(command.arg("late"));
    let said = speaker.line();
    let recorder = world.recorder("trace").start();
    speaker.go_on();
    speaker.end();
    let report = recorder.finish();
    let text = with_ids_numbered(&lines(report.trace().events()));
    let expected =
        "s:late_begin: { span_id = #1, parent_span_id = #0 }\ns:late_end: { span_id = #1 }\n";
    assert_eq!((said.as_str(), text.as_str()), ("open", expected));
}
