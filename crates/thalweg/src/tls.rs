//! Three words of a thread: its block, its span, and a processor number for where the kernel keeps
//! none.
//!
//! They are initial-exec storage that the assembler reserves: `thread_local!` may call the
//! allocator at a dlopened library's first access, and an event must not.

use core::arch::{asm, global_asm};
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

/// Which thread this is: an address that the thread and nobody else in the process has.
#[inline(always)]
pub(crate) fn pointer() -> u64 {
    let pointer: u64;
    // SAFETY: reads the thread pointer, which lies where it points to.
    unsafe {
        asm!("mov {}, qword ptr fs:[0]", out(reg) pointer,
            options(nostack, pure, readonly, preserves_flags));
    }
    pointer
}

/// Whether a value is this thread's pointer.
#[inline(always)]
pub(crate) fn is_pointer(value: u64) -> bool {
    // SAFETY: reads the thread pointer, as above.
    unsafe {
        asm!("cmp {}, qword ptr fs:[0]", "jne {}", in(reg) value, label { return false },
            options(nostack, readonly));
    }
    true
}

/// The address of this thread's block, or 0.
#[inline(always)]
pub(crate) fn block() -> u64 {
    let block: u64;
    // SAFETY: reads the thread's own storage, at a fixed offset from the thread pointer.
    unsafe {
        asm!(
            "mov {block}, qword ptr [rip + thalweg_thread_words_3@GOTTPOFF]",
            "mov {block}, qword ptr fs:[{block}]",
            block = out(reg) block,
            options(nostack, readonly, preserves_flags),
        );
    }
    block
}

/// The distance of the words from the thread pointer, the same in each thread.
#[inline(always)]
fn offset() -> isize {
    let offset: isize;
    // SAFETY: reads a constant that the linker or the loader has filled in.
    unsafe {
        asm!("mov {}, qword ptr [rip + thalweg_thread_words_3@GOTTPOFF]", out(reg) offset,
            options(nostack, pure, readonly, preserves_flags));
    }
    offset
}

#[inline(always)]
fn words() -> &'static Words {
    let address = (pointer() as usize).wrapping_add_signed(offset());
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
    offset() + core::mem::offset_of!(Words, cpu).cast_signed()
}
