//! Leaving a signal handler by a jump, as `siglongjmp` does, without a function that returns twice.
//!
//! ```text
//!   with_escape(body) ─ saves registers and stack ─▶ body ─ interrupted ─▶ handler ─ escape ─┐
//!          ▲                                                                                 │
//!          └──────────── registers and stack as they were, returns true ◀────────────────────┘
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

core::arch::global_asm!(
    ".globl thalweg_tests_enter",
    "thalweg_tests_enter:", // (body: fn(), save: *mut u64) -> u64
    "push rbx",
    "push rbp",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "push rsi",
    "mov [rsi], rsp",
    "call rdi",
    "pop rsi",
    "xor eax, eax",
    "jmp 2f",
    ".globl thalweg_tests_leave",
    "thalweg_tests_leave:", // (saved: u64) -> !
    "mov rsp, rdi",
    "pop rsi",
    "mov eax, 1",
    "2: mov qword ptr [rsi], 0",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbp",
    "pop rbx",
    "cld",
    "ret",
);

unsafe extern "C" {
    fn thalweg_tests_enter(body: extern "C" fn(), save: *mut u64) -> u64;
    fn thalweg_tests_leave(saved: u64) -> !;
}

/// The stack pointer to go back to; 0 outside of [`with_escape`].
static SAVED: AtomicU64 = AtomicU64::new(0);

/// Runs `body`; whether it was left by [`escape`]. One thread of the program at a time.
pub fn with_escape(body: extern "C" fn()) -> bool {
    // SAFETY: the assembler keeps to the C calling convention, and the word lives for ever. What
    // `body` holds when it is left is forgotten, so it must own nothing.
    unsafe { thalweg_tests_enter(body, SAVED.as_ptr()) == 1 }
}

/// Leaves the body of [`with_escape`], if there is one; to be called by a handler that
/// interrupted it on the same thread.
pub fn escape() {
    let saved = SAVED.load(Relaxed);
    if saved != 0 {
        // SAFETY: the word is set only while the frame of `with_escape` exists on this thread.
        unsafe { thalweg_tests_leave(saved) }
    }
}
