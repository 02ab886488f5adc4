//! Emits events in batches and measures each batch on the thread's own CPU clock.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::layers::Installed;

/// Events of a measured batch: less than the rings hold, so that nothing needs to be discarded.
const BATCH: u64 = 50_000;
/// Batches that grow up to that size first: the ring is as large as it will be, and touched.
const WARM_UP: [u64; 9] = [
    4_000, 8_000, 12_000, 16_000, 24_000, 32_000, 40_000, BATCH, BATCH,
];
/// Collectors, writers and the watcher catch up meanwhile.
const PAUSE: Duration = Duration::from_millis(25);
/// Two looks of the watcher.
const WATCH: Duration = Duration::from_millis(250);

/// Writes a row for each measured batch, and how many events there were.
pub(crate) fn emit(installed: Installed, batches: usize) -> ExitCode {
    let events = if installed.is_static {
        static_events
    } else {
        events
    };
    for count in WARM_UP {
        events(count);
        std::thread::sleep(PAUSE);
    }
    std::thread::sleep(WATCH);
    for at in 0..batches {
        let empty_ns = timed(|| empty(BATCH));
        let event_ns = timed(|| events(BATCH));
        println!("{at},{BATCH},{empty_ns},{event_ns}");
        std::thread::sleep(PAUSE);
    }
    let produced = WARM_UP.iter().sum::<u64>() + batches as u64 * BATCH;
    eprintln!("produced {produced} dropped {}", (installed.dropped)());
    drop(installed.guard);
    ExitCode::SUCCESS
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

const CUSTOMER: &str = "Ada Lovelace, London";

#[inline(never)]
fn events(count: u64) {
    for number in 0..count {
        let (id, customer) = (black_box(number), black_box(CUSTOMER));
        tracing::info!(name: "order", id, lines = 7_u64, customer);
    }
}

#[inline(never)]
fn static_events(count: u64) {
    for number in 0..count {
        let (id, customer) = (black_box(number), black_box(CUSTOMER));
        thalweg::event!("bench:order", Info, {
            id: u64 = id,
            lines: u64 = 7,
            customer: &str = customer,
        });
    }
}
