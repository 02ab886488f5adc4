//! AArch64: a call keeps its return address in a register, which a function puts on the stack and takes
//! back from there. So what is looked for is an end of a function, two instructions.

use core::arch::{asm, global_asm};

/// `ldp x29, x30, [sp], #16` and `ret`: take a frame from the stack and go where it says.
const RET: [u8; RET_LEN] = [0xfd, 0x7b, 0xc1, 0xa8, 0xc0, 0x03, 0x5f, 0xd6];

pub(crate) const RET_LEN: usize = 8;

global_asm!(
    ".hidden thalweg_dl_call",
    ".globl thalweg_dl_call",
    ".type thalweg_dl_call, @function",
    "thalweg_dl_call:", // (function, a, b, c, ret or 0) -> what the function returns
    ".cfi_startproc",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset x29, -16",
    ".cfi_offset x30, -8",
    "mov x29, sp",
    ".cfi_def_cfa_register x29",
    "mov x16, x0", // the register by which functions may be gone to
    "mov x0, x1",
    "mov x1, x2",
    "mov x2, x3",
    "cbz x4, 3f",
    "adr x9, 2f",
    "stp x29, x9, [sp, #-16]!",
    "mov x30, x4",
    "br x16",
    "3: blr x16",
    "2: mov sp, x29",
    "ldp x29, x30, [sp], #16",
    ".cfi_def_cfa sp, 0",
    "ret",
    ".cfi_endproc",
    ".size thalweg_dl_call, . - thalweg_dl_call",
);

/// Where in code there is an end of a function; instructions lie at multiples of four.
pub(crate) fn ret_in(code: &[u8]) -> Option<usize> {
    let at = code.as_ptr().align_offset(4).min(code.len());
    let found = code[at..]
        .windows(RET_LEN)
        .step_by(4)
        .position(|bytes| bytes == RET);
    found.map(|instruction| at + 4 * instruction)
}

/// Whether the processor compares return addresses with a copy of its own.
pub(crate) fn has_shadow_stack() -> bool {
    let off: u64;
    // SAFETY: `chkfeat`, which does nothing on processors without it, and clears the bit of a guarded
    // control stack that is in use.
    unsafe {
        asm!("mov x16, #1", "hint #40", out("x16") off, options(nomem, nostack));
    }
    off == 0
}

/// A function that stands in for one of C's: goes to another with one argument more, the address that
/// it was called from, before a frame of ours is on the stack. The number is that of the argument.
macro_rules! with_caller {
    (2, $to:ident) => {
        core::arch::naked_asm!("hint #34", "mov x2, x30", "b {}", sym $to)
    };
    (3, $to:ident) => {
        core::arch::naked_asm!("hint #34", "mov x3, x30", "b {}", sym $to)
    };
}
pub(crate) use with_caller;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_function_is_found_where_instructions_are() {
        #[repr(align(4))]
        struct Code([u8; 16]);
        let mut code = Code([0; 16]);
        assert_eq!(ret_in(&code.0), None);
        code.0[4..12].copy_from_slice(&RET);
        assert_eq!(ret_in(&code.0), Some(4));
        assert_eq!(ret_in(&code.0[1..]), Some(3));
        assert_eq!(ret_in(&code.0[5..]), None);
    }
}
