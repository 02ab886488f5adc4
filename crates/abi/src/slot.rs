//! One slot: the ring that one collector has with one program.
//!
//! ```text
//!   byte 0     4096      20480      151552    282624    299008     692224           LEN
//!   | control  | masks   | descs    | lost    | rules   | filters  | chunk space: 16384 units of 4 KiB |
//! ```
//!
//! * `rules`: which events the collector wants, as text, see [`crate::rules`]: for sites that are
//!   defined while the program runs.
//! * `filters`: what decides of an event whether it is recorded, see [`crate::filters`].
//! * `masks`: for each 64 units one group of 8 words, of which word `c` has a bit for every free
//!   chunk of class `c` that begins there. A hint: the descriptor decides.
//! * `descs`: the descriptor of the chunk that begins at a unit, see [`crate::desc`].
//! * `lost`: per thread index, how many of its events found no chunk, see [`lost_at`]. Only that thread
//!   adds.
//!
//! Only what the control words call ready has memory behind it; the rest is never touched.

use crate::{MAX_THREADS, PAGE, sampled};

/// Units of chunk space.
pub const UNITS: usize = 16384;
/// Bytes of a unit.
pub const UNIT: usize = PAGE;
/// Size classes of chunks: 4 KiB shifted left by the class.
pub const CLASSES: usize = 5;

/// Word index: [`IDLE`], [`SETTING`] or [`ACTIVE`].
pub const STATE: usize = 0;
/// Word index: [`CLOCK_TSC`] or [`CLOCK_MONO`].
pub const CLOCK: usize = 1;
/// Word index: how many units have memory and descriptors.
pub const UNITS_READY: usize = 2;
/// Word index: how many entries of `lost` have memory.
pub const LOST_READY: usize = 3;
/// Word index: a futex; while the collector sleeps, after how many more full chunks it wants to be
/// woken. Whoever lacks a chunk wakes it at once.
pub const WAKE: usize = 4;
/// Word index: events refused because their thread has no index.
pub const REFUSED_THREAD: usize = 5;
/// Word index: events refused because no chunk can hold them.
pub const REFUSED_LARGE: usize = 6;
/// Word index: events refused because too many handlers were nested.
pub const REFUSED_NESTED: usize = 7;
/// Word index: a bit for each class that was wanted and not found.
pub const STARVED: usize = 8;
/// Word index: units that the program granted itself before `main`.
pub const SELF_GRANTED: usize = 9;
/// Word index: how many lost and refused events the collector has told of, written by it alone.
pub const TOLD: usize = 10;
/// Word index: which session the slot was set up for, by the `start` of its advert. What another
/// session has enabled is left over from a dead collector.
pub const SESSION: usize = 11;
/// Word index: how many bytes of rules there are.
pub const RULES_SIZE: usize = 12;
/// Word index: how many words of the filters' code are taken.
pub const FILTERS_TAKEN: usize = 13;
/// Word index: what a thread does that finds no free chunk: [`DISCARD`], [`OVERWRITE`] or
/// [`BLOCK`].
pub const MODE: usize = 14;
/// Word index: how long a thread waits in mode [`BLOCK`], in nanoseconds; all ones: for ever.
pub const PATIENCE_NS: usize = 15;
/// Word index: not 0 while a thread waits, or is about to, for a chunk to become free; a futex on
/// which the collector's pulse sleeps.
pub const WAITING: usize = 16;
/// Word index: a futex; changes whenever chunks were freed for threads that wait.
pub const FREED: usize = 17;
/// Word index: changes all the time while threads wait and the collector is alive.
pub const PULSE: usize = 18;
/// Word index: changes when there is nothing to wait for: no chunk will become free.
pub const HOPELESS: usize = 19;
/// Word index: how many overwritten events the collector has told of, written by it alone.
pub const TOLD_OVERWRITTEN: usize = 20;
/// Word index: one more than [`PULSE`] was when a thread found it silent and gave the collector up:
/// until it beats again, nobody waits.
pub const GIVEN_UP: usize = 21;
/// Word index: changes after a chunk has become free.
pub const FREES: usize = 22;
/// Word index: one more than [`FREES`] was when a thread found no chunk free: until that changes,
/// nobody looks.
pub const NONE_FREE: usize = 23;
/// Word index: how many contexts the program takes at each event.
pub const SAMPLED_COUNT: usize = 24;
/// Word index: not 0 once a thread could not have a counter of [`crate::sampled::Sampled::PerfThread`].
pub const COUNTER_LACKED: usize = 25;
/// How many control words are in use.
pub const CONTROL_WORDS: usize = 26;

