//! The allocator's helper: each call of a program that nobody changed is an event with what the
//! call gave, whoever allocates, and the program does not notice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use thalweg_tests::{Event, Preloaded, Trace, World, compile};

/// A thread's calls, as lines `name a b block`.
type Calls = BTreeMap<u32, Vec<String>>;

/// What `calls` wrote down, under the names of the events.
fn noted(log: &Path) -> Calls {
    let mut calls = Calls::new();
    for line in std::fs::read_to_string(log).expect("it wrote it").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [tid, name, a, b, block] = words[..] else {
            panic!("a note: {line}");
        };
        let name = match name {
            "aligned_alloc" | "valloc" => "memalign",
            "reallocarray" => "realloc",
            name => name,
        };
        let of_thread = calls.entry(tid.parse().expect("a number")).or_default();
        of_thread.push(format!("{name} {a} {b} {block}"));
    }
    calls
}

/// The same line for an event; `None` if it is none of the allocator's.
fn call(event: &Event<'_>) -> Option<String> {
    let name = event.name.strip_prefix("lttng_ust_libc:")?;
    let (a, b, block) = match name {
        "malloc" => ("size", "", "ptr"),
        "calloc" => ("nmemb", "size", "ptr"),
        "realloc" => ("in_ptr", "size", "ptr"),
        "posix_memalign" => ("alignment", "size", "out_ptr"),
        "memalign" => ("alignment", "size", "ptr"),
        "free" => ("", "", "ptr"),
        other => panic!("LTTng knows no {other}"),
    };
    let number = |field: &str| {
        if field.is_empty() {
            0
        } else {
            event.number(field)
        }
    };
    Some(format!(
        "{name} {} {} {}",
        number(a),
        number(b),
        number(block)
    ))
}

/// Each thread's events between its marks.
fn recorded(trace: &Trace) -> Calls {
    let mut calls = Calls::new();
    let mut within = BTreeSet::new();
    for event in trace.events() {
        let (_, tid) = event.thread();
        let Some(line) = call(&event) else { continue };
        if line.starts_with("malloc 1000001 ") {
            within.insert(tid);
        }
        if within.contains(&tid) {
            calls.entry(tid).or_default().push(line.clone());
        }
        if line.starts_with("malloc 1000003 ") {
            within.remove(&tid);
        }
    }
    calls
}

/// Both are the same, call by call.
#[track_caller]
fn compare(noted: &Calls, recorded: &Calls) {
    assert_eq!(
        noted.keys().collect::<Vec<_>>(),
        recorded.keys().collect::<Vec<_>>(),
        "threads that called, and threads with events"
    );
    for (tid, calls) in noted {
        let events = &recorded[tid];
        let first = calls
            .iter()
            .zip(events)
            .position(|(call, event)| call != event);
        assert_eq!(
            first.map(|at| (&calls[at], &events[at])),
            None,
            "thread {tid}: the first call and event that differ"
        );
        assert_eq!(calls.len(), events.len(), "thread {tid}: calls, events");
    }
}

/// Each block that is given back was given before, and not given back since.
#[track_caller]
fn check_pairs(trace: &Trace) {
    let mut live: BTreeSet<(u32, u64)> = BTreeSet::new();
    let mut strange = Vec::new();
    for event in trace.events().filter(|event| call(event).is_some()) {
        let (pid, _) = event.thread();
        let mut end = |block: u64| {
            if block != 0 && !live.remove(&(pid, block)) {
                strange.push(format!("{event:?}"));
            }
        };
        match event.name {
            "lttng_ust_libc:free" => end(event.number("ptr")),
            "lttng_ust_libc:realloc" => end(event.number("in_ptr")),
            _ => {}
        }
        let given = match event.name {
            "lttng_ust_libc:free" => 0,
            "lttng_ust_libc:posix_memalign" => event.number("out_ptr"),
            _ => event.number("ptr"),
        };
        if given != 0 {
            assert!(live.insert((pid, given)), "given twice: {event:?}");
        }
    }
    assert_eq!(strange, Vec::<String>::new(), "given back, never given");
}

