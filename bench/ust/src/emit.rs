//! Emits events in batches and measures each batch on the thread's own CPU clock.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use thalweg_sys::time_stamp_counter;

/// Events of a measured batch: less than the rings hold, so that nothing needs to be discarded.
const BATCH: u64 = 50_000;
/// Batches that grow up to that size first: the ring is as large as it will be, and touched.
const WARM_UP: [u64; 14] = [
    4_000, 8_000, 12_000, 16_000, 20_000, 24_000, 28_000, 32_000, 36_000, 40_000, 44_000, 48_000,
    BATCH, BATCH,
];
/// The collectors catch up meanwhile.
const PAUSE: Duration = Duration::from_millis(15);

/// The three loops of one batch.
struct Batch {
    empty_ns: u64,
    event_ns: u64,
    clock_ns: u64,
}

/// Runs the threads, each on a processor of its own, and writes a row for each measured batch.
pub(crate) fn emit(threads: usize, batches: usize) -> ExitCode {
    let start = Barrier::new(threads);
    let all: Vec<Vec<Batch>> = std::thread::scope(|scope| {
        let work = |cpu| {
            let start = &start;
            scope.spawn(move || one_thread(cpu, batches, start))
        };
        let running: Vec<_> = (0..threads).map(work).collect();
        let joined = running.into_iter().map(ScopedJoinHandle::join);
        joined
            .map(|rows| rows.expect("it does not panic"))
            .collect()
    });
    for (thread, rows) in all.iter().enumerate() {
        for (at, row) in rows.iter().enumerate() {
            let Batch {
                empty_ns,
                event_ns,
                clock_ns,
            } = row;
            println!("{threads},{thread},{at},{BATCH},{empty_ns},{event_ns},{clock_ns}");
        }
    }
    let warm_up: u64 = WARM_UP.iter().sum();
    let produced = threads as u64 * (warm_up + batches as u64 * BATCH);
    eprintln!("produced {produced}");
    ExitCode::SUCCESS
}

fn one_thread(cpu: usize, batches: usize, start: &Barrier) -> Vec<Batch> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).expect("there is such a processor");
    start.wait();
    for count in WARM_UP {
        events(count);
        std::thread::sleep(PAUSE);
    }
    (0..batches).map(|_| measure()).collect()
}

fn measure() -> Batch {
    let batch = Batch {
        empty_ns: timed(|| empty(BATCH)),
        event_ns: timed(|| events(BATCH)),
        clock_ns: timed(|| clock(BATCH)),
    };
    std::thread::sleep(PAUSE);
    batch
}

fn timed(work: impl FnOnce()) -> u64 {
    let before = thread_cpu_ns();
    work();
    thread_cpu_ns() - before
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

#[inline(never)]
fn empty(count: u64) {
    for number in 0..count {
        black_box(number);
    }
}

#[inline(never)]
fn events(count: u64) {
    for number in 0..count {
        let number = black_box(number);
        thalweg::event!("bench:ev", Info, { a: u64 = number, b: u32 = number as u32, c: u32 = 7 });
    }
}

#[inline(never)]
fn clock(count: u64) {
    for number in 0..count {
        black_box(number);
        black_box(time_stamp_counter());
    }
}

/// One loop alone.
pub(crate) fn bare_loop(kind: &str, count: u64) -> ExitCode {
    match kind {
        "events" => events(count),
        _ => empty(count),
    }
    ExitCode::SUCCESS
}
