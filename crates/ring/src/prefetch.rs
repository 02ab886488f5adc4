//! Asking for memory that another processor had last, before it is needed.

use crate::sync::AtomicU64;

/// Asks for the cache line `AHEAD` bytes behind the word at an index, to be written to.
///
/// Past the end of a chunk this asks for a neighbour's line, now and then, and past the end of
/// the mapping for nothing: the instruction never faults.
#[inline(always)]
pub(crate) fn will_write<const AHEAD: usize>(words: &[AtomicU64], at: usize) {
    #[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
    // SAFETY: a prefetch has no effect but on the cache, whatever the address is.
    unsafe {
        core::arch::asm!(
            "prefetchw byte ptr [{words} + 8 * {at} + {ahead}]",
            words = in(reg) words.as_ptr(),
            at = in(reg) at,
            ahead = const AHEAD,
            options(nostack, readonly, preserves_flags),
        );
    }
    #[cfg(any(not(target_arch = "x86_64"), loom, shuttle))]
    let _ = (words, at);
}
