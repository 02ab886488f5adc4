//! Call stacks in events of the kernel, beside those of `perf record`; with the ring full.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{Scene, discarded, recorded};
use thalweg_testkit::babeltrace2_clean;

/// The functions of the program, which lies at fixed addresses.
const FUNCTIONS: [&str; 3] = ["inner", "outer", "main"];

fn build(scene: &Scene) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/writer.c");
    let flags = [
        "-O1",
        "-fno-omit-frame-pointer",
        "-fno-optimize-sibling-calls",
        "-no-pie",
        "-o",
        "writer",
    ];
    let mut compiler = scene.command("gcc", &flags);
    assert!(compiler.arg(source).status().unwrap().success());
}

/// The addresses behind a name in a line of a trace.
fn stack(line: &str, name: &str) -> Vec<u64> {
    let list = line.split(&format!("{name} = [")).nth(1).unwrap();
    let list = list.split(" ]").next().unwrap();
    let addresses = list.split("0x").skip(1).map(|text| {
        let end = text.find(|c: char| !c.is_ascii_hexdigit());
        u64::from_str_radix(&text[..end.unwrap_or(text.len())], 16).unwrap()
    });
    addresses.collect()
}

/// Where the program's functions begin and end.
fn functions(scene: &Scene) -> Vec<(u64, u64, String)> {
    let listed = scene.command("nm", &["-S", "writer"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let functions = listed.lines().filter_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [start, length, _, name] = words[..] else {
            return None;
        };
        let number = |text| u64::from_str_radix(text, 16).ok();
        let start = number(start)?;
        Some((start, start + number(length)?, name.to_owned()))
    });
    functions.collect()
}

/// The program's functions in the stacks of these lines.
fn ours(scene: &Scene, lines: &[&str]) -> BTreeSet<Vec<String>> {
    let functions = functions(scene);
    let name_at = |address: &u64| {
        let mut functions = functions.iter();
        let found = functions.find(|(start, end, _)| (*start..*end).contains(address));
        found.map(|(.., name)| name.clone())
    };
    let names = |line: &&str| {
        let stack = stack(line, "callstack_user");
        stack.iter().filter_map(name_at).collect()
    };
    lines.iter().map(names).collect()
}

/// What `perf record` finds of the program in its stacks.
fn theirs(scene: &Scene) -> BTreeSet<Vec<String>> {
    let event = ["-e", "syscalls:sys_enter_write", "--filter", "count == 7"];
    let flags = [
        &["record", "-g", "-o", "p.data"],
        &event[..],
        &["--", "./writer", "100"],
    ];
    let status = scene.command("perf", &flags.concat()).output().unwrap();
    assert!(status.status.success());
    let mut script = scene.command("perf", &["script", "-i", "p.data", "-F", "ip,sym"]);
    let script = String::from_utf8(script.output().unwrap().stdout).unwrap();
    let stacks = script.split("\n\n").map(|stack| {
        let names = stack
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1));
        let names = names.map(|name| name.split('+').next().unwrap().to_owned());
        names.filter(|name| FUNCTIONS.contains(&&**name)).collect()
    });
    stacks
        .filter(|stack: &Vec<String>| !stack.is_empty())
        .collect()
}

const EVENTS: [&str; 6] = [
    "record",
    "--no-user",
    "-k",
    "syscall_entry_write",
    "--kernel-filter",
    "count == 7",
];