/// How `calls` is run. All its events fit into the first memory of a ring: however late the
/// recorder is, none is lost.
struct Case<'c> {
    how: &'c str,
    threads: u32,
    rounds: u32,
    helpers: &'c [&'c str],
    /// A library that is preloaded behind the helpers.
    behind: Option<&'c str>,
}

const SIMPLE: Case<'static> = Case {
    how: "threads",
    threads: 1,
    rounds: 1000,
    helpers: &["libc"],
    behind: None,
};

/// Runs `calls` and compares what it wrote down with the trace; its calls, and what it said.
#[track_caller]
fn check(case: &Case<'_>) -> (Calls, String) {
    let world = World::new();
    let program = compile(&world, "calls.c", "calls", &[]);
    let log = world.trace("log");
    let mut preloaded = Preloaded::new(case.helpers, &program)
        .arg(case.how)
        .arg(case.threads.to_string())
        .arg(case.rounds.to_string())
        .arg(&log);
    let plain = preloaded.run(&world, false);
    std::fs::remove_file(&log).expect("it wrote it");
    if let Some(source) = case.behind {
        let flags = ["-shared", "-fPIC", "-fno-builtin"];
        preloaded = preloaded.behind(&compile(&world, source, "behind.so", &flags));
    }
    let (ran, report) = preloaded.record_only(&world, "trace");
    assert!(ran.success, "{ran:?}");
    assert_eq!(ran.stdout, plain.stdout, "preloaded, and as it is");
    let guests = "Threads:\t1\nSigCgt:\t0000000000000000\n";
    assert_eq!(ran.stdout, guests, "no thread and no handler but its own");
    assert_eq!(report.lost(), 0, "{report:?}");
    let trace = report.trace();
    let noted = noted(&log);
    compare(&noted, &recorded(&trace));
    check_pairs(&trace);
    (noted, ran.stderr)
}

#[test]
fn each_call_of_one_thread_is_an_event_with_what_it_gave() {
    let (calls, said) = check(&SIMPLE);
    let total: usize = calls.values().map(Vec::len).sum();
    assert_eq!(total, 16 * SIMPLE.rounds as usize + 3);
    assert_eq!(said, "");
}

#[test]
fn each_call_of_four_threads_is_an_event_of_its_thread() {
    let (threads, rounds) = (4, 250);
    let (calls, _) = check(&Case {
        threads,
        rounds,
        ..SIMPLE
    });
    assert_eq!(calls.len(), 4);
    let total: usize = calls.values().map(Vec::len).sum();
    assert_eq!(total, 4 * (16 * rounds as usize + 3));
}

#[test]
fn a_call_that_is_refused_is_an_event_too_and_keeps_its_errno() {
    let (calls, _) = check(&Case {
        how: "fail",
        rounds: 10,
        ..SIMPLE
    });
    let refused = calls.values().flatten().filter(|call| call.ends_with(" 0"));
    // Three refusals a round, and a `free` of nothing.
    assert_eq!(refused.count(), 4 * 10);
}

#[test]
fn forked_children_have_events_of_their_own() {
    let (calls, _) = check(&Case {
        how: "fork",
        threads: 2,
        rounds: 100,
        ..SIMPLE
    });
    assert_eq!(calls.len(), 6, "three processes of two threads");
}

