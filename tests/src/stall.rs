//! Whether a call kept its thread waiting.

use std::time::{Duration, Instant};

const TOO_LONG: Duration = Duration::from_millis(1);

/// Runs a call; whether it lasted too long and the thread went to sleep in it. A thread that another one
/// took the processor from did not wait for us.
pub(crate) fn is_stalled(call: impl FnOnce()) -> bool {
    let (begin, before) = (Instant::now(), sleeps());
    call();
    begin.elapsed() > TOO_LONG && sleeps() > before
}

/// How often this thread has gone to sleep of its own accord.
fn sleeps() -> libc::c_long {
    // SAFETY: all-zero is room for what the kernel tells.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the room is live.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    usage.ru_nvcsw
}