/// Byte offset of the contexts that the program takes, in the control words' page.
pub const SAMPLED: usize = 64 * 8;
/// Bytes of them.
pub const SAMPLED_LEN: usize = sampled::MAX * sampled::ENTRY_WORDS * 8;

/// The event is discarded.
pub const DISCARD: u64 = 0;
/// The oldest full chunk is taken back, see [`crate::desc`].
pub const OVERWRITE: u64 = 1;
/// The thread waits, if its program allows that.
pub const BLOCK: u64 = 2;

/// In [`STARVED`], above the classes: a full chunk could not be taken back because of a record that
/// nobody has finished.
pub const UNSETTLED: u64 = 1 << 8;
/// In [`STARVED`], above the classes: no chunk was free, and none could be taken back.
pub const DRY: u64 = 1 << 9;

/// Nobody uses the slot.
pub const IDLE: u64 = 0;
/// A collector, or an advert of one, has set the slot up.
pub const ACTIVE: u64 = 1;
/// Somebody is setting the slot up; if that is the program, it takes microseconds.
pub const SETTING: u64 = 2;

/// Time stamps are the time-stamp counter.
pub const CLOCK_TSC: u64 = 0;
/// Time stamps are `CLOCK_MONOTONIC` in nanoseconds.
pub const CLOCK_MONO: u64 = 1;

/// Byte offset of the masks.
pub const MASKS: usize = PAGE;
/// Words of one group of masks.
pub const GROUP_WORDS: usize = 8;
/// Groups of masks.
pub const GROUPS: usize = UNITS / 64;
/// Byte offset of the descriptors.
pub const DESCS: usize = MASKS + GROUPS * GROUP_WORDS * 8;
/// Byte offset of the loss counters.
pub const LOST: usize = DESCS + UNITS * 8;
/// Byte offset of the rules.
pub const RULES: usize = LOST + MAX_THREADS * 8;
/// The most bytes of rules.
pub const RULES_LEN: usize = 4 * PAGE;
/// Byte offset of the filters.
pub const FILTERS: usize = RULES + RULES_LEN;
/// Byte offset of the chunk space.
pub const CHUNKS: usize = FILTERS + crate::filters::LEN;
/// Bytes of a slot.
pub const LEN: usize = CHUNKS + UNITS * UNIT;

/// Where in `lost` the counter of a thread index is: threads that are counted one after the other lose
/// events at the same time, and do not write to the same 64 bytes then.
pub const fn lost_at(thread: usize) -> usize {
    let (row, column) = (thread / 8 % 8, thread % 8);
    thread / 64 * 64 + column * 8 + row
}

/// How a program lays out the units that it grants itself: `(first unit, class)` by index.
///
/// Both sides compute it, so that no side has to believe the other. From 256 units on there are
/// chunks of every class; below that all are of 4 KiB.
pub const fn initial_chunk(units: usize, index: usize) -> Option<(usize, u8)> {
    if units < INITIAL_UNITS {
        return if index < units {
            Some((index, 0))
        } else {
            None
        };
    }
    let (mut unit, mut rest, mut class) = (0, index, 0);
    while class < CLASSES {
        if rest < INITIAL_COUNTS[class] {
            return Some((unit + (rest << class), class as u8));
        }
        rest -= INITIAL_COUNTS[class];
        unit += INITIAL_COUNTS[class] << class;
        class += 1;
    }
    None
}

/// Units that a program grants itself, unless the session's limit is lower: 1 MiB.
pub const INITIAL_UNITS: usize = 256;
const INITIAL_COUNTS: [usize; CLASSES] = [16, 8, 8, 8, 8];

const _: () = assert!(
    16 + 16 + 32 + 64 + 128 == INITIAL_UNITS,
    "the layout fills the grant"
);
const _: () = assert!(CHUNKS.is_multiple_of(PAGE), "chunks start on pages");
const _: () = assert!(
    CONTROL_WORDS * 8 <= SAMPLED,
    "control words lie before contexts"
);
const _: () = assert!(
    SAMPLED + SAMPLED_LEN <= PAGE,
    "contexts fit in the control words' page"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_a_loss_counter_and_neighbours_have_no_line_in_common() {
        let mut seen = [false; MAX_THREADS];
        for thread in 0..MAX_THREADS {
            assert!(!core::mem::replace(&mut seen[lost_at(thread)], true));
            // What has memory for some threads has it for all below.
            assert_eq!(lost_at(thread) / 64, thread / 64);
            assert!(thread % 8 == 7 || lost_at(thread) / 8 != lost_at(thread + 1) / 8);
        }
    }
}
