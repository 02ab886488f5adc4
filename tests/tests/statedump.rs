//! State dumps: what LTTng would write, and what the kernel and readelf say of the same program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::SeqCst;

use thalweg_reader::Reader;
use thalweg_testkit::{SpawnGuarded as _, babeltrace2_clean, record_contexts_with_lttng, run};
use thalweg_tests::{Event, Trace, World};

const PREFIX: &str = "lttng_ust_statedump:";

/// The event classes of a trace's state dumps: names, levels and fields.
fn declared(dir: &Path) -> BTreeMap<String, String> {
    let reader = Reader::open(&[dir]).expect("our reader opens it");
    let class = reader.traces()[0].class();
    let of_dump = class
        .events
        .iter()
        .filter(|class| class.name.starts_with(PREFIX));
    let text = of_dump.map(|class| {
        let said = format!("{:?} {:?}", class.log_level, class.payload.members);
        (class.name.clone(), said)
    });
    text.collect()
}

/// What a dump says of one object, its address left out.
fn said_of(dump: &str, path: &str) -> Vec<String> {
    let lines = || dump.lines().filter(|line| line.contains(PREFIX));
    let base_of = |line: &str| {
        let (_, rest) = line.split_once("baddr = ")?;
        rest.split(',').next().map(str::to_owned)
    };
    let named = format!("path = \"{path}\"");
    let info = lines().find(|line| line.contains(&named));
    let base = info
        .and_then(base_of)
        .unwrap_or_else(|| panic!("no {path} in\n{dump}"));
    let fields = lines().filter_map(|line| line.split_once(&format!("baddr = {base},")));
    fields.map(|(_, fields)| fields.to_owned()).collect()
}

#[test]
fn events_fields_and_values_are_lttngs() {
    let scratch = tempfile::tempdir().expect("there is room");
    let theirs = record_contexts_with_lttng(scratch.path(), 1, "*", &["vpid"]);
    let (_world, _, trace) = record_waiting();
    assert_eq!(declared(&trace).len(), 6);
    assert_eq!(declared(&trace), declared(&theirs));
    let [ours, theirs] = [&trace, &theirs].map(|dir| babeltrace2_clean(dir));
    let libc = ours.lines().find_map(|line| {
        let (_, path) = line.split_once("path = \"")?;
        path.split('"')
            .next()
            .filter(|path| path.ends_with("/libc.so.6"))
    });
    let libc = libc.expect("every program has the C library");
    assert_eq!(said_of(&ours, libc), said_of(&theirs, libc));
    assert!(said_of(&ours, libc).len() >= 2, "a build id");
    let vdso = "[linux-vdso.so.1]";
    assert_eq!(said_of(&ours, vdso), said_of(&theirs, vdso));
}

/// Records a program that waits until its dump is taken; its `maps`, and the trace, which lasts as
/// long as the world.
#[track_caller]
fn record_waiting() -> (World, String, PathBuf) {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let mut command = world.command("ticks");
    let mut child = command
        .args(["1", "10", "wait"])
        .spawn_guarded()
        .expect("cargo builds it");
    let has_dump = || Trace::peek(recorder.output()).is_some_and(|trace| trace.dumped() > 0);
    world.wait_until("the dump", has_dump);
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).expect("it waits");
    world.ledger().flag().store(1, SeqCst);
    child.wait().expect("it is our child");
    let report = recorder.finish();
    report.check_our_reader();
    let trace = report.trace();
    assert_eq!(trace.len(), 10);
    assert_eq!(report.recorded(), 10, "the dump's events are no program's");
    assert_eq!(trace.missing(world.ledger()), [].into());
    for event in trace.dump() {
        assert_eq!(event.thread(), (child.id(), child.id()), "{event:?}");
    }
    (world, maps, report.output)
}

/// The text behind `name = "` up to the next quote.
fn text<'t>(event: &Event<'t>, name: &str) -> &'t str {
    let value = event
        .find_field(name)
        .unwrap_or_else(|| panic!("no {name} in {event:?}"));
    value
        .trim_start_matches('"')
        .split('"')
        .next()
        .unwrap_or_default()
}

fn base(event: &Event<'_>) -> u64 {
    let value = event.find_field("baddr").expect("an address");
    let digits = value
        .strip_prefix("0x")
        .and_then(|v| v.split([',', ' ']).next());
    u64::from_str_radix(digits.expect("hexadecimal"), 16).expect("a number")
}

/// A build id as readelf writes it.
fn build_id(event: &Event<'_>) -> String {
    let bytes = event.rest.split("] = 0x").skip(1);
    let byte = |text: &str| u8::from_str_radix(text.split([',', ' ']).next()?, 16).ok();
    bytes
        .map(|text| format!("{:02x}", byte(text).expect("a byte")))
        .collect()
}

