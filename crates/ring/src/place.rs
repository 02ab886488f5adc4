//! Where a thread's next record goes, as one word.
//!
//! ```text
//!   bit 0        14             17             31  32                      63
//!   | last unit  | class + 1    | words left   | 0 | low 32 bits of a time |
//! ```
//!
//! The next record lies `words left` before the end of the chunk's last unit: that is one
//! subtraction, whatever the chunk's class. The time is where a mark has it, so that both are made
//! with one shift, and words of later times are greater.
//!
//! No words left and no chunk look alike to who reserves: there is no room. So zeroed memory is a
//! place, and a thread without a chunk costs the others no test.

use crate::slot::{UNIT_WORDS, chunk_words};
use thalweg_abi::{chunk, slot};

/// `a < b`, as a branch of its own: the compiler would make one of several that are all rare, which
/// takes five instructions more.
#[inline(always)]
#[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
fn is_below(a: u64, b: u64) -> bool {
    // SAFETY: compares two registers.
    unsafe {
        core::arch::asm!("cmp {}, {}", "jae {}", in(reg) a, in(reg) b, label { return false },
            options(nomem, nostack));
    }
    true
}

#[cfg(any(not(target_arch = "x86_64"), loom, shuttle))]
fn is_below(a: u64, b: u64) -> bool {
    a < b
}

const UNIT_MASK: u64 = slot::UNITS as u64 - 1;
const KIND_SHIFT: u32 = 14;
const LEFT_SHIFT: u32 = 17;
const TIME_SHIFT: u32 = 32;

/// The place, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    last_unit: usize,
    /// The chunk's class and one more; 0 without a chunk.
    kind: u8,
    /// Words left in the chunk.
    pub(crate) left: usize,
    /// The low half of the last record's time, or of the chunk's begin.
    pub(crate) time_low: u32,
}

impl Place {
    /// The begin of a fresh chunk.
    pub(crate) fn fresh(unit: usize, class: u8, begin: u64) -> Self {
        Self {
            last_unit: unit + (1 << class) - 1,
            kind: class + 1,
            left: chunk_words(class) - chunk::FIRST,
            time_low: begin as u32,
        }
    }

    /// No chunk, after a record at `time`.
    pub(crate) fn nowhere(time: u64) -> Self {
        Self {
            last_unit: 0,
            kind: 0,
            left: 0,
            time_low: time as u32,
        }
    }

    #[inline(always)]
    pub(crate) fn pack(self) -> u64 {
        self.last_unit as u64
            | (u64::from(self.kind) << KIND_SHIFT)
            | ((self.left as u64) << LEFT_SHIFT)
            | (u64::from(self.time_low) << TIME_SHIFT)
    }

    #[inline(always)]
    pub(crate) fn unpack(word: u64) -> Self {
        Self {
            last_unit: (word & UNIT_MASK) as usize,
            kind: ((word >> KIND_SHIFT) & 7) as u8,
            left: (word as u32 >> LEFT_SHIFT) as usize,
            time_low: (word >> TIME_SHIFT) as u32,
        }
    }

    /// The packed place in the same chunk behind a record of `words` at `time`; there was room.
    #[inline(always)]
    pub(crate) fn behind_word(word: u64, words: usize, time_low: u32) -> u64 {
        let chunk = u64::from(word as u32) - ((words as u64) << LEFT_SHIFT);
        chunk + (u64::from(time_low) << TIME_SHIFT)
    }

    /// Whether the packed place's time is before that with this low half and the same high half.
    #[inline(always)]
    pub(crate) fn is_before(word: u64, time_low: u32) -> bool {
        // Equal times are told apart by the lower bits, which are not all zero where there is a
        // chunk.
        is_below(word, u64::from(time_low) << TIME_SHIFT)
    }

    /// The word at which the next record goes.
    #[inline(always)]
    pub(crate) fn at(self) -> usize {
        (self.last_unit + 1) * UNIT_WORDS - self.left
    }

    /// The whole time of which the place has the low bits: the first from `known` on.
    #[inline(always)]
    pub(crate) fn time(self, known: u64) -> u64 {
        known + u64::from(self.time_low.wrapping_sub(known as u32))
    }

    /// The unit and class of the chunk, if there is one.
    pub(crate) fn chunk(self) -> Option<(usize, u8)> {
        let class = self.kind.checked_sub(1)?;
        Some((self.last_unit + 1 - (1 << class), class))
    }
}

const _: () = assert!(
    chunk_words(slot::CLASSES as u8 - 1) <= 0x3fff,
    "the words of a chunk fit their bits"
);
const _: () = assert!(slot::UNITS == 1 << KIND_SHIFT, "a unit fits its bits");
