//! C and C++ programs under a recorder.

use std::path::Path;
use std::process::Command;
use thalweg_testkit::finish;
use thalweg_tests::{Installed, Link, Report, World, with_ids_numbered};

/// Name and fields of each event of `fields.c`, in order.
const FIELDS: &str = include_str!("c_fields.txt");
/// Of `plus.cpp`.
const PLUS: &str = include_str!("c_plus.txt");

/// Runs a program under a recorder of everything but `hidden:*`; what it said, and the report.
#[track_caller]
fn record(world: &World, program: &Path, args: &[&str]) -> (String, Report) {
    record_with_limit(world, program, args, 64 << 20)
}

#[track_caller]
fn record_with_limit(world: &World, program: &Path, args: &[&str], limit: u64) -> (String, Report) {
    let trace = program
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a plain name");
    let recorder = world
        .recorder(&format!("trace-of-{trace}"))
        .exclude("hidden:*");
    let recorder = recorder.limit_bytes(limit).start();
    let mut command = Command::new(program);
    command.args(args);
    world.place(&mut command);
    let ran = finish(trace, &mut command);
    let report = recorder.finish();
    assert!(ran.success, "{ran:?}");
    (ran.stdout, report)
}

/// The events of a trace, as our own reader and babeltrace2 both print them.
#[track_caller]
fn events(report: &Report) -> String {
    report.check_our_reader();
    let trace = report.trace();
    let lines = trace.events().map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        format!("{}: {fields}\n", event.name)
    });
    with_ids_numbered(&lines.collect::<String>())
}

/// Compiles and runs `fields.c`; its values have to come back.
#[track_caller]
fn check_fields(world: &World, installed: &Installed, compiler: &str, link: Link, flags: &[&str]) {
    let program = installed.compile(compiler, &["fields.c"], link, flags);
    let (_, report) = record(world, &program, &[]);
    let long = "x".repeat(31_999);
    let zeros = "0".repeat(1023);
    let found = events(&report)
        .replace(&long, "LONG")
        .replace(&zeros, "ZEROS");
    assert_eq!(found, FIELDS, "{compiler} {link:?} {flags:?}");
    assert_eq!(
        (report.lost(), report.lost_to("TooLarge")),
        (1, 1),
        "{report:?}"
    );
}

#[test]
fn values_of_all_types_come_back_from_c() {
    let world = World::new();
    let installed = Installed::new(&world);
    for compiler in Installed::c_compilers() {
        check_fields(&world, &installed, compiler, Link::Shared, &["-std=c11"]);
        check_fields(
            &world,
            &installed,
            compiler,
            Link::Shared,
            &["-O0", "-fPIC"],
        );
    }
}

#[test]
fn values_of_all_types_come_back_from_cpp() {
    let world = World::new();
    let installed = Installed::new(&world);
    for compiler in Installed::cpp_compilers() {
        let flags = ["-x", "c++", "-fvisibility=hidden"];
        check_fields(&world, &installed, compiler, Link::Shared, &flags);
    }
}

#[test]
fn values_of_all_types_come_back_from_static_programs() {
    let world = World::new();
    let installed = Installed::new(&world);
    check_fields(&world, &installed, "gcc", Link::Archive, &[]);
    check_fields(&world, &installed, "gcc", Link::StaticPie, &[]);
}

#[test]
fn cpp_has_events_before_main_in_templates_and_beside_exceptions() {
    let world = World::new();
    let installed = Installed::new(&world);
    let settings: [&[&str]; 3] = [
        &["-O0"],
        &[
            "-fPIC",
            "-fvisibility=hidden",
            "-fvisibility-inlines-hidden",
        ],
        &["-fPIC"],
    ];
    for compiler in Installed::cpp_compilers() {
        for flags in settings {
            let sources = ["plus.cpp", "second.cpp"];
            let program = installed.compile(compiler, &sources, Link::Shared, flags);
            let (_, report) = record(&world, &program, &[]);
            assert_eq!(events(&report), PLUS, "{compiler} {flags:?}");
        }
    }
    let program = installed.compile("g++", &["plus.cpp", "second.cpp"], Link::Archive, &[]);
    let (_, report) = record(&world, &program, &[]);
    assert_eq!(events(&report), PLUS, "from the archive");
}

/// What a program says that it emitted.
#[track_caller]
fn emitted(said: &str) -> u64 {
    let number = said.trim().strip_prefix("emitted ");
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("it said {said:?}"))
}

#[test]
fn four_threads_at_full_speed_are_accounted_for_to_the_event() {
    let world = World::new();
    let installed = Installed::new(&world);
    let program = installed.compile("gcc", &["threads.c"], Link::Shared, &[]);
    let (said, report) = record_with_limit(&world, &program, &["4", "50000"], 1 << 20);
    assert_eq!(emitted(&said), 200_000);
    assert_eq!(report.recorded() + report.lost(), 200_000, "{report:?}");
    assert!(report.recorded() > 0, "{report:?}");
    report.trace();
}

