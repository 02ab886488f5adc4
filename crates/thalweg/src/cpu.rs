//! The processor that a thread runs on, from the area that the kernel keeps up to date (rseq).

use crate::state::RSEQ_AREA;
use crate::tls;
use core::arch::asm;
use core::sync::atomic::Ordering::Relaxed;

/// What an event carries when nobody knows the processor.
const UNKNOWN: u32 = u32::MAX;

/// Offset of `cpu_id` in `struct rseq`.
const CPU_ID: isize = 4;

/// The distance from the thread pointer to `cpu_id`; `None` if there is no such area.
pub(crate) fn find_area() -> Option<isize> {
    let (offset, size): (*const isize, *const u32);
    // glibc 2.35 and later export where the area lies; weak, so that an older one links too.
    // SAFETY: loads two addresses from the global offset table; both are null if not defined.
    unsafe {
        asm!(
            ".weak __rseq_offset",
            ".weak __rseq_size",
            "mov {offset}, qword ptr [rip + __rseq_offset@GOTPCREL]",
            "mov {size}, qword ptr [rip + __rseq_size@GOTPCREL]",
            offset = out(reg) offset,
            size = out(reg) size,
            options(nostack, preserves_flags, readonly),
        );
    }
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
    let cpu: u32;
    // SAFETY: `area` comes from `area`: the thread's own memory, mapped as long as it lives.
    unsafe {
        asm!("mov {cpu:e}, dword ptr fs:[{area}]", cpu = out(reg) cpu, area = in(reg) area,
            options(nostack, preserves_flags, readonly));
    }
    cpu
}
