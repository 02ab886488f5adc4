//! The helpers of mutexes, functions and libraries, over programs that nobody changed.

use std::collections::BTreeMap;
use std::path::Path;

use thalweg_testkit::finish;
use thalweg_tests::{Event, Preloaded, Report, Trace, World, compile};

/// The numbers that a program said.
fn numbers(said: &str) -> Vec<u64> {
    let words = said.split_whitespace();
    words.map(|word| word.parse().expect("a number")).collect()
}

/// How many events there are of each kind, by the text that `key` makes of them.
fn counts<'t>(trace: &'t Trace, key: impl Fn(&Event<'t>) -> String) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for event in trace.events() {
        *counts.entry(key(&event)).or_default() += 1;
    }
    counts
}

#[track_caller]
fn trace_without_losses(report: &Report) -> Trace {
    assert_eq!(report.lost(), 0, "{report:?}");
    report.trace()
}

#[track_caller]
fn check_locks(threads: u64, rounds: u64) {
    let world = World::new();
    let program = compile(&world, "locks.c", "locks", &[]);
    let (ran, report) = Preloaded::new(&["pthread"], &program)
        .arg(threads.to_string())
        .arg(rounds.to_string())
        .record_only(&world, "trace");
    let said = numbers(&ran.stdout);
    assert_eq!(said[1], threads * rounds, "{ran:?}");
    let trace = trace_without_losses(&report);
    let all = threads * rounds;
    let found = counts(&trace, |event| {
        let name = event
            .name
            .trim_start_matches("lttng_ust_pthread:pthread_mutex_");
        let which = if event.number("mutex") == said[0] {
            "all"
        } else {
            "own"
        };
        match event.find_field("status") {
            Some(_) => format!("{name} {which} {}", event.number("status")),
            None => format!("{name} {which}"),
        }
    });
    let expected = [
        ("lock_acq all 0", all),
        ("lock_req all", all),
        ("trylock own 0", all),
        ("trylock own 16", all),
        ("unlock all 0", all),
        ("unlock own 0", all),
    ];
    let expected = expected.map(|(what, count)| (what.to_owned(), count));
    assert_eq!(found, BTreeMap::from(expected));
    check_owners(&trace, said[0]);
}

/// Between a thread's success and its request for the next time nobody else can have had it twice:
/// each thread's events of the mutex go request, success, end.
#[track_caller]
fn check_owners(trace: &Trace, mutex: u64) {
    let mut state: BTreeMap<u32, usize> = BTreeMap::new();
    let order = ["lock_req", "lock_acq", "unlock"];
    for event in trace
        .events()
        .filter(|event| event.number("mutex") == mutex)
    {
        let (_, tid) = event.thread();
        let at = state.entry(tid).or_default();
        assert!(
            event.name.ends_with(order[*at]),
            "{} is due: {event:?}",
            order[*at]
        );
        *at = (*at + 1) % 3;
    }
}

#[test]
fn each_lock_try_and_unlock_of_one_thread_is_an_event() {
    check_locks(1, 3000);
}

#[test]
fn each_lock_try_and_unlock_of_four_threads_is_an_event_of_its_thread() {
    check_locks(4, 800);
}

