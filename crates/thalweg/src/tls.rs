//! Three words of a thread: its block, its span, and a processor number for where the kernel keeps
//! none.
//!
//! They are initial-exec storage that the assembler reserves: `thread_local!` may call the
//! allocator at a dlopened library's first access, and an event must not.

use crate::arch;
use core::arch::global_asm;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 3",
    ".hidden thalweg_thread_words_3",
    ".globl thalweg_thread_words_3",
    ".type thalweg_thread_words_3, @object",
    ".size thalweg_thread_words_3, 24",
    "thalweg_thread_words_3:",
    ".zero 24",
    ".popsection",
);

/// The thread's words.
#[repr(C)]
pub(crate) struct Words {
    /// The address of the thread's block, or 0.
    block: AtomicU64,
    span: AtomicU64,
    cpu: AtomicU32,
    depth: AtomicU32,
}

const _: () = assert!(
    size_of::<Words>() == 24,
    "as much as the assembler reserves"
);

#[inline(always)]
fn words() -> &'static Words {
    let address = (arch::thread_pointer() as usize).wrapping_add_signed(arch::words_offset());
    // SAFETY: the thread's own storage, zeroed at its start, aligned to 8 by the section above.
    // The reference must not leave the thread, and every user keeps it within one call.
    unsafe { &*core::ptr::with_exposed_provenance(address) }
}

/// Sets the thread's block; of a thread and its signal handlers the last one wins.
pub(crate) fn set_block(address: u64) {
    words().block.store(address, Relaxed);
}

/// The thread's current span, and how many spans are around what it does.
#[inline(always)]
pub(crate) fn span() -> (u64, u32) {
    let words = words();
    (words.span.load(Relaxed), words.depth.load(Relaxed))
}

/// Sets both; a signal handler that comes between puts back what it found.
#[inline(always)]
pub(crate) fn set_span(id: u64, depth: u32) {
    let words = words();
    words.span.store(id, Relaxed);
    words.depth.store(depth, Relaxed);
}

/// Gives the thread a processor number of its own; its distance from the thread pointer.
pub(crate) fn keep_cpu(cpu: u32) -> isize {
    words().cpu.store(cpu, Relaxed);
    arch::words_offset() + core::mem::offset_of!(Words, cpu).cast_signed()
}
