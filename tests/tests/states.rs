//! The state that programs tell when they are asked for it, and state dumps taken again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Trace, World};

/// A program that tells its state.
struct Teller<'w> {
    world: &'w World,
    child: Guarded,
}

impl<'w> Teller<'w> {
    fn start(world: &'w World, how: &str) -> Self {
        let mut command = world.command("states");
        let child = command.arg(how).spawn_guarded().expect("cargo builds it");
        Self { world, child }
    }

    /// Waits until its state was told so often.
    #[track_caller]
    fn has_told(&self, times: u64) {
        let told = || self.world.ledger().count(100);
        self.world.wait_until("the state", || told() >= times);
        assert_eq!(told(), times);
    }

    #[track_caller]
    fn end(&mut self) {
        self.world.ledger().flag().store(9, SeqCst);
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Who has told which items, in order.
fn told(trace: &Trace) -> BTreeMap<String, Vec<u64>> {
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in trace.events().filter(|event| event.name == "test:state") {
        let teller = event.find_field("teller").expect("its field");
        let teller = teller.split('"').nth(1).expect("text").to_owned();
        told.entry(teller).or_default().push(event.number("item"));
    }
    told
}

#[track_caller]
fn check(trace: &Trace, tellers: &[&str], times: usize) {
    let items = [1, 2, 3].repeat(times);
    let expected = tellers
        .iter()
        .map(|name| ((*name).to_owned(), items.clone()));
    assert_eq!(told(trace), expected.collect());
}

fn dumps(trace: &Trace) -> usize {
    let starts = trace.dump().filter(|event| event.name.ends_with(":start"));
    starts.count()
}

#[test]
fn a_recording_that_begins_later_has_the_state_of_before() {
    let world = World::new();
    let mut teller = Teller::start(&world, "wait");
    world.wait_until("its file", || world.files().len() == 1);
    let first = world.recorder("first").start();
    teller.has_told(2);
    let second = world.recorder("second").start();
    teller.has_told(4);
    let second = second.finish();
    teller.end();
    let first = first.finish();
    check(&first.trace(), &["teller-a", "teller-b"], 2);
    check(&second.trace(), &["teller-a", "teller-b"], 1);
}

#[test]
fn a_recording_that_wants_none_of_its_events_asks_for_nothing() {
    let world = World::new();
    let mut teller = Teller::start(&world, "wait");
    world.wait_until("its file", || world.files().len() == 1);
    let first = world.recorder("first").user("other:*").start();
    let second = world.recorder("second").user("test:*").start();
    teller.has_told(2);
    teller.end();
    assert_eq!(first.finish().recorded(), 0);
    assert_eq!(second.finish().recorded(), 6);
}

#[test]
fn a_program_that_starts_under_a_recording_tells_its_state_once() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let mut teller = Teller::start(&world, "poll");
    world.wait_until("events", || world.ledger().total() > 20_000);
    teller.end();
    let report = recorder.finish();
    let trace = report.trace();
    assert_eq!(trace.missing(world.ledger()), [].into());
    check(&trace, &["main"], 1);
}

#[test]
fn a_child_tells_its_own_state() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("states", &["fork"]);
    let trace = recorder.finish().trace();
    check(&trace, &["main"], 2);
    let pids: BTreeSet<u32> = trace.events().map(|event| event.thread().0).collect();
    assert_eq!(pids.len(), 2);
}

#[test]
fn a_snapshot_and_the_end_have_what_was_overwritten_before() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(256 << 10);
    let mut recorder = options.mode("overwrite").start();
    let mut teller = Teller::start(&world, "poll");
    for number in 0..2 {
        let before = world.ledger().total();
        world.wait_until("events", || world.ledger().total() > before + 20_000);
        recorder.order("snapshot");
        let name = format!("trace-snapshot-{number}");
        let trace = Trace::read(&recorder.output().with_file_name(name));
        assert!(trace.discarded() > 0);
        check(&trace, &["main"], 1);
        check_dump(&trace, teller.child.id());
    }
    let before = world.ledger().total();
    world.wait_until("events", || world.ledger().total() > before + 20_000);
    let report = recorder.finish();
    check(&Trace::read(&report.output.join("ust")), &["main"], 1);
    teller.has_told(4);
    teller.end();
}