#[test]
fn an_allocator_behind_the_helper_is_told_without_what_it_calls_itself() {
    let (calls, _) = check(&Case {
        how: "fail",
        threads: 4,
        rounds: 200,
        behind: Some("arena.c"),
        ..SIMPLE
    });
    let blocks = calls
        .values()
        .flatten()
        .filter(|call| call.starts_with("malloc "));
    let is_of_arena = |call: &&String| {
        let block: u64 = call
            .rsplit(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .expect("a block");
        block == 0 || block >> 40 == 0x60
    };
    let (of_arena, of_others): (Vec<_>, Vec<_>) = blocks.partition(is_of_arena);
    assert_eq!(of_others, Vec::<&String>::new(), "blocks from elsewhere");
    assert!(of_arena.len() >= 800, "{}", of_arena.len());
}

#[test]
fn a_linker_that_allocates_and_locks_while_it_looks_is_served() {
    let helpers = &["libc", "pthread", "dl"];
    let (_, said) = check(&Case {
        helpers,
        behind: Some("dlsym.c"),
        ..SIMPLE
    });
    assert_eq!(said, "dlsym was called: yes\n");
}

#[test]
fn what_a_full_ring_refuses_is_counted_to_the_event() {
    let world = World::new();
    let program = compile(&world, "calls.c", "calls", &[]);
    let mut preloaded = Preloaded::new(&["libc"], &program)
        .arg("threads")
        .arg("1")
        .arg("5000")
        .arg(world.trace("log"));
    // How many calls there are is known from a recording that lost none; on a machine with much
    // else to do not every one is so.
    let mut tries = (0..10).map(|at| preloaded.record_only(&world, &format!("whole{at}")).1);
    let whole = tries.find(|report| report.lost() == 0);
    let whole = whole.expect("one of ten recordings loses nothing");
    preloaded = preloaded.limit_bytes(64 << 10);
    let (_, cut) = preloaded.record_only(&world, "cut");
    cut.trace();
    assert!(cut.lost() > 0, "{cut:?}");
    assert_eq!(
        cut.recorded() + cut.lost(),
        whole.recorded(),
        "{cut:?} {whole:?}"
    );
}

#[test]
fn statics_of_a_cpp_program_allocate_before_main_and_after_it() {
    let world = World::new();
    let program = compile(&world, "statics.cpp", "statics", &[]);
    let (ran, report) = Preloaded::new(&["libc", "pthread", "dl"], &program).record(&world, "t");
    assert_eq!(ran.stdout, "thrown\n1001 100000\n");
    assert_eq!(report.lost(), 0, "{report:?}");
    let trace = report.trace();
    check_pairs(&trace);
    let calls: Vec<String> = trace.events().filter_map(|event| call(&event)).collect();
    let find = |begin: &str| calls.iter().position(|call| call.starts_with(begin));
    let (first, last) = (find("malloc 1000001 "), find("malloc 1000003 "));
    let (Some(first), Some(last)) = (first, last) else {
        panic!("no events of statics in {} calls", calls.len());
    };
    let names = calls[first..last]
        .iter()
        .filter(|call| call.starts_with("malloc 101 "));
    assert_eq!(names.count(), 1000, "texts of 100 bytes");
}

#[test]
fn a_rust_program_with_events_of_its_own_has_both() {
    let world = World::new();
    let program = world.command("ticks").get_program().to_owned();
    let mut preloaded = Preloaded::new(&["libc", "pthread", "dl"], Path::new(&program))
        .arg("1")
        .arg("10000");
    let (ran, report) = preloaded.record_only(&world, "trace");
    assert!(ran.success, "{ran:?}");
    let trace = report.trace();
    assert_eq!(report.lost(), 0, "{report:?}");
    assert_eq!(trace.missing(world.ledger()), [].into());
    assert_eq!(world.ledger().total(), 10_000);
    check_pairs(&trace);
    assert!(trace.events().filter_map(|event| call(&event)).count() > 10);
}

#[test]
fn python_says_the_same_when_each_of_its_objects_is_an_event() {
    let world = World::new();
    let script = "import json\nd = [{'id': i, 'v': [i * 0.5] * 3} for i in range(300)]\n\
                  for _ in range(3): d = json.loads(json.dumps(d))\nprint(len(json.dumps(d)))";
    let (ran, report) = Preloaded::new(&["libc"], Path::new("/usr/bin/python3"))
        .arg("-c")
        .arg(script)
        .env("PYTHONMALLOC", "malloc")
        .record(&world, "trace");
    assert!(ran.success && ran.stderr.is_empty(), "{ran:?}");
    let trace = report.trace();
    assert!(trace.len() + report.lost() > 20_000, "{report:?}");
    if report.lost() == 0 {
        check_pairs(&trace);
    }
}
