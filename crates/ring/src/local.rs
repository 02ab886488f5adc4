//! A word that one thread and its signal handlers share.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
/// Whether a value of a struct is equal to another, compared where it lies: what the compiler does
/// not do with atomics, which costs an instruction and a register. The branch is taken if not.
macro_rules! is_equal_in_place {
    ($base:expr, $offset:expr, $size:literal, $value:literal) => {
        'compared: {
            // SAFETY: `base` is a reference to what has, at the offset, an atomic of that size.
            unsafe {
                core::arch::asm!(
                    concat!("cmp ", $size, " ptr [{base} + {offset}], ", $value),
                    "jne {other}",
                    base = in(reg) core::ptr::from_ref($base),
                    offset = const $offset,
                    other = label { break 'compared false },
                    options(nostack, readonly),
                );
            }
            true
        }
    };
    ($base:expr, $offset:expr, $size:literal, reg $value:expr) => {
        'compared: {
            // SAFETY: as above.
            unsafe {
                core::arch::asm!(
                    concat!("cmp ", $size, " ptr [{base} + {offset}], {value:e}"),
                    "jne {other}",
                    base = in(reg) core::ptr::from_ref($base),
                    offset = const $offset,
                    value = in(reg) $value,
                    other = label { break 'compared false },
                    options(nostack, readonly),
                );
            }
            true
        }
    };
}

#[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
pub(crate) use is_equal_in_place;

/// A word of one thread: atomic against the thread's own signal handlers, not against others.
///
/// Model checkers of threads need not see it; tests of signals see each of its steps.
#[derive(Debug)]
#[repr(transparent)]
pub struct LocalWord(AtomicU64);

#[inline(always)]
pub(crate) fn step() {
    #[cfg(all(test, not(any(loom, shuttle))))]
    crate::step::step();
}

impl LocalWord {
    /// A word with this value.
    pub const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// The value.
    #[inline(always)]
    pub fn load(&self) -> u64 {
        step();
        self.0.load(Relaxed)
    }

    /// Sets the value.
    #[inline(always)]
    pub fn store(&self, value: u64) {
        step();
        self.0.store(value, Relaxed);
    }

    /// Stores `new` if the word is `current`, in one instruction that no signal can split.
    #[inline(always)]
    #[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
    pub fn compare_exchange(&self, current: u64, new: u64) -> bool {
        step();
        // SAFETY: the pointer is to a live AtomicU64, aligned to 8; the instruction writes at most
        // those 8 bytes. Without the lock prefix it is atomic on this processor only, which is all
        // that a word of one thread needs. A migration between processors is a full barrier.
        unsafe {
            core::arch::asm!(
                "cmpxchg qword ptr [{word}], {new}",
                "jne {other}",
                word = in(reg) self.0.as_ptr(),
                new = in(reg) new,
                other = label { return false },
                inout("rax") current => _,
                options(nostack),
            );
        }
        true
    }

    /// Stores `new` if the word is `current`.
    #[inline(always)]
    #[cfg(any(not(target_arch = "x86_64"), loom, shuttle))]
    pub fn compare_exchange(&self, current: u64, new: u64) -> bool {
        step();
        self.0
            .compare_exchange(current, new, Relaxed, Relaxed)
            .is_ok()
    }
}
