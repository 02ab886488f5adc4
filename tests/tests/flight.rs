//! A flight recorder: what is left at its end, and what its snapshots hold meanwhile.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Recorder, Trace, World};

fn start(world: &World, threads: u64, events: u64, how: &str) -> Guarded {
    let mut command = world.command("modes");
    let args = [threads, events].map(|number| number.to_string());
    command.args(args).arg(how).stdout(Stdio::null());
    command.spawn_guarded().expect("cargo builds it")
}

/// Lets the program emit its events once more, and waits until it has.
#[track_caller]
fn round(world: &World, produced: u64) {
    world.ledger().flag().fetch_add(1, SeqCst);
    world.wait_until("the events", || world.ledger().total() == produced);
}

/// What a snapshot says of itself is what babeltrace2 reads: how many events it has, and how many are
/// missing before them.
#[track_caller]
fn snapshot(recorder: &mut Recorder, number: u32) -> (Trace, u64, u64) {
    let said = recorder.order("snapshot");
    let (events, missing) = said.split_once(' ').expect("two numbers");
    let [events, missing] = [events, missing].map(|n| n.parse::<u64>().expect("a number"));
    let path = recorder
        .output()
        .with_file_name(format!("trace-snapshot-{number}"));
    let trace = Trace::read(&path);
    assert_eq!((trace.len(), trace.discarded()), (events, missing));
    (trace, events, missing)
}

fn own_trace(output: &Path) -> Trace {
    Trace::read(&output.join("ust"))
}

/// Each account's numbers, without a gap.
#[track_caller]
fn check_no_gaps(trace: &Trace) {
    let mut last = std::collections::BTreeMap::new();
    for event in trace.events() {
        let (account, n) = (event.number("account"), event.number("n"));
        let before = last.insert(account, n);
        assert!(
            before.is_none_or(|before| before + 1 == n),
            "account {account}: {n} after {before:?}"
        );
    }
}

#[test]
fn a_snapshot_and_the_end_have_the_newest_events_and_count_the_others() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(1 << 20);
    let mut recorder = options.mode("overwrite").start();
    let mut child = start(&world, 2, 40_000, "hold");
    for number in 0..2 {
        round(&world, u64::from(number + 1) * 80_000);
        let (trace, events, missing) = snapshot(&mut recorder, number);
        assert_eq!(events + missing, world.ledger().total());
        assert!(missing > 0 && events > 1000, "{events} and {missing}");
        check_no_gaps(&trace);
        let lost: u64 = trace.missing(world.ledger()).values().sum();
        assert_eq!(lost, missing);
    }
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let report = recorder.finish();
    assert_eq!(report.recorded() + report.lost(), 160_000, "{report:?}");
    assert_eq!(report.lost_to("Overwritten"), report.lost());
    let trace = own_trace(&report.output);
    assert_eq!(
        (trace.len(), trace.discarded()),
        (report.recorded(), report.lost())
    );
    check_no_gaps(&trace);
}

#[test]
fn snapshots_of_a_program_at_full_speed_have_no_gaps_and_cost_it_nothing() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(4 << 20);
    let mut recorder = options.mode("overwrite").start();
    let mut child = start(&world, 3, 1000, "on");
    world.wait_until("the events", || world.ledger().total() > 300_000);
    for number in 0..5 {
        let (trace, events, _) = snapshot(&mut recorder, number);
        assert!(events > 1000, "{events}");
        check_no_gaps(&trace);
    }
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let report = recorder.finish();
    let produced = world.ledger().total();
    assert_eq!(report.recorded() + report.lost(), produced, "{report:?}");
    assert_eq!(report.lost_to("RingFull"), 0, "{report:?}");
}

