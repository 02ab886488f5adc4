//! Whether a call of the allocator is one that the allocator makes itself.
//!
//! ```text
//!   stack   program ─▶ realloc ── its address is kept ─▶ real realloc ─▶ malloc: deeper, no event
//! ```
//!
//! The thread's word holds where the stack was at the outermost call, or 0. It lies in storage that
//! the assembler reserves: `thread_local!` may allocate at a library's first access.
//!
//! A call that is left by a jump leaves its word behind; the next call from further up sees it.

use crate::arch::{outermost, set_outermost, stack};
use core::arch::global_asm;

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 3",
    ".hidden thalweg_helper_outermost",
    ".globl thalweg_helper_outermost",
    ".type thalweg_helper_outermost, @object",
    ".size thalweg_helper_outermost, 8",
    "thalweg_helper_outermost:",
    ".zero 8",
    ".popsection",
);

/// A call of the real allocator that is under way.
#[must_use = "a call that begins must end"]
pub(crate) struct Call {
    is_outermost: bool,
}

impl Call {
    /// Begins.
    #[inline(always)]
    pub(crate) fn begin() -> Self {
        let here = stack();
        let is_outermost = here >= outermost();
        if is_outermost {
            set_outermost(here);
        }
        Self { is_outermost }
    }

    /// Whether the program made it.
    #[inline(always)]
    pub(crate) fn is_outermost(&self) -> bool {
        self.is_outermost
    }

    /// Ends; whether the program made it.
    #[inline(always)]
    pub(crate) fn end(self) -> bool {
        if self.is_outermost {
            set_outermost(0);
        }
        self.is_outermost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a call further in is the program's.
    #[inline(never)]
    fn deeper() -> bool {
        let room = std::hint::black_box([0_u8; 64]);
        let call = Call::begin();
        let is_outermost = call.end();
        std::hint::black_box(room);
        is_outermost
    }

    #[test]
    fn a_call_within_a_call_is_not_the_programs() {
        let call = Call::begin();
        assert!(!deeper());
        assert!(!deeper(), "the inner call's end is not the outer's");
        assert!(call.end());
        assert!(deeper());
    }

    /// Begins and never ends.
    #[inline(never)]
    fn left() {
        let room = std::hint::black_box([0_u8; 4096]);
        let _never_ended = Call::begin();
        std::hint::black_box(room);
    }

    #[test]
    fn a_call_that_was_left_is_forgotten_further_up() {
        left();
        assert!(Call::begin().end());
        assert!(deeper());
    }
}