#[test]
fn an_event_has_the_stacks_that_perf_finds() {
    let scene = Scene::new();
    build(&scene);
    let contexts = [
        "--context",
        "tid,procname,callstack-kernel,callstack-user",
        "-o",
        "t",
    ];
    let ended = scene.thalweg(&[&EVENTS[..], &contexts, &["--", "./writer", "3000"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("fault"), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let view = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(view.stdout == trace, "view and babeltrace2 differ");
    // Others may write seven bytes, too.
    assert!(recorded(&ended.stderr) >= 3000, "{}", ended.stderr);
    let lines = trace.lines().filter(|line| {
        line.contains("syscall_entry_write:")
            && line.contains("procname = \"writer\"")
            && line.contains("count = 7 }")
    });
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3000);
    let ours = ours(&scene, &lines);
    assert_eq!(ours, theirs(&scene));
    assert!(
        ours.iter()
            .all(|stack| stack.ends_with(&["outer".to_owned(), "main".to_owned()]))
    );
}

#[test]
fn what_happens_in_the_kernel_has_its_stack_there() {
    let scene = Scene::new();
    build(&scene);
    let events = [
        "record",
        "--no-user",
        "--follow",
        "-k",
        "sched_process_exit",
    ];
    let contexts = ["--context", "callstack-kernel", "-o", "t", "--"];
    let ended = scene.thalweg(&[&events[..], &contexts, &["./writer", "1"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let line = trace
        .lines()
        .find(|line| line.contains("comm = \"writer\""))
        .unwrap();
    let stack = stack(line, "callstack_kernel");
    assert!(stack.len() >= 3, "{line}");
    assert!(stack.iter().all(|address| *address > 1 << 63), "{line}");
    assert!(!line.contains("callstack_user"), "{line}");
}

/// Calls that programs of eBPF record have the same stacks.
#[test]
fn system_calls_have_the_stacks_that_perf_finds() {
    let scene = Scene::new();
    build(&scene);
    let args = [
        "record",
        "--no-user",
        "--follow",
        "--syscalls=write",
        "--kernel-filter",
        "syscall_entry_write: count == 7",
        "--context",
        "callstack-kernel,callstack-user",
        "-o",
        "t",
        "--",
        "./writer",
        "3000",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let view = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(view.stdout == trace, "view and babeltrace2 differ");
    let of_entries = trace
        .lines()
        .filter(|line| line.contains(" syscall_entry_write:"));
    let lines: Vec<&str> = of_entries.collect();
    assert_eq!(lines.len(), 3000);
    let ours = ours(&scene, &lines);
    assert_eq!(ours, theirs(&scene));
    for line in lines {
        let kernel = stack(line, "callstack_kernel");
        assert!(kernel.len() >= 2, "{line}");
        assert!(kernel.iter().all(|address| *address > 1 << 63), "{line}");
    }
}

/// The recorder is stopped while the program writes: what has no room is counted.
#[test]
fn what_finds_the_ring_full_is_counted() {
    let scene = Scene::new();
    build(&scene);
    let script = "kill -STOP $PPID; ./writer 20000; kill -CONT $PPID; ./writer 10";
    let flags = [
        "--follow",
        "--kernel-buffer",
        "64K",
        "--context",
        "callstack-kernel",
        "-o",
        "t",
    ];
    let ended = scene.thalweg(&[&EVENTS[..], &flags, &["--", "sh", "-c", script]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    assert!(!ended.stderr.contains("fault"), "{}", ended.stderr);
    let discarded = discarded(&ended.stderr);
    assert!(discarded > 10_000, "{discarded}");
    assert_eq!(recorded(&ended.stderr) + discarded, 20_010);
}

#[test]
fn programs_stacks_alone_leave_the_default_events_as_they_are() {
    let plan = |args: &[&str]| {
        let ended = Scene::new().thalweg(&[&["record", "--no-user", "--plan"], args].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    let named = ["-k", "sched_switch", "--context", "callstack-user"];
    assert!(
        plan(&named).starts_with("perf events: 1 event"),
        "{}",
        plan(&named)
    );
    assert!(plan(&["--context", "callstack-user"]).starts_with("tracefs: "));
}

/// The kernel's counter of such an event shows nanoseconds.
#[test]
fn events_that_measure_a_time_are_counted_as_events() {
    let scene = Scene::new();
    let flags = ["record", "--no-user", "-k", "sched_stat_runtime", "-o", "t"];
    let contexts = ["--context", "callstack-kernel", "--duration", "0.3"];
    let ended = scene.thalweg(&[&flags[..], &contexts].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("fault"), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    assert!(trace.lines().count() > 10);
    assert_eq!(recorded(&ended.stderr), trace.lines().count() as u64);
}
