//! The two clocks that a collector can ask for.

use crate::arch;
use thalweg_abi::slot::CLOCK_TSC;

/// The time on the clock that a slot's control word names.
#[inline(always)]
pub(crate) fn read(kind: u64) -> u64 {
    if kind == CLOCK_TSC {
        processor_counter()
    } else {
        monotonic_ns()
    }
}

/// The processors' counter, now.
#[inline(always)]
pub(crate) fn processor_counter() -> u64 {
    let (high, low) = arch::counter_halves();
    u64::from(high) << 32 | u64::from(low)
}

#[cold]
pub(crate) fn monotonic_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live timespec; the vDSO's function is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
