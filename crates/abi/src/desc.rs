//! A chunk's descriptor: one word that says who has the chunk.
//!
//! ```text
//!   bit 0      3       6          20            42             63
//!   | state    | class | thread   | thread id   | generation    |
//!   | FULL     | class | thread   | age                         |     so does READING
//! ```
//!
//! A full chunk's thread id and generation are in the word that its owner put into the chunk's head;
//! its descriptor has the time of its last record instead, see [`Age`], so that the oldest is found
//! without looking into any.
//!
//! The program moves FREE → OWNED → FULL, and OWNED → FREE for a chunk that it did not use; the
//! collector moves FULL → FREE, and OWNED → FREE when the thread is dead. Each is one atomic
//! operation on this word, so that whoever dies in between leaks nothing.
//!
//! In mode overwrite a thread also moves FULL → OWNED with the next generation: it takes the chunk
//! back with what it holds. From then on the chunk's own head says how far that has come:
//!
//! ```text
//!   descriptor  OWNER     TAKEN's generation     what the chunk holds
//!   OWNED w     w         any                    the owner's own records
//!   OWNED w     another   not that of w          the records of another: not counted, all there
//!   OWNED w     any       that of w              nothing: counted, and being cleared
//!   OWNED w     0         not that of w          nothing: was free, and is not opened yet
//! ```
//!
//! So a collector that finds the thread dead knows whether the records count as overwritten or are
//! to be kept, at every instant. It moves FULL → READING while it copies a chunk, and READING → FULL
//! afterwards, so that nobody takes it back meanwhile; and FREE → NONE to take its memory away.

/// No chunk begins at this unit.
pub const NONE: u64 = 0;
/// The chunk waits for a thread.
pub const FREE: u64 = 1;
/// A thread writes into it.
pub const OWNED: u64 = 2;
/// The thread is done with it.
pub const FULL: u64 = 3;

/// The collector reads it, and nobody may take it back.
pub const READING: u64 = 4;

/// The bits of the state in a descriptor's word.
pub const STATE_MASK: u64 = 7;

/// Bits of the generation.
pub const GENERATION_BITS: u32 = 22;

/// The generation after this one.
pub const fn next_generation(generation: u32) -> u32 {
    generation.wrapping_add(1) & ((1 << GENERATION_BITS) - 1)
}

/// A descriptor, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desc {
    /// [`NONE`], [`FREE`], [`OWNED`], [`FULL`] or [`READING`].
    pub state: u64,
    /// The size class.
    pub class: u8,
    /// The owner's thread index.
    pub thread: u16,
    /// The owner's thread id.
    pub tid: u32,
    /// Counts the owners, so that a descriptor is never mistaken for an older one.
    pub generation: u32,
}

impl Desc {
    /// A free chunk of `class`.
    pub const fn free(class: u8, generation: u32) -> Self {
        Self {
            state: FREE,
            class,
            thread: 0,
            tid: 0,
            generation,
        }
    }

    /// The word.
    pub const fn pack(self) -> u64 {
        (self.state & 7)
            | ((self.class as u64 & 7) << 3)
            | ((self.thread as u64 & 0x3fff) << 6)
            | ((self.tid as u64 & 0x3f_ffff) << 20)
            | ((self.generation as u64 & 0x3f_ffff) << 42)
    }

    /// The parts of a word; every word has some.
    pub const fn unpack(word: u64) -> Self {
        Self {
            state: word & 7,
            class: ((word >> 3) & 7) as u8,
            thread: ((word >> 6) & 0x3fff) as u16,
            tid: ((word >> 20) & 0x3f_ffff) as u32,
            generation: ((word >> 42) & 0x3f_ffff) as u32,
        }
    }

    /// The same chunk in another state.
    #[must_use]
    pub const fn with_state(mut self, state: u64) -> Self {
        self.state = state;
        self
    }

    /// The descriptor's word when the owner hands the chunk over whose last record was at `age`.
    pub const fn full(self, age: Age) -> u64 {
        let of_thread = self.with_state(FULL).pack() & ((1 << AGE_SHIFT) - 1);
        of_thread | (age.0 << AGE_SHIFT)
    }
}

/// When the last record of a full chunk was, in units of 4096 cycles. Counts modulo 2^44: with a
/// clock of 3 GHz that is most of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(u64);

const AGE_SHIFT: u32 = 20;
const AGE_BITS: u32 = 64 - AGE_SHIFT;
const UNIT_SHIFT: u32 = 12;

impl Age {
    /// That of a record at `time`.
    pub const fn at(time: u64) -> Self {
        Self((time >> UNIT_SHIFT) & ((1 << AGE_BITS) - 1))
    }

    /// That in the word of a full chunk's descriptor.
    pub const fn of(word: u64) -> Self {
        Self(word >> AGE_SHIFT)
    }

    /// As a number of [`Age::BITS`] bits.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Bits of [`Age::number`].
    pub const BITS: u32 = AGE_BITS;

    /// Of a number; what is above its bits is cut off.
    pub const fn from_number(number: u64) -> Self {
        Self(number & ((1 << AGE_BITS) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_chunk_has_its_age_and_its_threads_index() {
        let desc = Desc {
            state: OWNED,
            class: 4,
            thread: 16383,
            tid: 4_194_303,
            generation: 77,
        };
        let word = desc.full(Age::at(u64::MAX - 1));
        let full = Desc::unpack(word);
        assert_eq!((full.state, full.class, full.thread), (FULL, 4, 16383));
        assert_eq!(Age::of(word), Age::at(u64::MAX - 1));
        assert!(Age::at(1 << 20) < Age::at(1 << 40));
    }

    #[test]
    fn a_descriptor_goes_there_and_back() {
        let desc = Desc {
            state: OWNED,
            class: 4,
            thread: 16383,
            tid: 4_194_303,
            generation: 77,
        };
        assert_eq!(Desc::unpack(desc.pack()), desc);
    }
}
