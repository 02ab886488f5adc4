//! Contexts that programs take themselves: the call site's address, and what the application provides.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use thalweg_testkit::{SpawnGuarded as _, babeltrace2, finish, record_contexts_with_lttng};
use thalweg_tests::{Event, Installed, Link, Report, Trace, World, declared_contexts};

/// Records `sampled`, with so many turns.
#[track_caller]
fn record(world: &World, turns: &str, contexts: &[&str], filter: Option<&str>) -> Report {
    let options = world.recorder("trace").user("test:*").contexts(contexts);
    let options = match filter {
        Some(filter) => options.filter(filter),
        None => options,
    };
    let recorder = options.start();
    world.run("sampled", &[turns]);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    report.check_our_reader();
    report
}

/// The functions of a program.
struct Functions(Vec<(String, std::ops::Range<u64>)>);

impl Functions {
    /// By name, without the module's.
    fn of(program: &Path) -> Self {
        let mut nm = Command::new("nm");
        nm.args(["--print-size", "--demangle"]).arg(program);
        let ran = finish("nm", &mut nm);
        assert!(ran.success, "{}", ran.stderr);
        let function = |line: &str| {
            let mut words = line.split(' ');
            let mut number = || u64::from_str_radix(words.next()?, 16).ok();
            let (begin, size) = (number()?, number()?);
            let kind = words.next()?;
            let name = words.next().filter(|_| matches!(kind, "t" | "T"))?;
            let name = name.strip_prefix("sampled::").unwrap_or(name);
            let name = name.split(['(', ':']).next()?;
            Some((name.to_owned(), begin..begin + size))
        };
        Self(ran.stdout.lines().filter_map(function).collect())
    }

    /// The one that an address lies in, in a process where `begin` is where `known` begins. Of one that
    /// the compiler has cut in two both parts are it.
    fn at(&self, address: u64, (known, begin): (&str, u64)) -> &str {
        let known = self.0.iter().find(|(name, _)| name == known);
        let (_, known) = known.expect("the program has it");
        let address = address + known.start - begin;
        let found = self.0.iter().find(|(_, range)| range.contains(&address));
        let name = found.and_then(|(name, _)| name.split('.').next());
        name.unwrap_or("?")
    }
}

#[test]
fn names_and_types_are_lttngs() {
    let asked = ["vpid", "ip", "$app.shop:tenant"];
    let scratch = tempfile::tempdir().expect("there is room");
    let theirs = record_contexts_with_lttng(scratch.path(), 3, "bench:*", &asked);
    let world = World::new();
    let ours = record(&world, "1", &asked, None).output;
    let mut declared = declared_contexts(&ours);
    assert_eq!(declared.remove(1).0, "cpu_id", "LTTng has it in the packet");
    // Of an address LTTng shows the decimal digits.
    for (_, class) in &mut declared {
        *class = class.replace("Hexadecimal", "Decimal");
    }
    assert_eq!(declared, declared_contexts(&theirs));
    let printed = |dir: &Path| {
        let text = babeltrace2(dir).stdout;
        let line = text.lines().find(|line| !line.contains("statedump"));
        let (_, tail) = line?.split_once("_app_shop_tenant_tag")?;
        Some(tail.split("}, {").next()?.to_owned())
    };
    assert_eq!(printed(&ours), printed(&theirs));
}

#[test]
fn the_address_lies_in_the_function_that_emitted() {
    let world = World::new();
    let trace = record(&world, "3", &["ip"], None).trace();
    let functions = Functions::of(world.command("sampled").get_program().as_ref());
    let mut emitters = BTreeMap::<u64, u64>::new();
    let shout = trace.events().find(|event| event.name == "test:shout");
    let known = ("shout", shout.expect("there is one").number("function"));
    for event in trace.events().filter(|event| event.name != "test:inner") {
        let function = event.number("function");
        let [of, told] = [event.number("ip"), function].map(|at| functions.at(at, known));
        // Of an event in two functions an older return address may be found: 0023.
        let is_one_of_both = event.name == "test:common" && ["first", "second"].contains(&of);
        assert!(of == told || is_one_of_both, "{event:?}");
        *emitters.entry(function).or_default() += 1;
    }
    assert_eq!(emitters.len(), 4);
    assert!(emitters.values().all(|&events| events >= 3), "{emitters:?}");
}

/// What babeltrace2 prints of an application's context.
fn app<'t>(event: &Event<'t>, name: &str) -> &'t str {
    let value = event.find_field(&format!("_app_test_{name}"));
    let value = value.and_then(|value| value.strip_prefix("{ "));
    let value = value.and_then(|value| value.split_once(" }"));
    value.map_or("?", |(value, _)| value)
}

