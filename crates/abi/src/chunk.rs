//! A chunk: what one thread wrote, in the order of time.
//!
//! ```text
//!   word 0      1       2      3          4               5       6         8
//!   | begin     | owner | lost | consumed | thread pointer | taken | settled | … | record | 0 …
//! ```
//!
//! * `begin`: the time from which the first record's 32-bit time counts.
//! * `owner`: the descriptor's word when the owner opened the chunk.
//! * `lost`: the thread's loss counter when it took the chunk: what was lost before it.
//! * `consumed`: written by the collector: up to this word everything is on disk.
//! * `thread pointer`: what `pthread_self` returns in the thread; 0 if the program does not tell.
//! * `taken`: how many records were overwritten in this chunk, ever, and when last; see [`Taken`].
//!   The only word that stays when a chunk is cleared.
//! * `settled`: the owner's descriptor, once the collector vouches that no record of it that is not
//!   complete will be.
//!
//! Invariant: behind the last record every word is zero; whoever frees a chunk, or takes it back,
//! clears it first. Positions count 8-byte words from the chunk's begin.

use crate::desc::GENERATION_BITS;

/// Word of the time that the chunk begins with.
pub const BEGIN: usize = 0;
/// Word of the owner.
pub const OWNER: usize = 1;
/// Word of the loss counter at the time of the hand-over.
pub const LOST: usize = 2;
/// Word of the collector's progress.
pub const CONSUMED: usize = 3;
/// Word of the owner's thread pointer.
pub const POINTER: usize = 4;
/// Word of the overwritten records: a [`Taken`].
pub const TAKEN: usize = 5;
/// Word of the owner whose records are settled.
pub const SETTLED: usize = 6;
/// Position of the first record.
pub const FIRST: usize = 8;

/// Words in a chunk of `class`.
pub const fn words(class: u8) -> usize {
    512 << class
}

/// The largest class's words, less the header: no record is longer.
pub const MAX_RECORD_WORDS: usize = words(4) - FIRST;

/// The word that counts what was overwritten in a chunk: one store counts the records of an owner
/// and says that they are counted, so that no death comes between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The descriptor's generation of whoever counted last.
    pub generation: u32,
    /// Records that were overwritten, of all owners. Counts modulo 2^42.
    pub count: u64,
}

/// Bits of the count.
const COUNT_BITS: u32 = 64 - GENERATION_BITS;

impl Taken {
    /// The word.
    pub const fn pack(self) -> u64 {
        (self.count & ((1 << COUNT_BITS) - 1)) | ((self.generation as u64) << COUNT_BITS)
    }

    /// The parts of a word; every word has some.
    pub const fn unpack(word: u64) -> Self {
        Self {
            generation: (word >> COUNT_BITS) as u32,
            count: word & ((1 << COUNT_BITS) - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_goes_there_and_back() {
        let taken = Taken {
            generation: (1 << GENERATION_BITS) - 1,
            count: (1 << COUNT_BITS) - 2,
        };
        assert_eq!(Taken::unpack(taken.pack()), taken);
    }
}
