//! x86-64: a call leaves its return address on the stack, and `ret` takes the next one from there.

use core::arch::{asm, global_asm};

/// The instruction that takes an address from the stack and goes there.
const RET: u8 = 0xc3;

#[cfg(test)]
pub(crate) const RET_LEN: usize = 1;

global_asm!(
    ".hidden thalweg_dl_call",
    ".globl thalweg_dl_call",
    ".type thalweg_dl_call, @function",
    "thalweg_dl_call:", // (function, a, b, c, ret or 0) -> what the function returns
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "test r8, r8",
    "jz 3f",
    "lea r9, [rip + 2f]",
    "sub rsp, 8", // the stack is aligned as at a call when the function begins
    "push r9",
    "push r8",
    "jmp rax",
    "3: call rax",
    "2: mov rsp, rbp",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size thalweg_dl_call, . - thalweg_dl_call",
);

/// Where in code there is a `ret`, best behind an instruction that leaves the stack alone: then an
/// unwinder that looks at the instruction before it finds its way, too.
pub(crate) fn ret_in(code: &[u8]) -> Option<usize> {
    const CLEAR_AND_RETURN: [u8; 3] = [0x31, 0xc0, RET];
    let best = code.windows(3).position(|bytes| bytes == CLEAR_AND_RETURN);
    best.map(|at| at + 2)
        .or_else(|| code.iter().position(|&byte| byte == RET))
}

/// Whether the processor compares return addresses with a copy of its own.
pub(crate) fn has_shadow_stack() -> bool {
    let pointer: u64;
    // SAFETY: `rdsspq rax`, which does nothing where there is no shadow stack.
    unsafe {
        asm!("xor eax, eax", ".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8", out("rax") pointer,
            options(nomem, nostack));
    }
    pointer != 0
}

/// A function that stands in for one of C's: goes to another with one argument more, the address that
/// it was called from, before a frame of ours is on the stack. The number is that of the argument.
macro_rules! with_caller {
    (2, $to:ident) => {
        core::arch::naked_asm!("endbr64", "mov rdx, qword ptr [rsp]", "jmp {}", sym $to)
    };
    (3, $to:ident) => {
        core::arch::naked_asm!("endbr64", "mov rcx, qword ptr [rsp]", "jmp {}", sym $to)
    };
}
pub(crate) use with_caller;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_behind_a_harmless_instruction_is_preferred() {
        assert_eq!(ret_in(&[0x5d, RET, 0x31, 0xc0, RET]), Some(4));
        assert_eq!(ret_in(&[0x5d, RET]), Some(1));
        assert_eq!(ret_in(&[0x5d]), None);
    }
}
