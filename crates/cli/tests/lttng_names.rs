//! What real traces declare, beside what LTTng's kernel tracer declares for the same events.

mod common;
mod names;

#[path = "../../kbuf/tests/common/deviations.rs"]
mod deviations;
#[path = "../../kbuf/tests/common/listing.rs"]
mod listing;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::Scene;
use names::{Group, NEEDED, Tables};
use thalweg_model::{EventClass, TraceClass};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lttng-names.md");

/// What the metadata of a recording of a moment declares.
#[track_caller]
fn declared(scene: &Scene, output: &str, flags: &[&str]) -> TraceClass {
    let record = ["record", "--no-user", "-o", output];
    let ended = scene.thalweg(&[&record[..], flags, &["--", "true"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let metadata = scene.dir().join(output).join("kernel/metadata");
    thalweg_ctf::metadata::parse(&fs::read(metadata).unwrap()).unwrap()
}

fn is_call(name: &str) -> bool {
    name.starts_with("syscall_") || name.starts_with("compat_syscall_")
}

fn is_state(name: &str) -> bool {
    name.starts_with("lttng_statedump_")
}

/// `6.18` and how many tracepoints: so much of a kernel decides what the page shows.
fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let numbers: Vec<&str> = release.trim().split('.').take(2).collect();
    let events = fs::read_to_string("/sys/kernel/tracing/available_events").unwrap();
    let own = events.lines().filter(|line| !line.starts_with("thalweg_"));
    format!("Linux {}, {} tracepoints", numbers.join("."), own.count())
}

/// What viewers look for and does not find in an event that there is.
fn unmet(events: &[&EventClass]) -> Vec<String> {
    let mut unmet = Vec::new();
    for (name, needed) in NEEDED {
        for event in events.iter().filter(|event| event.name == *name) {
            let members = event.payload.members.iter();
            let fields: BTreeSet<&str> = members.map(|member| member.name.as_str()).collect();
            let lacking = needed
                .split_whitespace()
                .filter(|field| !fields.contains(field));
            unmet.extend(lacking.map(|field| format!("{name} lacks {field}")));
        }
    }
    unmet
}

/// On the live kernel; all tracepoints are on for a moment.
#[test]
fn every_event_has_lttngs_fields_types_and_order_or_a_reason() {
    let scene = Scene::new();
    let default = declared(&scene, "default", &[]);
    let every = ["-k", "*,lttng_statedump_*", "--syscalls"];
    let every = declared(&scene, "every", &every);
    let listing = listing::listing();
    let of = |trace: &TraceClass, is_meant: &dyn Fn(&str) -> bool| {
        Group::of(trace.events.iter(), &listing, is_meant)
    };
    let tracepoints = of(&default, &|name| !is_call(name) && !is_state(name));
    let plain_calls = of(&default, &is_call);
    let state = of(&every, &is_state);
    let calls = of(&every, &is_call);
    let all = of(&every, &|name| !is_call(name) && !is_state(name));
    let kernel = kernel();
    let tables = Tables {
        kernel: kernel.clone(),
        groups: vec![
            ("default tracepoints (`record`)", &tracepoints),
            ("system calls among them, by tracefs", &plain_calls),
            ("the state dump", &state),
            ("system calls (`--syscalls`)", &calls),
            ("all tracepoints (`-k '*'`)", &all),
        ],
        shown: vec![
            ("The default tracepoints", &tracepoints),
            ("The state dump", &state),
        ],
        listing: &listing,
    };
    let unargued = tables.groups.iter().flat_map(|(_, group)| group.unargued());
    let unargued: Vec<String> = unargued.collect();
    assert!(unargued.is_empty(), "{}", unargued.join("\n"));
    assert_eq!(state.rows.len() + state.own, 17);
    assert_eq!(
        (calls.same(), state.same()),
        (calls.rows.len(), state.rows.len())
    );
    // A call's arguments are recorded by tracefs, what they point at by programs.
    let events: BTreeMap<&str, &EventClass> = every
        .events
        .iter()
        .map(|event| (event.name.as_str(), event))
        .collect();
    let events: Vec<&EventClass> = events.into_values().collect();
    assert_eq!(unmet(&events), [""; 0]);
    check_page(&kernel, &tables.page());
}

/// The page is this one, if it is of this kernel.
#[track_caller]
fn check_page(kernel: &str, page: &str) {
    if std::env::var_os("THALWEG_BLESS").is_some_and(|value| value == "1") {
        fs::write(PAGE, page).unwrap();
    }
    let written = fs::read_to_string(Path::new(PAGE)).unwrap();
    if written.contains(&format!("The kernel: {kernel}.")) {
        assert!(
            written == page,
            "docs/lttng-names.md is old: its first line says how it is made"
        );
    }
}
