//! A record: one event in a chunk.
//!
//! ```text
//!   bit 0      2       16        31    32                       63
//!   | state    | words | site    | ext | low 32 bits of the time |     the mark, one 64-bit word
//!   | [ext: the whole time, 64 bits ]                            |
//!   | cpu (u32) | payload, packed, little-endian | zero … 8-byte boundary
//! ```
//!
//! The mark is stored by one Release store when the payload is complete. A signal handler that
//! interrupts an event stores a PENDING one for it first, so that the records behind it are found. A
//! record that stays PENDING is torn; one that its thread's death cut short may have no mark, and
//! some of its payload behind it.

/// The mark of a record that is not complete, and behind which there may be others.
pub const PENDING: u64 = 1;
/// The mark of a complete record.
pub const COMMITTED: u64 = 2;
/// The mark of a record that its thread gave up.
pub const TORN: u64 = 3;

/// A gap of this many cycles or more needs the whole time.
pub const EXTENDED_FROM: u64 = 1 << 32;

/// Bytes of the cpu number before the payload.
pub const CPU_LEN: usize = 4;

/// The most bytes of a payload: beside it a record has its mark, its whole time and the cpu number,
/// and may turn out to need a word more.
pub const MAX_PAYLOAD: usize = (crate::chunk::MAX_RECORD_WORDS - 3) * 8 - CPU_LEN;

/// A mark, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// [`PENDING`], [`COMMITTED`] or [`TORN`]; 0 where no record is.
    pub state: u64,
    /// The record's length in words, mark included.
    pub words: u16,
    /// The site's index.
    pub site: u16,
    /// Whether the whole time follows.
    pub extended: bool,
    /// The low half of the time.
    pub time_low: u32,
}

impl Mark {
    /// The word.
    pub const fn pack(self) -> u64 {
        (self.state & 3)
            | ((self.words as u64 & 0x3fff) << 2)
            | ((self.site as u64 & 0x7fff) << 16)
            | ((self.extended as u64) << 31)
            | ((self.time_low as u64) << 32)
    }

    /// The parts of a word; every word has some.
    pub const fn unpack(word: u64) -> Self {
        Self {
            state: word & 3,
            words: ((word >> 2) & 0x3fff) as u16,
            site: ((word >> 16) & 0x7fff) as u16,
            extended: (word >> 31) & 1 == 1,
            time_low: (word >> 32) as u32,
        }
    }

    /// The length in words of a record with this payload.
    pub const fn words_for(payload_len: usize, extended: bool) -> usize {
        1 + extended as usize + (CPU_LEN + payload_len).div_ceil(8)
    }
}

const _: () = assert!(
    crate::chunk::MAX_RECORD_WORDS <= 0x3fff,
    "a record's length fits its mark"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_there_and_back() {
        let mark = Mark {
            state: TORN,
            words: 8184,
            site: 32767,
            extended: true,
            time_low: 0xdead_beef,
        };
        assert_eq!(Mark::unpack(mark.pack()), mark);
        assert_eq!(Mark::unpack(0).state, 0);
    }
}