#[test]
fn the_kernel_and_readelf_say_the_same() {
    let (_world, maps, dir) = record_waiting();
    let trace = Trace::read(&dir);
    let dump: Vec<Event<'_>> = trace.dump().collect();
    let kinds: Vec<&str> = dump
        .iter()
        .map(|e| e.name.trim_start_matches(PREFIX))
        .collect();
    assert_eq!(kinds[..2], ["start", "procname"]);
    assert_eq!(kinds.last(), Some(&"end"));
    let (_, name) = dump[1]
        .rest
        .rsplit_once("procname = ")
        .expect("the last field");
    assert_eq!(name, "\"ticks\" }");
    let is_run = |line: &&str| {
        line.split(' ')
            .nth(1)
            .is_some_and(|flags| flags.contains('x'))
    };
    let mapped: Vec<&str> = maps
        .lines()
        .filter(is_run)
        .filter(|l| l.contains(" /"))
        .collect();
    let infos: Vec<&Event<'_>> = dump
        .iter()
        .filter(|e| e.name.ends_with(":bin_info"))
        .collect();
    assert_eq!(
        infos.len(),
        mapped.len() + 1,
        "each object once, and the kernel's own\n{maps}"
    );
    for info in infos
        .iter()
        .filter(|info| text(info, "path").starts_with('/'))
    {
        let path = text(info, "path");
        let begins =
            |line: &&str| line.ends_with(path) && line.starts_with(&format!("{:x}-", base(info)));
        assert!(maps.lines().any(|line| begins(&line)), "{info:?}\n{maps}");
        check_with_readelf(info, &dump);
    }
}

#[track_caller]
fn check_with_readelf(info: &Event<'_>, dump: &[Event<'_>]) {
    let path = text(info, "path");
    let readelf = |option: &str| run("readelf", ["--wide", option, path]).stdout;
    let is_pic = readelf("--file-header").contains("DYN (");
    assert_eq!(info.number("is_pic"), u64::from(is_pic), "{path}");
    let of_this = |kind: &str| {
        let mut events = dump.iter().filter(|event| event.name.ends_with(kind));
        events.find(|event| base(event) == base(info))
    };
    let notes = readelf("--notes");
    let id = notes
        .lines()
        .find_map(|line| line.split_once("Build ID: "))
        .map(|(_, id)| id);
    assert_eq!(of_this(":build_id").map(build_id).as_deref(), id, "{path}");
    assert_eq!(info.number("has_build_id"), u64::from(id.is_some()));
    let link = run("readelf", ["--string-dump=.gnu_debuglink", path]).stdout;
    let found = of_this(":debug_link").map(|event| text(event, "filename"));
    assert_eq!(found.is_some(), link.contains(".debug"), "{path}: {link}");
    assert!(
        found.is_none_or(|name| link.contains(name)),
        "{path}: {link}"
    );
    assert_eq!(info.number("has_debug_link"), u64::from(found.is_some()));
    // The segments' extent: from the first LOAD's address to the end of the last.
    let headers = readelf("--program-headers");
    let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex");
    let loads = headers
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD"));
    let spans = loads.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (hex(words[2]), hex(words[2]) + hex(words[5]))
    });
    let spans: Vec<(u64, u64)> = spans.collect();
    let low = spans.iter().map(|span| span.0).min().expect("a segment");
    let high = spans.iter().map(|span| span.1).max().expect("a segment");
    assert_eq!(info.number("memsz"), high - low, "{path}");
}

#[test]
fn only_events_of_a_dump_that_are_wanted_are_written() {
    for (pattern, expected) in [("test:*", 0), ("*:start", 1), ("*_statedump:*n*", 2)] {
        let world = World::new();
        let recorder = world.recorder("trace").user(pattern).start();
        let mut command = world.command("ticks");
        let mut child = command
            .args(["1", "1", "wait"])
            .spawn_guarded()
            .expect("cargo builds it");
        world.wait_until("the program's trace", || {
            recorder.output().join("ust").is_dir()
        });
        world.ledger().flag().store(1, SeqCst);
        child.wait().expect("it is our child");
        let report = recorder.finish();
        let trace = report.trace();
        let of = |end: &str| {
            trace
                .dump()
                .filter(|event| event.name.ends_with(end))
                .count()
        };
        let fixed = of(":start") + of(":procname") + of(":end");
        assert_eq!(fixed, expected, "{pattern}");
        assert_eq!(
            of("_info") + of("_id") + of("_link") > 0,
            expected == 2,
            "{pattern}"
        );
    }
}

#[test]
fn a_program_and_its_children_have_a_dump_each() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("forks", &["leaf"]);
    world.run("ticks", &["3", "10"]);
    let report = recorder.finish();
    let trace = report.trace();
    let starts = trace.dump().filter(|event| event.name.ends_with(":start"));
    let mut dumped: Vec<u32> = starts.map(|event| event.thread().0).collect();
    dumped.sort_unstable();
    let mut emitted: Vec<u32> = trace.events().map(|event| event.thread().0).collect();
    emitted.sort_unstable();
    emitted.dedup();
    assert_eq!(dumped, emitted);
}
