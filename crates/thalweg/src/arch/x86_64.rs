//! x86-64.

use crate::gate::GATES;
use core::arch::asm;
use thalweg_ring::Halves;

/// Where glibc keeps the thread id in its thread control block.
pub(crate) const GLIBC_TID_OFFSET: Option<isize> = Some(0x2d0);

/// Bytes of the longest call of which the return address is looked for.
pub(crate) const CALL_LEN: usize = 6;

/// Whether bytes end with a direct call, or one through a table.
pub(crate) fn ends_with_call(bytes: [u8; CALL_LEN]) -> bool {
    bytes[1] == 0xe8 || bytes[..2] == [0xff, 0x15]
}

/// Which thread this is: an address that the thread and nobody else in the process has.
#[inline(always)]
pub(crate) fn thread_pointer() -> u64 {
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
pub(crate) fn is_thread_pointer(value: u64) -> bool {
    // SAFETY: reads the thread pointer, as above.
    unsafe {
        asm!("cmp {}, qword ptr fs:[0]", "jne {}", in(reg) value, label { return false },
            options(nostack, readonly));
    }
    true
}

/// The word of the thread's own memory at a distance from its pointer.
///
/// # Safety
///
/// The thread has memory there as long as it lives.
#[inline(always)]
pub(crate) unsafe fn thread_word(offset: isize) -> u32 {
    let word: u32;
    // SAFETY: as the caller says.
    unsafe {
        asm!("mov {word:e}, dword ptr fs:[{offset}]", word = out(reg) word, offset = in(reg) offset,
            options(nostack, preserves_flags, readonly));
    }
    word
}

/// The first of the thread's words (`tls`).
#[inline(always)]
pub(crate) fn first_of_words() -> u64 {
    let word: u64;
    // SAFETY: reads the thread's own storage, at a fixed offset from the thread pointer.
    unsafe {
        asm!(
            "mov {word}, qword ptr [rip + thalweg_thread_words_3@GOTTPOFF]",
            "mov {word}, qword ptr fs:[{word}]",
            word = out(reg) word,
            options(nostack, readonly, preserves_flags),
        );
    }
    word
}

/// The distance of the thread's words from the thread pointer, the same in each thread.
#[inline(always)]
pub(crate) fn words_offset() -> isize {
    let offset: isize;
    // SAFETY: reads a constant that the linker or the loader has filled in.
    unsafe {
        asm!("mov {}, qword ptr [rip + thalweg_thread_words_3@GOTTPOFF]", out(reg) offset,
            options(nostack, pure, readonly, preserves_flags));
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
            "mov {offset}, qword ptr [rip + __rseq_offset@GOTPCREL]",
            "mov {size}, qword ptr [rip + __rseq_size@GOTPCREL]",
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
    let behind: u64;
    // SAFETY: reads a register. One more than it, because the depth is added to the result: the
    // compiler makes nothing of both.
    unsafe {
        asm!("lea {}, [rsp + 1]", out(reg) behind, options(nomem, nostack, preserves_flags));
    }
    behind - 1
}

/// The stack pointer and the frame pointer.
#[inline(always)]
pub(crate) fn stack_and_frame() -> (u64, u64) {
    let (stack, frame);
    // SAFETY: reads two registers.
    unsafe {
        asm!(
            "mov {}, rsp",
            "mov {}, rbp",
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
    let (high, low): Halves;
    // SAFETY: every x86-64 processor has the instruction, and it has no effect but its result.
    unsafe {
        asm!("rdtsc", out("edx") high, out("eax") low, options(nostack, preserves_flags));
    }
    (high, low)
}

/// Whether a gate is open: one compare with memory, one branch, 13 bytes.
///
/// In assembler, because a static of another crate is otherwise reached through the global offset
/// table, which is a second load. The library is linked statically, so the address is near.
#[inline(always)]
pub(crate) fn is_gate_open<const GATE: u16>() -> bool {
    // SAFETY: reads 4 bytes of the static; changes nothing but flags.
    unsafe {
        asm!(
            "cmp dword ptr [rip + {gates} + {offset}], 0",
            "jne {open}",
            gates = sym GATES,
            offset = const GATE as usize * 4,
            open = label { return true },
            options(nostack, readonly),
        );
    }
    false
}

/// Whether the word at an offset in a struct has a value, compared where it lies: with a load of its
/// own the compiler takes one instruction more.
///
/// # Safety
///
/// There is a word at the offset that can be read.
#[inline(always)]
pub(crate) unsafe fn is_word_at<const OFFSET: usize, T>(base: &T, value: u32) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        asm!(
            "cmp {value:e}, dword ptr [{base} + {at}]",
            "jne {other}",
            value = in(reg) value,
            base = in(reg) core::ptr::from_ref(base),
            at = const OFFSET,
            other = label { return false },
            options(nostack, readonly),
        );
    }
    true
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
                concat!("mov {start}, qword ptr [rip + __start_", $section, "@GOTPCREL]"),
                concat!("mov {stop}, qword ptr [rip + __stop_", $section, "@GOTPCREL]"),
                start = out(reg) start,
                stop = out(reg) stop,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        (start, stop)
    }};
}
pub(crate) use section_bounds;
