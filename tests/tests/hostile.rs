//! A program that spoils its own ring loses its own events, and nobody else's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::{Recorder, Report, Tally, Trace, World, is_full};

const EVENTS: u64 = 10;
const OTHERS: u64 = 2 * 500;

/// Records a hostile program and a good one; the good one's events are all there.
#[track_caller]
fn record(how: &str, seed: u64) -> Report {
    record_with(how, seed, &[])
}

/// The same with contexts.
#[track_caller]
fn record_with(how: &str, seed: u64, contexts: &[&str]) -> Report {
    let world = World::new();
    let recorder = world.recorder("trace").contexts(contexts).start();
    // The recorder must not see the ring before it is spoiled.
    recorder.pause();
    world.run("hostile", &[how, &seed.to_string()]);
    recorder.resume();
    world.run("ticks", &["2", "500"]);
    let report = recorder.finish();
    let (good, _) = world.ledger().who(0);
    let others = report.trace().of_process(good);
    report.check_our_reader();
    let missing = others.missing(world.ledger());
    assert_eq!(
        missing.keys().collect::<Vec<_>>(),
        [&50],
        "{how} {seed}: {report:?}"
    );
    report
}

/// Of the hostile program's ten events so many are there; the others are lost, `lost` of them
/// countably.
#[track_caller]
fn check(how: &str, recorded: u64, lost: u64) {
    check_with(how, &[], recorded, lost);
}

#[track_caller]
fn check_with(how: &str, contexts: &[&str], recorded: u64, lost: u64) {
    let report = record_with(how, 1, contexts);
    assert_eq!(report.recorded(), OTHERS + recorded, "{report:?}");
    assert_eq!(report.lost_to("AbiViolation"), lost, "{report:?}");
    assert_eq!(report.lost(), lost, "{report:?}");
}

#[test]
fn an_event_without_a_definition_is_skipped() {
    check("id", EVENTS - 1, 1);
}

#[test]
fn a_wrong_length_cuts_the_packet() {
    check("length", 5, 1);
    check("no-length", 5, 1);
    check("state", 5, 1);
}

#[test]
fn a_clock_that_goes_back_or_ahead_cuts_the_packet() {
    check("past", 5, 1);
    check("future", 5, 1);
}

#[test]
fn a_text_without_end_is_skipped() {
    check("text", EVENTS - 1, 1);
}

#[test]
fn a_list_longer_than_its_event_is_skipped() {
    check("list", EVENTS - 1, 1);
}

#[test]
fn what_it_says_of_its_contexts_is_not_believed() {
    // What the program takes itself stands first: its length, the tag of its value, its text.
    check_with("list", &["callstack-user"], EVENTS - 1, 1);
    check_with("list", &["$app.a:b"], EVENTS - 1, 1);
    check_with("text", &["ip", "$app.a:b"], EVENTS - 1, 1);
    for how in ["chunks", "control", "all"] {
        record_with(
            how,
            1,
            &["ip", "callstack-user", "perf:thread:cs", "$app.a:b"],
        );
    }
}

#[test]
fn garbage_anywhere_harms_nobody_else() {
    for seed in 1..=if is_full() { 100 } else { 2 } {
        for how in ["descriptors", "chunks", "counters", "control", "all"] {
            record(how, seed);
        }
    }
}

/// For how long programs scribble: `THALWEG_HOSTILE_SECONDS`, or as the tier has it.
fn storm_time() -> Duration {
    let given = std::env::var("THALWEG_HOSTILE_SECONDS").ok();
    let given = given.and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(if is_full() { 60 } else { 2 }))
}

/// One program scribbles for a moment; it must live through it, and the recorder must go on.
#[track_caller]
fn storm(world: &World, recorder: &mut Recorder, seed: u64) {
    let flag = world.ledger().flag();
    flag.store(0, SeqCst);
    let mut hostile = world.command("hostile");
    let hostile = hostile.args(["storm", &seed.to_string()]).spawn_guarded();
    let mut hostile = hostile.expect("cargo builds it");
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    recorder.order(&format!("limit {STORM_BYTES}"));
    let waited = asked.elapsed();
    assert!(waited < HANG, "{seed}: it hung for {waited:?}");
    flag.store(9, SeqCst);
    let status = hostile.wait().expect("it is our child");
    assert!(
        status.success(),
        "{seed}: tracing killed the program: {status}"
    );
}