/// Each function ends in the thread and at the depth in which it began.
#[track_caller]
fn check_functions(helper: &str, threads: u64, rounds: u64) {
    let world = World::new();
    let program = compile(
        &world,
        "functions.c",
        "functions",
        &["-finstrument-functions"],
    );
    let (ran, report) = Preloaded::new(&[helper], &program)
        .arg(threads.to_string())
        .arg(rounds.to_string())
        .record_only(&world, "trace");
    let [outer, inner, handler, handled] = numbers(&ran.stdout)[..] else {
        panic!("{ran:?}");
    };
    let trace = trace_without_losses(&report);
    let provider = match helper {
        "functions" => "lttng_ust_cyg_profile:",
        _ => "lttng_ust_cyg_profile_fast:",
    };
    let mut stacks: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    let mut calls: BTreeMap<u64, u64> = BTreeMap::new();
    for event in trace.events() {
        let stack = stacks.entry(event.thread().1).or_default();
        let address = event.find_field("addr").map(|_| event.number("addr"));
        match event.name.strip_prefix(provider) {
            Some("func_entry") => {
                let address = address.expect("a function that begins has an address");
                *calls.entry(address).or_default() += 1;
                assert!(
                    address != inner || stack.last() == Some(&outer),
                    "{event:?}"
                );
                stack.push(address);
            }
            Some("func_exit") => {
                let began = stack.pop();
                assert!(began.is_some(), "never began: {event:?}");
                assert_eq!(address.is_some(), helper == "functions", "{event:?}");
                assert!(address.is_none() || address == began, "{event:?}");
            }
            _ => panic!("{event:?}"),
        }
        if helper == "functions" && address == Some(inner) {
            let site = event.number("call_site");
            assert!(
                site > outer && site - outer < 200,
                "called from outer: {event:?}"
            );
        }
    }
    let open: usize = stacks.values().map(Vec::len).sum();
    assert_eq!(open, 0, "functions that never end");
    let mut expected = BTreeMap::from([(outer, threads * rounds), (inner, 2 * threads * rounds)]);
    if handled > 0 {
        expected.insert(handler, handled);
    }
    assert_eq!(calls, expected);
}

#[test]
fn each_function_of_one_thread_begins_and_ends() {
    check_functions("functions", 1, 3000);
    check_functions("functions_fast", 1, 3000);
}

#[test]
fn each_function_of_four_threads_begins_and_ends_in_its_thread() {
    check_functions("functions", 4, 800);
    check_functions("functions_fast", 4, 800);
}

/// Builds what `libraries` opens.
#[track_caller]
fn build_libraries(world: &World) -> std::path::PathBuf {
    let library = |name: &str, number: u32, flags: &[&str]| {
        let number = format!("-DNUMBER={number}");
        compile(
            world,
            "plug.c",
            name,
            &[&["-shared", "-fPIC", &number], flags].concat(),
        )
    };
    let must = |program: &str, args: &[&str]| {
        let mut command = std::process::Command::new(program);
        let ran = finish(program, command.args(args).current_dir(world.trace("")));
        assert!(ran.success, "{program} {args:?}: {}", ran.stderr);
    };
    std::fs::create_dir(world.trace("beside")).expect("the folder is the test's own");
    library("plug.so", 1, &["-g", "-Wl,--build-id=0x0123456789abcdef"]);
    must("objcopy", &["--only-keep-debug", "plug.so", "plug.debug"]);
    must(
        "objcopy",
        &["--strip-debug", "--add-gnu-debuglink=plug.debug", "plug.so"],
    );
    library("beside/libbeside.so", 2, &["-Wl,--build-id=none"]);
    library(
        "libother.so",
        3,
        &["-Dnumber=number_of_other", "-Wl,--build-id=0xff"],
    );
    let folder = world.trace("");
    let folder = folder.to_str().expect("it has a plain name");
    let flags = [
        "-shared",
        "-fPIC",
        "-Wl,-rpath,$ORIGIN",
        "-L",
        folder,
        "-lother",
    ];
    compile(world, "needs.c", "needs.so", &flags);
    std::os::unix::fs::symlink("plug.so", world.trace("link.so")).expect("it is new");
    std::fs::write(world.trace("text.so"), "no library\n").expect("it is new");
    compile(
        world,
        "libraries.c",
        "libraries",
        &["-Wl,-rpath,$ORIGIN/beside"],
    )
}