#[test]
fn what_a_living_program_has_in_its_rings_is_recorded_at_the_end() {
    let world = World::new();
    let recorder = world.recorder("trace").mode("overwrite").start();
    let mut child = start(&world, 2, 500, "hold");
    round(&world, 1000);
    std::thread::sleep(Duration::from_millis(600));
    let files = std::fs::read_dir(recorder.output()).expect("it is there");
    assert_eq!(files.filter(has_events).count(), 0);
    let report = recorder.finish();
    assert_eq!((report.recorded(), report.lost()), (1000, 0), "{report:?}");
    report.trace();
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
}

fn has_events(file: &std::io::Result<std::fs::DirEntry>) -> bool {
    let path = file.as_ref().expect("it can be read").path();
    std::fs::read_dir(path.join("uid")).is_ok_and(|users| {
        users.flatten().any(|user| {
            let streams = std::fs::read_dir(user.path().join("64-bit"));
            streams.is_ok_and(|mut files| {
                files.any(|file| {
                    let name = file.expect("it can be read").file_name();
                    name.to_string_lossy().starts_with("channel0")
                })
            })
        })
    })
}

#[test]
fn a_killed_flight_recorders_rings_are_recovered_by_its_keeper() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(256 << 10);
    let recorder = options.mode("overwrite").keeper().start();
    let mut child = start(&world, 2, 20_000, "hold");
    round(&world, 40_000);
    let output = recorder.kill();
    world.wait_until("the keeper", || world.files().len() == 1);
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let trace = Trace::read(&output);
    assert_eq!(trace.len() + trace.discarded(), 40_000);
    assert!(trace.discarded() > 0 && trace.len() > 1000);
    check_no_gaps(&trace);
}

#[test]
fn many_short_threads_leave_their_chunks_and_indexes_to_later_ones() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(128 << 10);
    let recorder = options.mode("overwrite").start();
    world.run("threads", &["sequence", "3000"]);
    let report = recorder.finish();
    let counted = report.recorded() + report.lost();
    assert_eq!(counted, world.ledger().total(), "{report:?}");
    // A thread that ends cannot hand its chunk over: the collector finds it when it has time, and
    // then later threads take it back.
    assert!(report.lost_to("Overwritten") > 0, "{report:?}");
    report.trace();
}

/// Between two events of a program lies one system call.
#[test]
fn a_snapshot_has_the_kernels_events_and_a_programs_of_the_same_time() {
    let world = World::new();
    let options = world.recorder("trace").limit_bytes(64 << 10);
    // The program goes from one cpu to another, and each has its own range.
    let options = options.kernel_buffer_kib(8192).syscalls("clock_nanosleep");
    let mut recorder = options.mode("overwrite").start();
    let mut child = world
        .command("steady")
        .spawn_guarded()
        .expect("cargo builds it");
    world.wait_until("the events", || {
        world.ledger().account(0).open().count().load(SeqCst) > 5000
    });
    let said = recorder.order("snapshot");
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    assert!(said.contains(' '), "{said}");
    let trace = Trace::read(&recorder.output().with_file_name("trace-snapshot-0"));
    let mut events = trace.events().filter_map(|event| match event.name {
        "test:tick" => Some((event.time, 't')),
        "syscall_entry_clock_nanosleep" if event.rest.contains("\"steady\"") => {
            Some((event.time, 's'))
        }
        _ => None,
    });
    let events: Vec<(u64, char)> = events.by_ref().collect();
    let first = |kind| events.iter().position(|event| event.1 == kind);
    let begin = first('t').expect("ticks").max(first('s').expect("calls"));
    let last = |kind| events.iter().rposition(|event| event.1 == kind);
    let end = last('t').min(last('s')).expect("there are both");
    // Ten milliseconds.
    assert!(events.len() - end < 100, "{}", events.len() - end);
    let both = &events[begin..end];
    assert!(both.len() > 200, "{}", both.len());
    let twice = both.windows(2).filter(|pair| pair[0].1 == pair[1].1);
    assert_eq!(twice.count(), 0, "one after the other, to the end of both");
    recorder.finish();
}
