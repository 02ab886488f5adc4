//! AArch64.

use core::arch::asm;

/// The thread's word.
#[inline(always)]
pub(crate) fn outermost() -> u64 {
    // SAFETY: the thread's own storage, at a fixed offset from the thread pointer.
    unsafe { word().read_volatile() }
}

/// Sets the thread's word.
#[inline(always)]
pub(crate) fn set_outermost(value: u64) {
    // SAFETY: the thread's own storage, which nobody else knows.
    unsafe { word().write_volatile(value) };
}

#[inline(always)]
fn word() -> *mut u64 {
    let address: usize;
    // SAFETY: reads a register, and a constant that the linker or the loader has filled in.
    unsafe {
        asm!(
            "mrs {pointer}, tpidr_el0",
            "adrp {offset}, :gottprel:thalweg_helper_outermost",
            "ldr {offset}, [{offset}, :gottprel_lo12:thalweg_helper_outermost]",
            "add {pointer}, {pointer}, {offset}",
            pointer = out(reg) address,
            offset = out(reg) _,
            options(nostack, pure, readonly, preserves_flags),
        );
    }
    core::ptr::with_exposed_provenance_mut(address)
}

/// Where the stack is.
#[inline(always)]
pub(crate) fn stack() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
