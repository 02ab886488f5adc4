//! One thread that emits as fast as it may: in blocking mode it waits for room.

use std::process::ExitCode;
use std::time::Instant;

use crate::emit::pin;
use crate::workload::ints;

/// Says how many events there were, and what each took of the time on the wall.
pub(crate) fn flood(count: u64) -> ExitCode {
    pin(0);
    // The first event sets the thread up.
    ints(1);
    let begin = Instant::now();
    ints(count);
    let each = begin.elapsed().as_nanos() as f64 / count as f64;
    eprintln!("produced {}\nwall_ns {each:.1}", count + 1);
    ExitCode::SUCCESS
}
