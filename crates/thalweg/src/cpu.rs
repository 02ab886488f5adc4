//! The processor that a thread runs on, from the area that the kernel keeps up to date (rseq).

use crate::arch;
use crate::state::RSEQ_AREA;
use crate::tls;
use core::sync::atomic::Ordering::Relaxed;

/// What an event carries when nobody knows the processor.
const UNKNOWN: u32 = u32::MAX;

/// Offset of `cpu_id` in `struct rseq`.
const CPU_ID: isize = 4;

/// The distance from the thread pointer to `cpu_id`; `None` if there is no such area.
pub(crate) fn find_area() -> Option<isize> {
    let (offset, size) = arch::restartable_sequences();
    if offset.is_null() || size.is_null() {
        return None;
    }
    // SAFETY: glibc's constant, set before any constructor runs.
    let registered = unsafe { size.read() } != 0;
    // SAFETY: as above.
    let area = unsafe { offset.read() };
    registered.then_some(area + CPU_ID)
}

/// Where this thread finds its processor's number: as a distance from the thread pointer.
pub(crate) fn area() -> isize {
    match RSEQ_AREA.load(Relaxed) {
        0 => tls::keep_cpu(UNKNOWN),
        area => area,
    }
}

/// The processor that runs this instruction, or was running it a moment ago.
#[inline(always)]
pub(crate) fn current(area: isize) -> u32 {
    // SAFETY: `area` comes from `area`: the thread's own memory, mapped as long as it lives.
    unsafe { arch::thread_word(area) }
}
