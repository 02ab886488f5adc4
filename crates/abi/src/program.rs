//! The memfd as a whole: where its parts lie.
//!
//! ```text
//!   byte 0      4096    8192        16384        147456     (+ words, page-rounded)
//!   | head      | dead  | gates     | threads    | words    | definitions | slot 0 | slot 1 | slot 2 | slot 3 |
//! ```
//!
//! * `dead`: one bit a thread index, set by a collector when the thread that had it is gone and
//!   its chunks are safe; the program then gives the index to a new thread.
//! * `gates`: 32-bit words that call sites test. A site's gate is a hash of its place in the
//!   source, so that its address is known when it is compiled; two sites may share one.
//! * `threads`: what thread has which index, see [`crate::thread`].
//! * `words`: one 32-bit word a site, in the order of the definitions: the exact answer.
//! * `definitions`: of the sites that were defined while the program ran, one after the other: `u32`
//!   index of the site, `u32` length, and so many bytes as in the rendezvous file. First the bytes are there, then [`HEAD_DEFINITIONS_LEN`] says so,
//!   then [`HEAD_DEFINED`].
//!
//! Byte `s` of a gate or word belongs to the collector in slot `s`, and nobody else writes it. Of a
//! word's byte the lowest bit says that the event is wanted, the next one, [`OTHER_CLOCK`], that its
//! time is not to be read from the processor's counter, [`FILTERED`] that a filter is asked first, and
//! [`SAMPLED`] that the program takes contexts itself.

use crate::{MAX_THREADS, PAGE, SLOTS, slot};

/// `THALWEGP` in ASCII.
pub const MAGIC: u64 = u64::from_le_bytes(*b"THALWEGP");

/// Word index of the magic.
pub const HEAD_MAGIC: usize = 0;
/// Word index of the version.
pub const HEAD_VERSION: usize = 1;
/// Word index of the number of sites that there is room for.
pub const HEAD_CAPACITY: usize = 2;
/// Word index of the flag that the library was unloaded or the program exits.
pub const HEAD_CLOSED: usize = 3;
/// Word index of how many thread indexes have memory behind them.
pub const HEAD_THREADS_READY: usize = 4;
/// Word index of the nonce, which the rendezvous file repeats.
pub const HEAD_NONCE: usize = 5;
/// Word index of how many sites are defined: those of the rendezvous file, and later ones.
pub const HEAD_DEFINED: usize = 6;
/// Word index of how many bytes of the later definitions are there.
pub const HEAD_DEFINITIONS_LEN: usize = 7;
/// Word index of what the program allows: [`ALLOWS_BLOCKING`] or nothing. The program keeps its own
/// copy elsewhere: this one is for collectors to read.
pub const HEAD_ALLOWS: usize = 8;

/// Word index: a futex. The low half goes up whenever a recording wants the program to tell its state
/// anew: it has begun, or a snapshot is about to be taken. The high half is the program's to choose
/// before anybody sees it, not 0, and another one in a forked child.
pub const HEAD_ASKED: usize = 9;
/// Word index: how many watches the program has, each of which tells a part of its state when it is
/// asked.
pub const HEAD_WATCHES: usize = 10;
/// Word index: the sum of the counts in [`HEAD_ASKED`] that the watches have answered, modulo 2^32.
pub const HEAD_ANSWERED: usize = 11;

/// Whether each watch has answered all that was asked, by what the three words hold.
pub const fn is_answered(asked: u64, watches: u64, answered: u64) -> bool {
    (asked as u32).wrapping_mul(watches as u32) == answered as u32
}

/// Bit of [`HEAD_ALLOWS`]: its threads may be made to wait for room in a ring.
pub const ALLOWS_BLOCKING: u64 = 1;

/// Byte offset of the dead bits.
pub const DEAD: usize = PAGE;
/// How many words of dead bits.
pub const DEAD_WORDS: usize = MAX_THREADS / 64;

/// Byte offset of the gates.
pub const GATES: usize = 2 * PAGE;
/// How many gates.
pub const GATE_COUNT: usize = 2048;
/// Bytes of all gates: whole pages, so that they can be mapped over a static.
pub const GATES_LEN: usize = GATE_COUNT * 4;

/// Byte offset of the thread table.
pub const THREADS: usize = GATES + GATES_LEN;
/// Bytes of the thread table.
pub const THREADS_LEN: usize = MAX_THREADS * 8;
/// Thread indexes that a program prepares by itself before `main`.
pub const THREADS_AT_START: usize = 2048;

/// Byte offset of the sites' words.
pub const WORDS: usize = THREADS + THREADS_LEN;

/// In a slot's byte of a site's word: the event is wanted.
pub const ENABLED: u8 = 1;
/// In a slot's byte of a site's word: the slot's clock is not [`slot::CLOCK_TSC`].
pub const OTHER_CLOCK: u8 = 2;

/// In a slot's byte of a site's word: the slot has filters for it, see [`crate::filters`].
pub const FILTERED: u8 = 4;

/// In a slot's byte of a site's word: contexts are taken at the event, see [`crate::sampled`].
pub const SAMPLED: u8 = 8;

/// A slot's byte of the word of a site that is on.
pub const fn enabled_byte(clock: u64) -> u8 {
    if clock == slot::CLOCK_TSC {
        ENABLED
    } else {
        ENABLED | OTHER_CLOCK
    }
}

/// The most sites of one library.
pub const MAX_SITES: usize = 32767;

/// The most sites that a program can define while it runs.
pub const DYNAMIC_SITES: usize = 4096;

/// Room for the sites of a program that is linked with `sites` of them.
pub const fn capacity_for(sites: usize) -> usize {
    if sites + DYNAMIC_SITES < MAX_SITES {
        sites + DYNAMIC_SITES
    } else {
        MAX_SITES
    }
}

/// Bytes of the words of `capacity` sites.
pub const fn words_len(capacity: usize) -> usize {
    (capacity * 4).next_multiple_of(PAGE)
}

/// Byte offset of the definitions.
pub const fn definitions_offset(capacity: usize) -> usize {
    WORDS + words_len(capacity)
}

/// Bytes of all later definitions.
pub const DEFINITIONS_LEN: usize = 4 << 20;

/// Byte offset of slot `index` in a program with room for `capacity` sites.
pub const fn slot_offset(capacity: usize, index: usize) -> usize {
    definitions_offset(capacity) + DEFINITIONS_LEN + index * slot::LEN
}

/// Bytes of the whole memfd.
pub const fn total_len(capacity: usize) -> usize {
    slot_offset(capacity, SLOTS)
}

/// The gate of a site, from the place where it stands in the source. FNV-1a.
pub const fn gate_of(file: &str, line: u32, column: u32) -> u16 {
    let bytes = file.as_bytes();
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    hash = (hash ^ line).wrapping_mul(0x0100_0193);
    hash = (hash ^ column).wrapping_mul(0x0100_0193);
    hash ^= hash >> 15;
    (hash % GATE_COUNT as u32) as u16
}

const _: () = assert!(
    GATES_LEN.is_multiple_of(PAGE),
    "gates are mapped page by page"
);
const _: () = assert!(WORDS.is_multiple_of(PAGE), "words start on a page");
const _: () = assert!(slot::LEN.is_multiple_of(PAGE), "slots start on pages");