const APPS: [&str; 6] = [
    "$app.test:turn",
    "$app.test:big",
    "$app.test:half",
    "$app.test:tenant",
    "$app.test:nested",
    "$app.test:absent",
];

#[test]
fn the_applications_contexts_have_the_values_that_it_gives() {
    let world = World::new();
    let trace = record(&world, "2", &APPS, None).trace();
    let (last, rest) = trace
        .events()
        .filter(|event| event.name != "test:inner")
        .collect::<Vec<_>>()
        .split_last()
        .map(|(last, rest)| (*last, rest.to_vec()))
        .expect("there are events");
    assert_eq!(rest.len(), 10);
    let main = rest[0].thread();
    for (index, event) in rest.iter().enumerate() {
        let turn = index / 5 + 1;
        assert_eq!(app(event, "turn"), format!("-{turn}"));
        assert_eq!(app(event, "big"), u64::MAX.to_string());
        assert_eq!(app(event, "half"), (turn as f64 / 2.0).to_string());
        let tenant = match (event.thread() == main, turn) {
            (false, _) => "\"nobody\"",
            (true, 1) => "\"red\"",
            (true, _) => "\"blue\"",
        };
        assert_eq!(app(event, "tenant"), tenant);
        assert_eq!(app(event, "nested"), "1");
        assert_eq!(app(event, "absent"), "{", "it is the empty structure");
    }
    for name in ["turn", "big", "half", "tenant", "nested"] {
        assert_eq!(app(&last, name), "{", "no context is there any more");
    }
}

#[test]
fn events_of_a_contexts_own_function_have_none() {
    let world = World::new();
    let trace = record(&world, "1", &APPS, None).trace();
    let inner: Vec<_> = trace
        .events()
        .filter(|event| event.name == "test:inner")
        .collect();
    assert_eq!(inner.len(), 5, "one for each event, and none for itself");
    assert!(inner.iter().all(|event| app(event, "turn") == "{"));
}

#[track_caller]
fn check_filter(filter: &str, expected: &[&str]) {
    let world = World::new();
    let trace = record(&world, "2", &[], Some(filter)).trace();
    let names: Vec<_> = trace.events().map(|event| event.name).collect();
    assert_eq!(names, expected, "{filter}");
}

#[test]
fn filters_know_what_the_application_says_and_where_events_come_from() {
    let blue = ["test:shout", "test:common", "test:common", "test:handled"];
    check_filter("$app.test:tenant == \"bl*\"", &blue);
    check_filter("$app.test:turn == -2 && $app.test:tenant != \"no*\"", &blue);
    check_filter(
        "$app.test:half > 0.7 && $ctx.vpid != $ctx.vtid",
        &["test:shout"],
    );
    check_filter("$app.test:absent == 1 || $ctx.vpid > 0", &[]);
    check_filter(
        "$ctx.ip >= function && $ctx.ip < function + 64 && $app.test:turn == -1",
        &[
            "test:shout",
            "test:common",
            "test:common",
            "test:handled",
            "test:shout",
        ],
    );
    check_filter("$ctx.ip == 0", &[]);
}

/// The addresses of an event's callers.
fn callstack(event: &Event<'_>) -> Vec<u64> {
    let list = event.find_field("callstack_user").unwrap_or_default();
    let list = list.split(']').take_while(|part| !part.contains('}'));
    let addresses = list.filter_map(|part| part.split_once(" = 0x"));
    let number = |(_, digits): (&str, &str)| {
        let end = digits
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(digits.len());
        u64::from_str_radix(&digits[..end], 16).expect("digits")
    };
    let addresses: Vec<u64> = addresses.map(number).collect();
    assert_eq!(
        event.number("_callstack_user_length"),
        addresses.len() as u64
    );
    addresses
}

