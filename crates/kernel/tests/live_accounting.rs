//! Produced = recorded + lost, to the event, on this machine's kernel.
//!
//! The oracle is the workload itself: a thread that makes exactly N calls; and, beside it, the
//! kernel's own counters.

mod common;

use common::{Caller, Collected, getppid_of, tracefs};
use thalweg_kernel::{CpuStats, EventRule, HeaderKind, KernelConfig, KernelRecording, StartReport};

/// What a run gave: events, and the kernel's counters summed over its CPUs.
struct Run {
    collected: Collected,
    stats: CpuStats,
    report: StartReport,
}

/// Records `calls` getppid calls; with `while_running`, drains meanwhile.
fn run(caller: &Caller, config: &KernelConfig, calls: u64, while_running: bool) -> Run {
    let (mut recording, report) = KernelRecording::start(&tracefs(), config).unwrap();
    let names: Vec<&str> = recording.events().iter().map(|e| e.name.as_str()).collect();
    let entry = names
        .iter()
        .position(|n| *n == "syscall_entry_getppid")
        .unwrap();
    assert_eq!(names.len(), 2, "{names:?}");
    recording.set_ids(
        HeaderKind::Compact,
        if entry == 0 { &[0, 1] } else { &[1, 0] },
    );
    let mut collected = Collected::default();
    let cpus: Vec<u32> = recording.cpus().collect();
    recording.resume().unwrap();
    caller.begin(calls);
    while !caller.is_done() {
        for &cpu in cpus.iter().filter(|_| while_running) {
            recording
                .drain(cpu, &mut |packet| collected.take(packet, &[0, 8]))
                .unwrap();
        }
        std::thread::yield_now();
    }
    recording.stop().unwrap();
    recording
        .drain_all(&mut |packet| collected.take(packet, &[0, 8]))
        .unwrap();
    let stats = recording
        .stats()
        .unwrap()
        .into_iter()
        .fold(CpuStats::default(), |sum, (_, s)| CpuStats {
            entries: sum.entries + s.entries,
            read_events: sum.read_events + s.read_events,
            dropped_events: sum.dropped_events + s.lost(),
            ..sum
        });
    recording.remove().unwrap();
    Run {
        collected,
        stats,
        report,
    }
}

#[track_caller]
fn check(run: &Run, calls: u64) {
    let (entries, exits) = (run.collected.count(0), run.collected.count(1));
    assert_eq!(
        entries + exits + run.collected.lost(),
        2 * calls,
        "{:?}",
        run.stats
    );
    assert_eq!(
        run.stats.lost(),
        run.collected.lost(),
        "loss is what the kernel counted"
    );
    assert_eq!(
        run.stats.read_events,
        entries + exits,
        "recorded is what was read"
    );
    assert_eq!(run.stats.entries, 0, "nothing is left");
    println!(
        "{} calls: {entries} entries + {exits} exits + {} lost, {} packets",
        calls,
        run.collected.lost(),
        run.collected.packets
    );
}

const CALLS: u64 = 200_000;

#[test]
fn a_ring_with_room_loses_nothing() {
    let caller = Caller::start();
    let run = run(&caller, &getppid_of(caller.tid, "room"), CALLS, true);
    assert_eq!(run.report.missing, []);
    check(&run, CALLS);
    assert_eq!(
        (run.collected.count(0), run.collected.count(1)),
        (CALLS, CALLS)
    );
}

#[test]
fn a_ring_far_too_small_counts_each_loss() {
    let caller = Caller::start();
    let config = KernelConfig {
        buffer_bytes_per_cpu: 16 << 10,
        ..getppid_of(caller.tid, "tiny")
    };
    for while_running in [false, true] {
        let run = run(&caller, &config, CALLS, while_running);
        check(&run, CALLS);
        assert!(
            run.collected.lost() > 0 || while_running,
            "the ring was not small enough"
        );
    }
}

#[test]
fn pages_are_drained_whatever_room_their_last_event_left() {
    let tid = rustix::thread::gettid().as_raw_nonzero();
    let rule = EventRule::new("syscalls:sys_enter_lseek");
    let config = KernelConfig {
        rules: vec![rule.with_filter(format!("common_pid == {tid}"))],
        buffer_bytes_per_cpu: 1 << 20,
        ..KernelConfig::new(format!("left-{}", std::process::id()))
    };
    let (mut recording, report) = KernelRecording::start(&tracefs(), &config).unwrap();
    assert_eq!(
        report.page_bytes,
        64 << 10,
        "the sum above is for this size"
    );
    let cpus: Vec<u32> = recording.cpus().collect();
    let null = std::fs::File::open("/dev/null").unwrap();
    let mut collected = Collected::default();
    recording.resume().unwrap();
    // Four times what the ring holds, a twelfth of it at once.
    for _ in 0..48 {
        for _ in 0..2000 {
            rustix::fs::seek(&null, rustix::fs::SeekFrom::Start(0)).unwrap();
        }
        for &cpu in &cpus {
            recording
                .drain(cpu, &mut |packet| collected.take(packet, &[16]))
                .unwrap();
        }
    }
    recording.stop().unwrap();
    recording
        .drain_all(&mut |packet| collected.take(packet, &[16]))
        .unwrap();
    recording.remove().unwrap();
    assert_eq!((collected.count(0), collected.lost()), (96_000, 0));
}