/// How many of 4 times 100 events pass a filter.
#[track_caller]
fn check_filter(world: &World, program: &Path, filter: &str, passes: u64) {
    let recorder = world.recorder(&format!("trace-of-{passes}"));
    let recorder = recorder.filter(filter).start();
    let mut command = Command::new(program);
    command.args(["4", "100"]);
    world.place(&mut command);
    assert!(finish("threads", &mut command).success);
    let report = recorder.finish();
    assert_eq!(
        (report.recorded(), report.lost()),
        (passes, 0),
        "{filter}: {report:?}"
    );
}

#[test]
fn filters_decide_by_the_numbers_and_texts_of_c() {
    let world = World::new();
    let installed = Installed::new(&world);
    let program = installed.compile("gcc", &["threads.c"], Link::Shared, &[]);
    check_filter(&world, &program, "n < 10 && text == \"some*\"", 40);
    check_filter(&world, &program, "thread == 2", 100);
    check_filter(&world, &program, "text != \"some text\"", 0);
    check_filter(&world, &program, "half == 49.5", 4);
    check_filter(&world, &program, "minus < -97", 8);
}

#[test]
fn modules_are_loaded_and_unloaded_while_their_events_run() {
    let world = World::new();
    let installed = Installed::new(&world);
    let modules: Vec<_> = ["-DMODULE=\"a\"", "-DMODULE=\"b\""]
        .iter()
        .map(|name| installed.compile("gcc", &["module.c"], Link::Module, &[*name]))
        .collect();
    let program = installed.compile("gcc", &["modules.c"], Link::Shared, &[]);
    let paths: Vec<&str> = modules.iter().filter_map(|path| path.to_str()).collect();
    let (said, report) = record(&world, &program, &["1000", paths[0], paths[1]]);
    assert_eq!(
        (report.recorded(), report.lost()),
        (emitted(&said), 0),
        "{report:?}"
    );
    let found = events(&report);
    // 2,000 rounds: so the modules were truly unloaded between them, and often.
    let begins = found.matches("module:begin: ").count();
    assert!(begins > 100, "{begins} loads");
    assert_eq!(found.matches("modules:child: ").count(), 1);
}

#[test]
fn children_have_their_own_events_under_their_own_numbers() {
    let world = World::new();
    let installed = Installed::new(&world);
    let program = installed.compile("gcc", &["forks.c"], Link::Shared, &[]);
    let (_, report) = record(&world, &program, &[]);
    let mut counts: Vec<u64> = report.sources.values().copied().collect();
    counts.sort_unstable();
    assert_eq!(
        (counts, report.lost()),
        (vec![100, 100, 200], 0),
        "{report:?}"
    );
    let trace = report.trace();
    let of = |generation| {
        let events = trace
            .events()
            .filter(move |event| event.number("generation") == generation);
        events
            .map(|event| event.thread().0)
            .collect::<std::collections::BTreeSet<u32>>()
    };
    let each = [of(0), of(1), of(2)];
    assert!(
        each.iter().all(|processes| processes.len() == 1),
        "{each:?}"
    );
    assert!(
        each[0] != each[1] && each[1] != each[2] && each[0] != each[2],
        "{each:?}"
    );
}

#[test]
fn events_of_c_never_call_the_allocator() {
    let world = World::new();
    let installed = Installed::new(&world);
    let module = installed.compile("gcc", &["module.c"], Link::Module, &["-DMODULE=\"a\""]);
    let program = installed.compile("gcc", &["allocs.c"], Link::Shared, &[]);
    let module = module.to_str().expect("a plain name");
    let (said, report) = record(&world, &program, &[module]);
    assert_eq!(said, "control 2 events 0\n");
    assert_eq!(
        report.recorded() + report.lost(),
        1 + 10_000 + 30_000 + 1,
        "{report:?}"
    );
}

#[test]
fn a_c_program_tells_its_state_when_it_is_asked() {
    let world = World::new();
    let installed = Installed::new(&world);
    let compilers = Installed::c_compilers()
        .into_iter()
        .chain(Installed::cpp_compilers());
    for compiler in compilers {
        let link = match compiler.ends_with("++") {
            true => Link::Archive,
            false => Link::Shared,
        };
        let language = ["-x", if compiler.ends_with("++") { "c++" } else { "c" }];
        let program = installed.compile(compiler, &["watch.c"], link, &language);
        let (said, report) = record(&world, &program, &[]);
        assert_eq!(said, "1 1 0 0\n", "{compiler}");
        let events = events(&report);
        let state = "watch:state: { item = 1 }\nwatch:state: { item = 2 }\n";
        assert!(events.starts_with(&format!("{state}watch:turn: {{ }}\n")));
        assert_eq!(events.matches("watch:state").count(), 2);
        assert_eq!(events.matches("watch:turn").count(), 1000);
    }
}

#[test]
fn without_a_recorder_nothing_happens_and_nothing_stays_behind() {
    let world = World::new();
    let installed = Installed::new(&world);
    let program = installed.compile("gcc", &["fields.c"], Link::Shared, &[]);
    let mut command = Command::new(program);
    world.place(&mut command);
    let ran = finish("fields", &mut command);
    assert!(
        ran.success && ran.stdout.is_empty() && ran.stderr.is_empty(),
        "{ran:?}"
    );
    assert_eq!(world.files(), Vec::<String>::new());
}