#[track_caller]
fn check_c(compiler: &str, flags: &[&str]) {
    let world = World::new();
    let installed = Installed::new(&world);
    let flags = [flags, &["-fno-omit-frame-pointer"]].concat();
    let program = installed.compile(compiler, &["contexts.c"], Link::Shared, &flags);
    let apps = ["turn", "name", "big", "half"].map(|name| format!("$app.test:{name}"));
    let options = world.recorder("trace").contexts(&["ip", "callstack-user"]);
    let recorder = options
        .contexts(&apps.each_ref().map(|name| &**name))
        .start();
    let mut command = Command::new(&program);
    world.place(&mut command);
    let ran = finish("contexts", &mut command);
    assert!(ran.success, "{ran:?}");
    let report = recorder.finish();
    report.check_our_reader();
    let (trace, functions) = (report.trace(), Functions::of(&program));
    let mut told = Vec::new();
    for event in trace.events() {
        let name = event.name.strip_prefix("test:").expect("a test's event");
        let known = (name, event.number("function"));
        assert_eq!(functions.at(event.number("ip"), known), name, "{event:?}");
        let values = ["turn", "name", "big", "half"].map(|name| app(&event, name));
        told.push(values.join(" "));
        let callers = callstack(&event);
        let callers: Vec<_> = callers
            .into_iter()
            .map(|at| functions.at(at, known))
            .collect();
        let expected = match name {
            // The last one comes from somewhere else.
            "shout" if told.len() < 7 => &["shout", "outer", "main"][..],
            _ => &[name, "main"],
        };
        assert_eq!(
            callers[..expected.len().min(callers.len())],
            *expected,
            "{event:?}"
        );
    }
    let all = |turn: &str, name: &str| format!("{turn} {name} 18446744073709551615 0.5");
    let (one, two, three) = (all("0", "\"one\""), all("1", "\"two\""), all("2", "{"));
    let none = "{ { { {".to_owned();
    assert_eq!(
        told,
        [&one, &one, &two, &two, &three, &three, &none].map(String::clone)
    );
}

#[test]
fn c_and_cpp_have_the_same() {
    for compiler in Installed::c_compilers() {
        check_c(compiler, &[]);
    }
    // clang lets nobody know where events of C++ are.
    check_c("g++", &["-x", "c++"]);
    check_c("gcc", &["-O0", "-fPIC"]);
}

#[test]
fn a_threads_counters_only_grow() {
    let world = World::new();
    let names = ["task-clock", "page-faults", "context-switches"];
    let asked = names.map(|name| format!("perf:thread:{name}"));
    let asked = asked.each_ref().map(|name| &**name);
    let report = record(&world, "20", &asked, None);
    assert!(report.notes.is_empty(), "{report:?}");
    let trace = report.trace();
    let main = trace.events().next().expect("there are events").thread();
    let mut threads = BTreeMap::<_, Vec<[u64; 3]>>::new();
    for event in trace.events() {
        let member = |name: &str| format!("perf_thread_{}", name.replace('-', "_"));
        let values = names.map(|name| event.number(&member(name)));
        threads.entry(event.thread()).or_default().push(values);
    }
    for values in threads.values() {
        let grows = |at: usize| values.windows(2).all(|pair| pair[0][at] <= pair[1][at]);
        assert!((0..names.len()).all(grows), "{values:?}");
        assert!(
            values.windows(2).all(|pair| pair[0][0] < pair[1][0]),
            "{values:?}"
        );
    }
    // Each other thread has its own, which begin with it.
    let of_main = &threads[&main];
    let (first, last) = (of_main[0], of_main[of_main.len() - 1]);
    assert!(
        (0..names.len()).all(|at| first[at] < last[at]),
        "{of_main:?}"
    );
    let others = threads.iter().filter(|(thread, _)| **thread != main);
    assert!(others.clone().count() == 20);
    assert!(others.into_iter().all(|(_, values)| values[0][0] < last[0]));
}

#[test]
fn a_counter_that_the_machine_has_not_is_0_and_that_is_one_line() {
    let world = World::new();
    let report = record(
        &world,
        "1",
        &["perf:thread:raw:rffffffffffff:none", "ip"],
        None,
    );
    let lacked = |note: &String| note.starts_with("this machine does not count perf_thread_raw");
    assert!(
        report.notes.len() == 1 && lacked(&report.notes[0]),
        "{report:?}"
    );
    let trace = report.trace();
    let counted = |event: Event<'_>| event.number("perf_thread_raw_rffffffffffff_none");
    assert!(trace.events().all(|event| counted(event) == 0));
}

#[test]
fn what_a_keeper_recovers_has_them_too() {
    let world = World::new();
    let options = world.recorder("trace").keeper().context("vpid");
    let recorder = options.contexts(&["ip", "$app.a:b"]).start();
    let mut child = world
        .command("steady")
        .spawn_guarded()
        .expect("cargo builds it");
    let emitted = || world.ledger().count(0);
    world.wait_until("events", || emitted() > 100);
    let output = recorder.kill();
    let last = emitted();
    let is_advert = |name: &String| name.ends_with(".sock");
    world.wait_until("the keeper's work", || !world.files().iter().any(is_advert));
    world
        .ledger()
        .flag()
        .store(1, std::sync::atomic::Ordering::SeqCst);
    child.wait().expect("it is our child");
    let trace = Trace::read(&output);
    let numbers: Vec<u64> = trace.events().map(|event| event.number("n")).collect();
    let end = *numbers.last().expect("there are events");
    assert!(
        numbers.iter().copied().eq(1..=end) && end >= last,
        "{end} of {last}"
    );
    assert!(trace.events().all(|event| event.number("ip") != 0));
}