/// An event without what differs from run to run: addresses become the libraries' names.
fn told(event: &Event<'_>, names: &mut BTreeMap<u64, String>) -> String {
    let base = event.number("baddr");
    if let Some(path) = event.find_field("path") {
        let path = path.split('"').nth(1).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        names.insert(base, name.to_owned());
    }
    let name = names.get(&base).map_or("program", String::as_str);
    let mut text = format!("{} {name}", event.name.trim_start_matches("lttng_ust_"));
    for field in ["nsid", "flags", "has_build_id", "has_debug_link"] {
        if let Some(value) = event.find_field(field) {
            let value = value.split([',', ' ']).next().unwrap_or_default();
            text.push_str(&format!(" {value}"));
        }
    }
    if let Some((_, id)) = event.rest.split_once("build_id = [ ") {
        let bytes = id
            .split("0x")
            .skip(1)
            .map(|byte| byte.split([',', ' ']).next());
        let bytes: Vec<&str> = bytes.map(Option::unwrap_or_default).collect();
        text.push_str(&format!(" {}", bytes.join("-")));
    }
    if let Some(file) = event.find_field("filename") {
        text.push_str(&format!(" {}", file.split('"').nth(1).unwrap_or_default()));
    }
    text
}

const OPENED: &str = "\
dl:dlopen plug.so 0x2 1 1
dl:build_id plug.so 1-23-45-67-89-AB-CD-EF
dl:debug_link plug.so plug.debug
lib:load plug.so 1 1
lib:build_id plug.so 1-23-45-67-89-AB-CD-EF
lib:debug_link plug.so plug.debug
dl:dlopen plug.so 0x101 1 1
dl:build_id plug.so 1-23-45-67-89-AB-CD-EF
dl:debug_link plug.so plug.debug
dl:dlclose plug.so
dl:dlclose plug.so
lib:unload plug.so
dl:dlopen needs.so 0x2 1 0
dl:build_id needs.so ID
lib:load needs.so 1 0
lib:build_id needs.so ID
lib:load libother.so 1 0
lib:build_id libother.so FF
dl:dlclose needs.so
lib:unload needs.so
lib:unload libother.so
dl:dlmopen plug.so -1 0x2 1 1
dl:build_id plug.so 1-23-45-67-89-AB-CD-EF
dl:debug_link plug.so plug.debug
dl:dlclose plug.so
dl:dlopen libbeside.so 0x2 0 0
lib:load libbeside.so 0 0
dl:dlclose libbeside.so
lib:unload libbeside.so
dl:dlopen libbeside.so 0x2 0 0
lib:load libbeside.so 0 0
dl:dlclose libbeside.so
lib:unload libbeside.so
dl:dlmopen libbeside.so -1 0x2 0 0
dl:dlclose libbeside.so
dl:dlclose program
";

#[test]
fn libraries_come_and_go_with_their_build_ids_and_from_where_they_would() {
    let world = World::new();
    let program = build_libraries(&world);
    let (ran, report) = Preloaded::new(&["dl"], &program)
        .arg(world.trace(""))
        .record(&world, "trace");
    let opened = ran.stdout.lines().filter(|line| line.contains(": opened "));
    assert_eq!(opened.count(), 8, "{}", ran.stdout);
    let trace = trace_without_losses(&report);
    let mut names = BTreeMap::new();
    let lines: Vec<String> = trace
        .events()
        .map(|event| told(&event, &mut names))
        .collect();
    let mut text = lines.join("\n") + "\n";
    // The linker makes up the build id of the one library that was not given any.
    let made_up = text
        .lines()
        .find_map(|line| line.strip_prefix("dl:build_id needs.so "));
    let made_up = made_up.expect("needs.so has a build id").to_owned();
    assert_eq!(made_up.split('-').count(), 20, "SHA-1: {made_up}");
    text = text.replace(&made_up, "ID");
    assert_eq!(text, OPENED);
    let paths = trace.events().filter_map(|event| event.find_field("path"));
    let folder = world.trace("").canonicalize().expect("it is there");
    for path in paths {
        let path = path.split('"').nth(1).expect("a path");
        assert!(Path::new(path).starts_with(&folder), "{path}");
    }
}
