//! A chunk's descriptor: one word that says who has the chunk.
//!
//! ```text
//!   bit 0      3       6          20            42             63
//!   | state    | class | thread   | thread id   | generation    |
//! ```
//!
//! The program moves FREE → OWNED → FULL, and OWNED → FREE for a chunk that it did not use; the
//! collector moves FULL → FREE, and OWNED → FREE when the thread is dead. Each is one atomic
//! operation on this word, so that whoever dies in between leaks nothing.

/// No chunk begins at this unit.
pub const NONE: u64 = 0;
/// The chunk waits for a thread.
pub const FREE: u64 = 1;
/// A thread writes into it.
pub const OWNED: u64 = 2;
/// The thread is done with it.
pub const FULL: u64 = 3;

/// Bits of the generation.
pub const GENERATION_BITS: u32 = 22;

/// A descriptor, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desc {
    /// [`NONE`], [`FREE`], [`OWNED`] or [`FULL`].
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
