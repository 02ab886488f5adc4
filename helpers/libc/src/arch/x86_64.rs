//! x86-64.

use core::arch::asm;

/// The thread's word.
#[inline(always)]
pub(crate) fn outermost() -> u64 {
    let word: u64;
    // SAFETY: reads the thread's own storage, at a fixed offset from the thread pointer.
    unsafe {
        asm!(
            "mov {word}, qword ptr [rip + thalweg_helper_outermost@GOTTPOFF]",
            "mov {word}, qword ptr fs:[{word}]",
            word = out(reg) word,
            options(nostack, readonly, preserves_flags),
        );
    }
    word
}

/// Sets the thread's word.
#[inline(always)]
pub(crate) fn set_outermost(value: u64) {
    // SAFETY: writes the thread's own storage, which nobody else knows.
    unsafe {
        asm!(
            "mov {at}, qword ptr [rip + thalweg_helper_outermost@GOTTPOFF]",
            "mov qword ptr fs:[{at}], {value}",
            at = out(reg) _,
            value = in(reg) value,
            options(nostack, preserves_flags),
        );
    }
}

/// Where the stack is.
#[inline(always)]
pub(crate) fn stack() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
