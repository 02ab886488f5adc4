//! Threads of a recorder mostly sleep; but when a ring is full, events are lost until one of them runs.

use std::time::Duration;

/// How long such a thread runs at a time, if others want the processor: shorter than others, to be let in
/// when it wakes up, but long enough to begin a write; who is sent away before that waits for a tick.
const SLICE: Duration = Duration::from_micros(700);

/// Its share beside busy programs: one that emits on all processors, and loses what nobody takes from
/// it, would get as much of them as the one thread that takes it.
const NICE: i32 = -10;

/// Lets the thread that calls this run when it has to, as far as it may. What it starts runs as usual.
pub(crate) fn claim() {
    // Who is not permitted to records as well as it can.
    let _ = thalweg_sys::run_soon(SLICE, NICE);
}