/// A recorder that does not answer for so long hangs; one that is built to be slow is given more time.
const HANG: Duration = Duration::from_secs(if cfg!(any(debug_assertions, sanitized)) {
    10
} else {
    1
});
/// The most ring memory in a storm.
const STORM_BYTES: u64 = 8 << 20;

#[test]
fn programs_that_scribble_all_the_time_harm_nobody() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(STORM_BYTES);
    let mut recorder = options.start();
    let end = Instant::now() + storm_time();
    let mut seeds = 1..;
    while Instant::now() < end {
        let seed = seeds.next().expect("there is no end of them");
        storm(&world, &mut recorder, seed);
    }
    world.run("ticks", &["2", "500"]);
    let report = recorder.finish();
    let stores = world.ledger().count(51);
    println!("{} storms, {stores} stores", seeds.start - 1);
    let (good, _) = world.ledger().who(0);
    let (mut others, mut events) = (Tally::default(), 0);
    let discarded = Trace::stream(&report.output, |event| {
        events += 1;
        if event.thread().0 == good {
            others.take(&event, world.ledger());
        }
    });
    assert_eq!((events, discarded), (report.recorded(), report.lost()));
    let missing = others.missing(world.ledger());
    assert_eq!(missing.keys().collect::<Vec<_>>(), [&50]);
    let peak_kib = report.peak_kib - (STORM_BYTES >> 10).min(report.peak_kib);
    // The sanitizer keeps what was freed for a while.
    let most_kib = if cfg!(sanitized) { 1 << 20 } else { 64 << 10 };
    assert!(peak_kib < most_kib, "{peak_kib} KiB besides the rings");
}

/// Files that look like a program's, and what is said of each.
fn hostile_files(folder: &Path, good: &Path) -> Vec<(PathBuf, &'static str)> {
    let name = |number: u64| folder.join(format!("1-2-{number:x}"));
    let bytes = fs::read(good).expect("the program has just made it");
    let write = |number, bytes: &[u8]| fs::write(name(number), bytes).expect("it is our folder");
    write(1, b"garbage");
    write(2, &bytes[..bytes.len() - 1]);
    write(3, &[0xff; 4096]);
    let huge = fs::File::create(name(4)).expect("it is our folder");
    huge.set_len(1 << 40).expect("a hole costs nothing");
    symlink(good, name(5)).expect("it is our folder");
    let fifo = Command::new("mkfifo").arg(name(6)).status();
    assert!(
        fifo.is_ok_and(|status| status.success()),
        "install coreutils"
    );
    write(7, &bytes);
    fs::hard_link(name(7), name(8)).expect("it is our folder");
    write(9, &bytes);
    chown(name(9), Some(12345), None).expect("this test needs root");
    fs::create_dir(name(10)).expect("it is our folder");
    let said = [
        "the file has 7 bytes",
        "bytes and says",
        "no rendezvous file",
        "not a plain file",
        "(os error 40)",
        "not a plain file",
        "not a plain file",
        "not a plain file",
        "not a plain file",
        "not a plain file",
    ];
    (1..).map(name).zip(said).collect()
}

#[test]
fn files_that_only_look_like_a_program_s_are_passed_over_with_a_note() {
    let world = World::new();
    let mut program = world.command("ticks");
    let mut program = program
        .args(["2", "500", "wait"])
        .spawn_guarded()
        .expect("it is built");
    world.wait_until("the program's file", || {
        world.files().iter().any(|name| !name.starts_with('.'))
    });
    let good = world.rundir().join(&world.files()[0]);
    let files = hostile_files(&world.rundir(), &good);
    let recorder = world.recorder("trace").start();
    world
        .ledger()
        .flag()
        .store(1, std::sync::atomic::Ordering::SeqCst);
    let status = program.wait().expect("it is our child");
    assert!(status.success());
    let report = recorder.finish();
    let missing = report.trace().missing(world.ledger());
    assert_eq!(missing, [].into(), "{report:?}");
    for (file, said) in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let said = |note: &String| note.contains(&format!("{name} ")) && note.contains(said);
        assert!(
            report.notes.iter().any(said),
            "nothing of {name}: {report:?}"
        );
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let world = World::new();
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(world.rundir(), open).expect("it is our folder");
    let recorder = world.recorder("trace").start();
    world.run("ticks", &["1", "10"]);
    let report = recorder.finish();
    assert_eq!(report.recorded(), 0);
    let said = |note: &String| note.contains("open to others");
    assert!(report.notes.iter().any(said), "{report:?}");
}
