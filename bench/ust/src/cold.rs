//! What an event costs that nobody has prepared: one each millisecond, after 8 MB of other memory.
//!
//! ```text
//!   sweep 8 MB ─▶ sleep ─▶ read, read ─▶ event ─▶ read     each read of the counter between fences
//!                           └─ bare ─┘ └──── spent ───┘
//! ```
//!
//! Invariant: both numbers of a sample are there in its row; the judge subtracts the median of the
//! bare ones.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{Ordering, fence};
use std::time::{Duration, Instant};

use thalweg_sys::time_stamp_counter;

use crate::emit::pin;
use crate::workload::ints;

/// Larger than the caches that one processor has to itself.
const FLUSHED_BYTES: usize = 8 << 20;
const LINE_BYTES: usize = 64;
const PERIOD: Duration = Duration::from_millis(1);
/// The first ones are not kept: they fault pages in.
const FIRST: usize = 20;

/// The counter, with what comes before and after kept there.
fn ticks() -> u64 {
    fence(Ordering::SeqCst);
    let now = time_stamp_counter();
    fence(Ordering::SeqCst);
    now
}

fn flush(memory: &mut [u8]) {
    for at in (0..memory.len()).step_by(LINE_BYTES) {
        memory[at] = memory[at].wrapping_add(1);
    }
    black_box(memory);
}

/// Writes a row for each sample: ns with the event, ns without.
pub(crate) fn cold(samples: usize) -> ExitCode {
    let mut memory = vec![0_u8; FLUSHED_BYTES];
    let mut kept = Vec::with_capacity(samples);
    pin(0);
    let (begin, begin_ticks) = (Instant::now(), ticks());
    let mut due = begin;
    for sample in 0..FIRST + samples {
        due += PERIOD;
        flush(&mut memory);
        let now = Instant::now();
        match due.checked_duration_since(now) {
            Some(rest) => std::thread::sleep(rest),
            None => due = now,
        }
        let (before, middle) = (ticks(), ticks());
        ints(1);
        let after = ticks();
        if sample >= FIRST {
            kept.push((after - middle, middle - before));
        }
    }
    let each_ns = begin.elapsed().as_nanos() as f64 / (ticks() - begin_ticks) as f64;
    for (spent, bare) in kept {
        println!("{:.1},{:.1}", spent as f64 * each_ns, bare as f64 * each_ns);
    }
    eprintln!("produced {}", FIRST + samples);
    ExitCode::SUCCESS
}
