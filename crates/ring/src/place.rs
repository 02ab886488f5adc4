//! Where a thread's next record goes, as one word.
//!
//! ```text
//!   bit 0    14             17             31                      63
//!   | unit   | class + 1    | words left   | low 33 bits of a time |
//! ```
//!
//! No words left and no chunk look alike to who reserves: there is no room. So zeroed memory is a
//! place, and a thread without a chunk costs the others no test.

use crate::slot::{UNIT_WORDS, chunk_words};
use thalweg_abi::chunk;

const LEFT_SHIFT: u32 = 17;
const TIME_SHIFT: u32 = 31;
const TIME_BITS: u32 = 64 - TIME_SHIFT;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// The place, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    unit: usize,
    /// The chunk's class and one more; 0 without a chunk.
    kind: u8,
    /// Words left in the chunk.
    pub(crate) left: usize,
    time_low: u64,
}

impl Place {
    /// The begin of a fresh chunk.
    pub(crate) fn fresh(unit: usize, class: u8, begin: u64) -> Self {
        Self {
            unit,
            kind: class + 1,
            left: chunk_words(class) - chunk::FIRST,
            time_low: begin & TIME_MASK,
        }
    }

    /// No chunk, after a record at `time`.
    pub(crate) fn nowhere(time: u64) -> Self {
        Self {
            unit: 0,
            kind: 0,
            left: 0,
            time_low: time & TIME_MASK,
        }
    }

    #[inline(always)]
    pub(crate) fn pack(self) -> u64 {
        self.unit as u64
            | (u64::from(self.kind) << 14)
            | ((self.left as u64) << LEFT_SHIFT)
            | (self.time_low << TIME_SHIFT)
    }

    #[inline(always)]
    pub(crate) fn unpack(word: u64) -> Self {
        Self {
            unit: (word & 0x3fff) as usize,
            kind: ((word >> 14) & 7) as u8,
            left: ((word >> LEFT_SHIFT) & 0x3fff) as usize,
            time_low: word >> TIME_SHIFT,
        }
    }

    /// The packed place in the same chunk behind a record of `words` at `time`; there was room.
    #[inline(always)]
    pub(crate) fn behind_word(word: u64, words: usize, time: u64) -> u64 {
        let chunk = word & ((1 << TIME_SHIFT) - 1);
        (chunk - ((words as u64) << LEFT_SHIFT)) | (time << TIME_SHIFT)
    }

    /// Whether the packed place's time is before `time`, if it is known to be less than 2^32 away.
    #[inline(always)]
    pub(crate) fn is_before(word: u64, time: u64) -> bool {
        // In the highest bits, where a difference has its sign. The lower bits, which are not all
        // zero where there is a chunk, make it smaller by less than one.
        (time << TIME_SHIFT).wrapping_sub(word).cast_signed() >= 0
    }

    /// The word at which the next record goes.
    #[inline(always)]
    pub(crate) fn at(self) -> usize {
        self.unit * UNIT_WORDS + ((UNIT_WORDS << self.kind) >> 1) - self.left
    }

    /// The whole time of which the place has the low bits: the first from `known` on.
    #[inline(always)]
    pub(crate) fn time(self, known: u64) -> u64 {
        known + (self.time_low.wrapping_sub(known) & TIME_MASK)
    }

    /// The unit and class of the chunk, if there is one.
    pub(crate) fn chunk(self) -> Option<(usize, u8)> {
        Some((self.unit, self.kind.checked_sub(1)?))
    }

    /// The word at which the chunk begins.
    pub(crate) fn base(self) -> usize {
        self.unit * UNIT_WORDS
    }
}

const _: () = assert!(
    chunk_words(thalweg_abi::slot::CLASSES as u8 - 1) <= 0x3fff,
    "the words of a chunk fit their bits"
);
