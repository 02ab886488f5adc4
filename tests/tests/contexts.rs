//! Contexts in each event: LTTng's names, order and types, and the values that threads have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;

use thalweg_testkit::{Guarded, SpawnGuarded as _, babeltrace2, record_contexts_with_lttng};
use thalweg_tests::{Event, Recorder, Trace, World, declared_contexts};

/// All of LTTng's that we have, in the order in which they stand in an event.
const LTTNGS: [&str; 18] = [
    "vpid",
    "vtid",
    "procname",
    "pthread_id",
    "cgroup_ns",
    "ipc_ns",
    "mnt_ns",
    "net_ns",
    "pid_ns",
    "time_ns",
    "user_ns",
    "uts_ns",
    "vuid",
    "veuid",
    "vsuid",
    "vgid",
    "vegid",
    "vsgid",
];

/// The contexts of a line's event, with `0` for each number and `""` for each text.
fn shape(line: &str) -> String {
    let (_, contexts) = line.rsplit_once("{ vpid").expect("a context vpid");
    let (contexts, _) = contexts
        .split_once("}, {")
        .expect("fields behind the contexts");
    let mut out = String::new();
    for (index, part) in contexts.split('"').enumerate() {
        if index % 2 == 1 {
            out.push_str("\"\"");
            continue;
        }
        let mut in_number = false;
        for c in part.chars() {
            if !c.is_ascii_digit() {
                out.push(c);
            } else if !in_number {
                out.push('0');
            }
            in_number = c.is_ascii_digit();
        }
    }
    out
}

#[test]
fn names_order_and_types_are_lttngs() {
    let scratch = tempfile::tempdir().expect("there is room");
    let theirs = record_contexts_with_lttng(scratch.path(), 3, "bench:*", &LTTNGS);
    let world = World::new();
    // The order in which they are asked for does not matter.
    let backwards: Vec<&str> = LTTNGS.into_iter().rev().collect();
    let options = world.recorder("trace").user("test:*");
    let recorder = options.contexts(&backwards).start();
    world.run("ticks", &["1", "3"]);
    let report = recorder.finish();
    let mut ours = declared_contexts(&report.output);
    let cpu = ours.pop().expect("there are contexts");
    assert_eq!(cpu.0, "cpu_id", "LTTng has it in the packet");
    assert_eq!(ours, declared_contexts(&theirs));
    let line = |dir: &Path| babeltrace2(dir).stdout.lines().next().map(shape);
    let ours = line(&report.output).expect("there are events");
    let theirs = line(&theirs).expect("there are events");
    assert_eq!(ours.replace(", cpu_id = 0", ""), theirs);
}

/// A recorder and `contexts`, which is stopped with the value.
struct Scene<'w> {
    world: &'w World,
    recorder: Recorder,
    child: Guarded,
}

impl<'w> Scene<'w> {
    fn start(world: &'w World, names: &[&str], mut command: Command) -> Self {
        let recorder = world.recorder("trace").contexts(names).start();
        world.place(&mut command);
        let child = command.spawn_guarded().expect("it can be run");
        let scene = Self {
            world,
            recorder,
            child,
        };
        scene.wait_for(1);
        scene
    }

    /// Waits until so many events are on disk.
    #[track_caller]
    fn wait_for(&self, events: u64) {
        let output = self.recorder.output();
        let is_there = || Trace::peek(output).is_some_and(|trace| trace.len() >= events);
        self.world.wait_until("events on disk", is_there);
    }

    /// Lets the program go its other steps, each after the one before is on disk; the trace.
    #[track_caller]
    fn end(mut self) -> Trace {
        for (flag, events) in [(1, 2), (2, 3)] {
            self.world.ledger().flag().store(flag, SeqCst);
            self.wait_for(events);
        }
        self.world.ledger().flag().store(3, SeqCst);
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
        let report = self.recorder.finish();
        report.check_our_reader();
        report.trace()
    }
}

/// The text of a context of an event, not of its packet.
fn text<'t>(event: &Event<'t>, name: &str) -> &'t str {
    let (_, of_event) = event.rest.split_once("}, { ").expect("an event's context");
    let (_, value) = of_event
        .split_once(&format!("{name} = \""))
        .unwrap_or_else(|| panic!("no {name} in {event:?}"));
    value.split('"').next().unwrap_or_default()
}

fn own_namespace(name: &str) -> u64 {
    let file = name.trim_end_matches("_ns");
    let link = fs::read_link(format!("/proc/self/ns/{file}")).expect("the kernel has it");
    let link = link.to_string_lossy().into_owned();
    let number = link.split(['[', ']']).nth(1).expect("a number");
    number.parse().expect("a number")
}