/// A state dump of a process, whole, with its executable.
#[track_caller]
fn check_dump(trace: &Trace, pid: u32) {
    let names: Vec<&str> = trace
        .dump()
        .map(|event| event.name.trim_start_matches("lttng_ust_statedump:"))
        .collect();
    assert_eq!(names.first(), Some(&"start"), "{names:?}");
    assert_eq!(names.last(), Some(&"end"), "{names:?}");
    let own = |path: &str| path.contains("/states\"");
    let has = trace
        .dump()
        .any(|event| event.find_field("path").is_some_and(own));
    assert!(has, "{names:?}");
    assert!(trace.dump().all(|event| event.thread().0 == pid));
}

#[test]
fn a_snapshot_does_not_wait_for_ever_for_a_program_that_asks_no_more() {
    let world = World::new();
    let mut recorder = world.recorder("trace").mode("overwrite").start();
    let mut teller = Teller::start(&world, "once");
    teller.has_told(1);
    recorder.order("snapshot");
    let trace = Trace::read(&recorder.output().with_file_name("trace-snapshot-0"));
    check(&trace, &["main"], 1);
    teller.end();
    recorder.finish();
}

#[test]
fn the_state_is_told_again_when_the_user_wants_it() {
    let world = World::new();
    let options = world.recorder("trace").context("vtid").context("procname");
    let mut recorder = options.start();
    let mut teller = Teller::start(&world, "wait");
    teller.has_told(2);
    for times in 2..4 {
        let output = recorder.output().to_owned();
        let taken = || Trace::peek(&output).map_or(0, |trace| dumps(&trace));
        world.wait_until("the dump before", || taken() == times - 1);
        assert_eq!(recorder.order("states"), "1");
        teller.has_told(2 * times as u64);
    }
    let threads = threads(teller.child.id());
    teller.end();
    let report = recorder.finish();
    report.check_our_reader();
    let trace = report.trace();
    check(&trace, &["teller-a", "teller-b"], 3);
    assert_eq!(dumps(&trace), 3);
    let infos = trace
        .dump()
        .filter_map(|event| Some(event.find_field("baddr")?.split(',').next()?.to_owned()));
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    infos.for_each(|base| *count.entry(base).or_default() += 1);
    assert!(count.len() > 2, "{count:?}");
    assert!(count.values().all(|count| count % 3 == 0), "{count:?}");
    check_names(&trace, &threads);
}

/// The threads of a process and their names, as the kernel has them.
fn threads(pid: u32) -> BTreeSet<(u32, String)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let of_task = |task: &Path| {
        let tid = task.file_name()?.to_str()?.parse().ok()?;
        let name = fs::read_to_string(task.join("comm")).ok()?;
        Some((tid, name.trim_end().to_owned()))
    };
    let named = tasks.filter_map(|task| of_task(&task.ok()?.path()));
    named.collect()
}

/// The last dump has the name of each thread, in the event, in its context, and in the packet's.
#[track_caller]
fn check_names(trace: &Trace, threads: &BTreeSet<(u32, String)>) {
    assert_eq!(threads.len(), 3);
    let named = trace
        .dump()
        .filter(|event| event.name.ends_with(":procname"));
    let named: Vec<(u32, String)> = named
        .map(|event| {
            let texts: Vec<&str> = event.rest.split("procname = \"").skip(1).collect();
            let names: Vec<&str> = texts.iter().filter_map(|t| t.split('"').next()).collect();
            assert_eq!(names.len(), 3, "packet, context, field: {event:?}");
            assert!(names.iter().all(|name| *name == names[0]), "{event:?}");
            let tid = event.thread().1;
            let same = format!("vtid = {tid}");
            assert_eq!(event.rest.matches(&same).count(), 2, "{event:?}");
            (tid, names[0].to_owned())
        })
        .collect();
    let last: BTreeSet<(u32, String)> = named[named.len() - 3..].iter().cloned().collect();
    assert_eq!(&last, threads);
}
