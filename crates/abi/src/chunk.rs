//! A chunk: what one thread wrote, in the order of time.
//!
//! ```text
//!   word 0      1             2        3          4               8
//!   | begin     | tid, thread | lost   | consumed | thread pointer | … | record | record | 0 …
//! ```
//!
//! * `begin`: the time from which the first record's 32-bit time counts.
//! * `lost`: the thread's loss counter when it took the chunk: what was lost before it.
//! * `consumed`: written by the collector: up to this word everything is on disk.
//! * `thread pointer`: what `pthread_self` returns in the thread; 0 if the program does not tell.
//!
//! Invariant: behind the last record every word is zero; the collector clears a chunk before it
//! frees it. Positions count 8-byte words from the chunk's begin.

/// Word of the time that the chunk begins with.
pub const BEGIN: usize = 0;
/// Word of the owner: thread id in the low half, thread index in the high one.
pub const OWNER: usize = 1;
/// Word of the loss counter at the time of the hand-over.
pub const LOST: usize = 2;
/// Word of the collector's progress.
pub const CONSUMED: usize = 3;
/// Word of the owner's thread pointer.
pub const POINTER: usize = 4;
/// Position of the first record.
pub const FIRST: usize = 8;

/// Words in a chunk of `class`.
pub const fn words(class: u8) -> usize {
    512 << class
}

/// The largest class's words, less the header: no record is longer.
pub const MAX_RECORD_WORDS: usize = words(4) - FIRST;