#[test]
fn values_are_the_threads_own() {
    let world = World::new();
    let names = [&LTTNGS[..], &["cgroup", "container", "cpu_id"]].concat();
    let scene = Scene::start(&world, &names, world.command("contexts"));
    let pid = scene.child.id();
    let cgroup = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("it waits");
    let trace = scene.end();
    let events: Vec<Event<'_>> = trace.events().collect();
    assert_eq!(events.len(), 3);
    for event in &events {
        assert_eq!(event.number("vpid"), u64::from(pid));
        assert_eq!(event.number("pthread_id"), event.number("own"));
        for name in LTTNGS.iter().filter(|name| name.ends_with("_ns")) {
            assert_eq!(event.number(name), own_namespace(name), "{name}");
        }
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        for name in ["vuid", "veuid", "vsuid"] {
            assert_eq!(event.number(name), u64::from(uid.as_raw()), "{name}");
        }
        for name in ["vgid", "vegid", "vsgid"] {
            assert_eq!(event.number(name), u64::from(gid.as_raw()), "{name}");
        }
        let path = text(event, "cgroup");
        let has_path = |line: &str| line.ends_with(&format!(":{path}"));
        assert!(!path.is_empty() && cgroup.lines().any(has_path), "{path}");
    }
    // The name is 250 ms old at most, and the third event's thread had it for longer.
    assert_eq!(text(&events[0], "procname"), "first-name");
    assert_eq!(text(&events[2], "procname"), "second-name");
}

#[test]
fn in_a_user_and_a_pid_namespace_of_its_own_a_program_has_its_own_numbers() {
    let world = World::new();
    let names = [
        "vpid", "vtid", "procname", "vuid", "vegid", "user_ns", "pid_ns",
    ];
    let mut command = Command::new("unshare");
    let ids = ["--map-user=1234", "--map-group=4321"];
    command.args(["--user", "--pid", "--fork"]).args(ids);
    command.arg(world.command("contexts").get_program());
    let scene = Scene::start(&world, &names, command);
    let trace = scene.end();
    for event in trace.events() {
        assert_eq!(event.number("vpid"), 1, "{event:?}");
        assert_eq!((event.number("vuid"), event.number("vegid")), (1234, 4321));
        assert_ne!(event.number("user_ns"), own_namespace("user_ns"));
        assert_ne!(event.number("pid_ns"), own_namespace("pid_ns"));
        assert_ne!(event.number("user_ns"), 0);
    }
    let last = trace.events().last().expect("there are three");
    assert_eq!(text(&last, "procname"), "second-name");
}

#[test]
fn threads_that_share_a_stream_have_contexts_too() {
    let world = World::new();
    let names = ["vtid", "vuid", "pthread_id", "cgroup"];
    let recorder = world.recorder("trace").contexts(&names).start();
    world.run("threads", &["at_once", "150"]);
    let report = recorder.finish();
    report.check_our_reader();
    let trace = report.trace();
    let missing: u64 = trace.missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    let uid = u64::from(rustix::process::geteuid().as_raw());
    for event in trace.events() {
        assert_eq!(event.number("vuid"), uid, "{event:?}");
        assert_ne!(event.number("pthread_id"), 0, "{event:?}");
    }
    let threads: BTreeSet<_> = trace.events().map(|event| event.thread()).collect();
    assert!(
        threads.len() > 60,
        "{} threads share nothing",
        threads.len()
    );
}

#[test]
fn what_a_keeper_recovers_has_the_contexts_that_were_asked_for() {
    let world = World::new();
    let names = ["procname", "vuid", "net_ns"];
    let recorder = world.recorder("trace").keeper().contexts(&names).start();
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
    world.ledger().flag().store(1, SeqCst);
    child.wait().expect("it is our child");
    let trace = Trace::read(&output);
    let numbers: Vec<u64> = trace.events().map(|event| event.number("n")).collect();
    let end = *numbers.last().expect("there are events");
    assert!(
        numbers.iter().copied().eq(1..=end) && end >= last,
        "{end} of {last}"
    );
    let uid = u64::from(rustix::process::geteuid().as_raw());
    let last = trace.events().last().expect("there are events");
    assert_eq!(last.number("vuid"), uid);
    assert_eq!(last.number("net_ns"), own_namespace("net_ns"));
    assert_eq!(declared_contexts(&output).len(), 4);
}
