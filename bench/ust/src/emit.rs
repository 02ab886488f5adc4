//! Emits events in batches and measures each batch on the thread's own CPU clock.

use std::process::ExitCode;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::workload::Workload;

/// Batches that grow up to their size first: the ring is as large as it will be, and touched.
const WARM_UPS: u64 = 14;
/// The collectors catch up meanwhile; so long for each thread.
const PAUSE: Duration = Duration::from_millis(15);
/// Threads share so many processors.
const PROCESSORS: usize = 2;

/// The three loops of one batch.
struct Batch {
    empty_ns: u64,
    event_ns: u64,
    clock_ns: u64,
}

/// Runs the threads, each bound to a processor, and writes a row for each measured batch.
pub(crate) fn emit(workload: &Workload, threads: usize, batches: u64) -> ExitCode {
    let start = Barrier::new(threads);
    let pause = PAUSE * u32::try_from(threads).unwrap_or(u32::MAX);
    let all: Vec<Vec<Batch>> = std::thread::scope(|scope| {
        let work = |thread| {
            let start = &start;
            scope.spawn(move || one_thread(workload, thread, batches, pause, start))
        };
        let running: Vec<_> = (0..threads).map(work).collect();
        let joined = running.into_iter().map(ScopedJoinHandle::join);
        joined
            .map(|rows| rows.expect("it does not panic"))
            .collect()
    });
    let (turns, more) = workload.finale;
    (workload.event)(turns);
    let size = workload.batch;
    for (thread, rows) in all.iter().enumerate() {
        for (at, row) in rows.iter().enumerate() {
            let Batch {
                empty_ns,
                event_ns,
                clock_ns,
            } = row;
            println!("{threads},{thread},{at},{size},{empty_ns},{event_ns},{clock_ns}");
        }
    }
    let turns = (0..WARM_UPS).map(|step| warm_up(size, step)).sum::<u64>() + batches * size;
    let recorded = u64::from(workload.is_recorded) * threads as u64 * turns;
    eprintln!("produced {}", recorded + more);
    ExitCode::SUCCESS
}

/// Binds the calling thread to the processor that is its turn.
pub(crate) fn pin(thread: usize) {
    let mut set = CpuSet::new();
    set.set(thread % PROCESSORS);
    sched_setaffinity(None, &set).expect("there are two processors");
}

fn warm_up(size: u64, step: u64) -> u64 {
    (size * (step + 1) / (WARM_UPS - 1)).min(size)
}

fn one_thread(
    workload: &Workload,
    thread: usize,
    batches: u64,
    pause: Duration,
    start: &Barrier,
) -> Vec<Batch> {
    pin(thread);
    start.wait();
    for step in 0..WARM_UPS {
        (workload.event)(warm_up(workload.batch, step));
        std::thread::sleep(pause);
    }
    (0..batches).map(|_| measure(workload, pause)).collect()
}

fn measure(workload: &Workload, pause: Duration) -> Batch {
    let timed = |work: fn(u64)| {
        let before = thread_cpu_ns();
        work(workload.batch);
        thread_cpu_ns() - before
    };
    let batch = Batch {
        empty_ns: timed(workload.empty),
        event_ns: timed(workload.event),
        clock_ns: timed(workload.clock),
    };
    std::thread::sleep(pause);
    batch
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// One loop alone.
pub(crate) fn bare_loop(workload: &Workload, kind: &str, count: u64) -> ExitCode {
    match kind {
        "event" => (workload.event)(count),
        _ => (workload.empty)(count),
    }
    ExitCode::SUCCESS
}
