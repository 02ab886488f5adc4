//! The two clocks that a collector can ask for.

use core::arch::asm;
use thalweg_abi::slot::CLOCK_TSC;
use thalweg_ring::Halves;

/// The time on the clock that a slot's control word names.
#[inline(always)]
pub(crate) fn read(kind: u64) -> u64 {
    if kind == CLOCK_TSC {
        time_stamp_counter()
    } else {
        monotonic_ns()
    }
}

/// The time-stamp counter, now.
#[inline(always)]
pub(crate) fn time_stamp_counter() -> u64 {
    let (high, low) = time_stamp_counter_halves();
    u64::from(high) << 32 | u64::from(low)
}

/// The same as the processor gives it: the high and the low half.
#[inline(always)]
pub(crate) fn time_stamp_counter_halves() -> Halves {
    let (high, low): Halves;
    // SAFETY: every x86-64 processor has the instruction, and it has no effect but its result.
    unsafe {
        asm!("rdtsc", out("edx") high, out("eax") low, options(nostack, preserves_flags));
    }
    (high, low)
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
