//! Programs and recorders in different pid namespaces that share nothing but the rendezvous folder.

use std::sync::atomic::Ordering::SeqCst;

use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Report, Trace, World};

/// What runs a command in a pid namespace of its own.
type Within = &'static [&'static str];

const OWN: Within = &["unshare", "-pf", "--mount-proc", "--kill-child"];
/// Its `/proc` is that of the outside.
const OWN_PIDS: Within = &["unshare", "-pf", "--kill-child"];
/// Of users, too: as one that nobody knows there, and as root.
const OWN_USERS: Within = &["unshare", "-Upf", "--mount-proc", "--kill-child"];
const OWN_ROOT: Within = &["unshare", "-Urpf", "--mount-proc", "--kill-child"];

fn words(within: Within) -> Vec<String> {
    within.iter().map(|word| (*word).to_owned()).collect()
}

/// A program that runs until the flag is 9, and is killed with the value.
struct Running<'w> {
    world: &'w World,
    child: Guarded,
}

impl<'w> Running<'w> {
    fn start(world: &'w World, within: Within, program: &str, args: &[&str]) -> Self {
        let mut command = world.command_within(&words(within), program);
        let child = command.args(args).spawn_guarded().expect("util-linux");
        Self { world, child }
    }

    #[track_caller]
    fn end(mut self) {
        self.world.ledger().flag().store(9, SeqCst);
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until so many programs have files with names.
#[track_caller]
fn has_files(world: &World, count: usize) {
    let visible = || {
        let names = world.files();
        let programs = names.iter().filter(|name| name.split('-').count() == 3);
        programs
            .filter(|name| !name.starts_with('.') && !name.ends_with(".sock"))
            .count()
    };
    // Adverts have as many parts, and are not there yet.
    world.wait_until("the programs' files", || visible() == count);
}

#[test]
fn a_program_that_runs_already_is_traced_wherever_it_runs() {
    for within in [OWN, OWN_PIDS, OWN_USERS, OWN_ROOT] {
        let world = World::new();
        let child = Running::start(&world, within, "ticks", &["2", "1000", "wait"]);
        has_files(&world, 1);
        let recorder = world.recorder("trace").start();
        child.end();
        let report = recorder.finish();
        let trace = report.trace();
        assert_eq!(trace.missing(world.ledger()), [].into(), "{report:?}");
        assert_eq!(
            (report.recorded(), report.notes.len()),
            (2000, 0),
            "{report:?}"
        );
        assert!(trace.events().all(|event| event.thread().0 == 1), "vpid");
    }
}

#[test]
fn programs_with_the_same_number_in_two_namespaces_are_two() {
    let world = World::new();
    let early = Running::start(&world, OWN, "states", &["poll"]);
    has_files(&world, 1);
    let recorder = world.recorder("trace").start();
    world.wait_until("events", || world.ledger().count(0) > 1000);
    // Its number is 1, too, and it is another image.
    let late = Running::start(&world, OWN, "states", &["wait"]);
    world.wait_until("its state", || world.ledger().count(100) == 3);
    // For some time: who is taken for dead is left at the next look.
    let before = world.ledger().count(0);
    let more = || world.ledger().count(0) > before + 50_000;
    world.wait_until("more events", more);
    early.end();
    late.end();
    let report = recorder.finish();
    let trace = report.trace();
    assert_eq!(report.lost(), 0, "{report:?}");
    assert_eq!(told(&trace), 9);
    let ticks = trace.events().filter(|event| event.name == "test:tick");
    let last = ticks.map(|event| event.number("n")).max();
    assert_eq!(last, Some(world.ledger().count(0)));
    let starts = trace.dump().filter(|event| event.name.ends_with(":start"));
    assert_eq!(starts.count(), 2);
}

fn told(trace: &Trace) -> usize {
    let states = trace.events().filter(|event| event.name == "test:state");
    states.count()
}

#[test]
fn threads_of_another_namespace_are_known_by_their_own_numbers() {
    let world = World::new();
    let child = Running::start(&world, OWN, "states", &["wait"]);
    has_files(&world, 1);
    let mut recorder = world.recorder("trace").context("vtid").start();
    world.wait_until("its state", || world.ledger().count(100) == 2);
    recorder.order("states");
    world.wait_until("its state again", || world.ledger().count(100) == 4);
    child.end();
    let report = recorder.finish();
    let trace = report.trace();
    let named = trace
        .dump()
        .filter(|event| event.name.ends_with(":procname"));
    let mut named: Vec<(u32, &str)> = named
        .map(|event| {
            let (_, name) = event.rest.rsplit_once("procname = \"").expect("the field");
            (event.thread().1, name.split('"').next().unwrap_or_default())
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named[0], (1, "states"));
    let tellers: Vec<&str> = named[1..].iter().map(|(_, name)| *name).collect();
    assert!(
        tellers.contains(&"teller-a") && tellers.contains(&"teller-b"),
        "{named:?}"
    );
    assert!(named.iter().all(|(vtid, _)| *vtid < 20), "{named:?}");
    let own = |path: &str| path.contains("/states\"");
    let has = trace
        .dump()
        .any(|event| event.find_field("path").is_some_and(own));
    assert!(has, "its executable");
}

#[test]
fn threads_that_end_in_another_namespace_leave_their_room_to_others() {
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(4 << 20).start();
    // For longer than it takes the recorder to look after threads twice.
    let child = Running::start(&world, OWN, "threads", &["sequence", "15000"]);
    child.end();
    let report = recorder.finish();
    let produced = world.ledger().total();
    assert_eq!(report.recorded() + report.lost(), produced, "{report:?}");
    // There is room for 1024 threads of five events, if nobody knows that they have ended.
    assert!(report.recorded() > 6000, "{report:?}");
    report.trace();
}

#[test]
fn a_recorder_leaves_the_files_of_other_namespaces_alone() {
    let world = World::new();
    let child = Running::start(&world, OWN, "ticks", &["1", "1000", "wait"]);
    has_files(&world, 1);
    for within in [&[][..], OWN] {
        let recorder = world.recorder(&format!("trace-{}", within.len()));
        recorder.within(within).start().finish();
        has_files(&world, 1);
    }
    let recorder = world.recorder("trace").start();
    child.end();
    let report = recorder.finish();
    assert_eq!(report.recorded(), 1000, "{report:?}");
    assert_eq!(world.files(), [""; 0]);
}

#[track_caller]
fn check_note(report: &Report, begin: &str, end: &str) {
    let [note] = &report.notes[..] else {
        panic!("{report:?}");
    };
    assert!(note.starts_with(begin) && note.ends_with(end), "{note}");
}

#[test]
fn a_recorder_inside_says_what_it_does_not_see_outside() {
    let world = World::new();
    let child = Running::start(&world, &["env"], "ticks", &["1", "1000", "wait"]);
    has_files(&world, 1);
    let recorder = world.recorder("trace").within(OWN).start();
    let begin = format!(
        "ticks[{}]: it is in a pid namespace that cannot be seen",
        child.child.id()
    );
    child.end();
    let report = recorder.finish();
    assert_eq!(report.recorded(), 0, "{report:?}");
    check_note(&report, &begin, "record it from inside or from the host");
}

#[test]
fn a_recorder_inside_records_what_starts_outside_and_says_what_it_does_not_know() {
    let world = World::new();
    let recorder = world.recorder("trace").within(OWN).start();
    let child = Running::start(&world, &["env"], "ticks", &["3", "1000", "wait"]);
    let is_there = || recorder.output().join("ust").is_dir();
    world.wait_until("the program's trace", is_there);
    let begin = format!(
        "ticks[{}]: it is in a pid namespace that cannot be seen",
        child.child.id()
    );
    child.end();
    let report = recorder.finish();
    let trace = report.trace();
    assert_eq!(trace.missing(world.ledger()), [].into(), "{report:?}");
    assert_eq!((report.recorded(), report.lost()), (3000, 0), "{report:?}");
    check_note(&report, &begin, "nor its threads' names and contexts");
    assert_eq!(
        trace
            .dump()
            .filter(|event| event.name.ends_with(":bin_info"))
            .count(),
        0
    );
}

#[test]
fn a_recorder_that_has_another_namespace_s_proc_traces_nobody_and_says_so() {
    let world = World::new();
    let child = Running::start(&world, &["env"], "ticks", &["1", "1000", "wait"]);
    has_files(&world, 1);
    let recorder = world.recorder("trace").within(OWN_PIDS).start();
    has_files(&world, 1);
    child.end();
    let report = recorder.finish();
    assert_eq!(report.recorded(), 0, "{report:?}");
    check_note(
        &report,
        "programs cannot be traced: ",
        "mount -t proc proc /proc",
    );
}
