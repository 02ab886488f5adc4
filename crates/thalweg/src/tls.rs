//! Two words of a thread: its block, and the process generation for which that is true.
//!
//! They are initial-exec storage that the assembler reserves: `thread_local!` may call the
//! allocator at a dlopened library's first access, and an event must not.

use core::arch::{asm, global_asm};
use core::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 3",
    ".hidden thalweg_thread_words_1",
    ".globl thalweg_thread_words_1",
    ".type thalweg_thread_words_1, @object",
    ".size thalweg_thread_words_1, 16",
    "thalweg_thread_words_1:",
    ".zero 16",
    ".popsection",
);

/// The thread's words.
#[repr(C)]
pub(crate) struct Words {
    /// The address of the thread's block.
    block: AtomicU64,
    /// The generation of the process that the block belongs to; never 0 when set.
    generation: AtomicU64,
}

/// This thread's words.
#[inline(always)]
pub(crate) fn words() -> &'static Words {
    let address: *const Words;
    // SAFETY: reads the thread pointer and the words' offset from it; both are fixed for a thread.
    // The reference must not leave the thread, and every user keeps it within one call.
    unsafe {
        asm!(
            "mov {address}, qword ptr fs:[0]",
            "add {address}, qword ptr [rip + thalweg_thread_words_1@GOTTPOFF]",
            address = out(reg) address,
            options(nostack, pure, readonly),
        );
    }
    // SAFETY: the thread's own storage, zeroed at its start, aligned to 8 by the section above.
    unsafe { &*address }
}

impl Words {
    /// The generation that the thread knows, and the address of its block; 0 if there is none.
    #[inline(always)]
    pub(crate) fn get(&self) -> (u64, u64) {
        let generation = self.generation.load(Relaxed);
        // A signal handler in between sets both: then the older generation is not the block's.
        compiler_fence(SeqCst);
        (generation, self.block.load(Relaxed))
    }

    /// Sets the words; of a thread and its signal handlers the last one wins.
    pub(crate) fn set(&self, block: u64, generation: u64) {
        self.block.store(block, Relaxed);
        compiler_fence(SeqCst);
        self.generation.store(generation, Relaxed);
    }
}
