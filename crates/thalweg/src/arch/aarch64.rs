//! AArch64.

use crate::gate::GATES;
use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use thalweg_ring::Halves;

/// glibc keeps the thread id at a distance that changes from version to version: the kernel is asked.
pub(crate) const GLIBC_TID_OFFSET: Option<isize> = None;

/// Bytes of a call.
pub(crate) const CALL_LEN: usize = 4;

/// Whether bytes are a call (`bl`, `blr`).
pub(crate) fn ends_with_call(bytes: [u8; CALL_LEN]) -> bool {
    let instruction = u32::from_le_bytes(bytes);
    instruction >> 26 == 0b10_0101 || instruction & 0xffff_fc1f == 0xd63f_0000
}

/// Which thread this is: an address that the thread and nobody else in the process has.
#[inline(always)]
pub(crate) fn thread_pointer() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register that programs can read.
    unsafe {
        asm!("mrs {}, tpidr_el0", out(reg) pointer,
            options(nomem, nostack, pure, preserves_flags));
    }
    pointer
}

/// Whether a value is this thread's pointer.
#[inline(always)]
pub(crate) fn is_thread_pointer(value: u64) -> bool {
    thread_pointer() == value
}

/// The word of the thread's own memory at a distance from its pointer.
///
/// # Safety
///
/// The thread has memory there as long as it lives.
#[inline(always)]
pub(crate) unsafe fn thread_word(offset: isize) -> u32 {
    let address = (thread_pointer() as usize).wrapping_add_signed(offset);
    // SAFETY: as the caller says.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

/// The first of the thread's words (`tls`).
#[inline(always)]
pub(crate) fn first_of_words() -> u64 {
    let address = (thread_pointer() as usize).wrapping_add_signed(words_offset());
    // SAFETY: the thread's own storage.
    unsafe { core::ptr::with_exposed_provenance::<u64>(address).read_volatile() }
}

/// The distance of the thread's words from the thread pointer, the same in each thread.
#[inline(always)]
pub(crate) fn words_offset() -> isize {
    let offset: isize;
    // SAFETY: reads a constant that the linker or the loader has filled in.
    unsafe {
        asm!(
            "adrp {offset}, :gottprel:thalweg_thread_words_3",
            "ldr {offset}, [{offset}, :gottprel_lo12:thalweg_thread_words_3]",
            offset = out(reg) offset,
            options(nostack, pure, readonly, preserves_flags),
        );
    }
    offset
}

/// Where libc says at which distance from the thread pointer the kernel's area for restartable
/// sequences lies, and how long it is; null where it does not say.
pub(crate) fn restartable_sequences() -> (*const isize, *const u32) {
    let (offset, size): (*const isize, *const u32);
    // glibc 2.35 and later export both; weak, so that an older one links too.
    // SAFETY: loads two addresses from the global offset table; both are null if not defined.
    unsafe {
        asm!(
            ".weak __rseq_offset",
            ".weak __rseq_size",
            "adrp {offset}, :got:__rseq_offset",
            "ldr {offset}, [{offset}, :got_lo12:__rseq_offset]",
            "adrp {size}, :got:__rseq_size",
            "ldr {size}, [{size}, :got_lo12:__rseq_size]",
            offset = out(reg) offset,
            size = out(reg) size,
            options(nostack, preserves_flags, readonly),
        );
    }
    (offset, size)
}

/// Where the stack is: an event of a signal handler, or of a function deeper in, has a lower one.
#[inline(always)]
pub(crate) fn stack() -> u64 {
    stack_and_frame().0
}

/// The stack pointer and the frame pointer.
#[inline(always)]
pub(crate) fn stack_and_frame() -> (u64, u64) {
    let (stack, frame);
    // SAFETY: reads two registers.
    unsafe {
        asm!(
            "mov {}, sp",
            "mov {}, x29",
            out(reg) stack,
            out(reg) frame,
            options(nomem, nostack, preserves_flags),
        );
    }
    (stack, frame)
}

/// The processor's counter, its high and its low half.
#[inline(always)]
pub(crate) fn counter_halves() -> Halves {
    let counter: u64;
    // SAFETY: Linux lets programs read the virtual counter.
    unsafe {
        asm!("mrs {}, cntvct_el0", out(reg) counter, options(nostack, preserves_flags));
    }
    ((counter >> 32) as u32, counter as u32)
}

/// Whether a gate is open: an address, a load, and a branch.
#[inline(always)]
pub(crate) fn is_gate_open<const GATE: u16>() -> bool {
    GATES.0[GATE as usize].load(Relaxed) != 0
}

/// Whether the word at an offset in a struct has a value.
///
/// # Safety
///
/// There is a word at the offset that can be read.
#[inline(always)]
pub(crate) unsafe fn is_word_at<const OFFSET: usize, T>(base: &T, value: u32) -> bool {
    let word: *const AtomicU32 = core::ptr::from_ref(base).wrapping_byte_add(OFFSET).cast();
    // SAFETY: as the caller says.
    unsafe { (*word).load(Relaxed) == value }
}

/// The bounds of a section that the linker gathers; both null if there is none.
macro_rules! section_bounds {
    ($section:literal) => {{
        let (start, stop);
        // SAFETY: loads two addresses, which the linker defines, from the global offset table.
        unsafe {
            core::arch::asm!(
                // Weak: a program that links this library and defines no event has no such section.
                // Said here and not once for the crate: each object that this is inlined into needs it.
                concat!(".weak __start_", $section),
                concat!(".weak __stop_", $section),
                concat!(".hidden __start_", $section),
                concat!(".hidden __stop_", $section),
                concat!("adrp {start}, :got:__start_", $section),
                concat!("ldr {start}, [{start}, :got_lo12:__start_", $section, "]"),
                concat!("adrp {stop}, :got:__stop_", $section),
                concat!("ldr {stop}, [{stop}, :got_lo12:__stop_", $section, "]"),
                start = out(reg) start,
                stop = out(reg) stop,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        (start, stop)
    }};
}
pub(crate) use section_bounds;
