//! A flight recorder's rings: what the collector does with them while it leaves them alone, and at
//! the end.
//!
//! ```text
//!   while recording   chunks of threads that are gone become full; torn ones are vouched for
//!   at the end        full chunks are held, drained, and freed, like any others
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use thalweg_abi::desc::{Desc, FULL, OWNED, next_generation};
use thalweg_abi::slot::{DRY, STARVED, UNSETTLED};
use thalweg_model::LossCause;
use thalweg_ring::{
    Content, clear_and_free, content_of, hand_over_for_gone, hold, last_time, owner_of, settle,
    tally_of,
};

use super::pool::Chunk;
use super::traced::Program;
use crate::process::Threads;

/// What threads lack that the collector can do something about without memory.
const NEEDS_CARE: u64 = UNSETTLED | DRY;

impl Program {
    /// Whether chunks could be taken back if [`Self::tend`] looked at them.
    pub(crate) fn needs_care(&self) -> bool {
        self.is_kept() && self.ring().control(STARVED).load(Relaxed) & NEEDS_CARE != 0
    }

    /// Makes chunks whose threads are gone such that others can take them back, and vouches for
    /// records that nobody completes any more: nobody is in the middle of anything that began before
    /// `calm`. `live` tells which threads are alive, and is asked after the descriptors were read.
    pub(crate) fn tend(&mut self, live: impl FnOnce() -> Option<Threads>, calm: u64) {
        let memory = Arc::clone(&self.memory);
        let ring = memory.slot(self.slot);
        let lacks = ring.control(STARVED).fetch_and(!NEEDS_CARE, Relaxed);
        let unsettled = lacks & UNSETTLED != 0;
        let units = self.pool.chunks.keys();
        let seen: Vec<(usize, u64)> = units
            .map(|&unit| (unit, ring.desc(unit).load(Acquire)))
            .collect();
        let Some(live) = live() else { return };
        for (unit, word) in seen {
            let desc = Desc::unpack(word);
            match desc.state {
                OWNED if !live.contains(desc.tid) => self.inherit(unit, word),
                FULL if unsettled => {
                    let last = last_time(&ring, unit, desc.class);
                    if last < calm || !live.contains(owner_of(&ring, unit).tid) {
                        settle(&ring, unit, word);
                    }
                }
                _ => {}
            }
        }
    }

    /// Hands over what a thread that is gone has left in a chunk, or frees it.
    fn inherit(&mut self, unit: usize, word: u64) {
        let ring = self.memory.slot(self.slot);
        if content_of(&ring, unit, word) != Content::Nothing {
            hand_over_for_gone(&ring, unit, word);
        } else if let Some(chunk) = self.pool.chunks.get_mut(&unit) {
            let generation = next_generation(Desc::unpack(word).generation);
            clear_and_free(&ring, unit, chunk.class, usize::MAX, generation);
            *chunk = Chunk::new(chunk.class);
        }
    }

    /// Keeps what is full from being taken back any more: it goes to disk.
    pub(crate) fn hold_full(&self) {
        let ring = self.ring();
        for &unit in self.pool.chunks.keys() {
            let word = ring.desc(unit).load(Acquire);
            let _ = hold(&ring, unit, word);
        }
    }

    /// Whether a thread is in the middle of handing over or taking back, seen at the end.
    pub(crate) fn is_moving(&self) -> bool {
        let ring = self.ring();
        self.overwrites
            && self.pool.chunks.keys().any(|&unit| {
                let word = ring.desc(unit).load(Acquire);
                let former = || matches!(content_of(&ring, unit, word), Content::Former(_));
                match Desc::unpack(word).state {
                    FULL => true,
                    OWNED => former(),
                    _ => false,
                }
            })
    }

    /// Events in chunks that threads were taking back when the recording ended, and have not come
    /// to count.
    pub(crate) fn half_taken(&self) -> (LossCause, u64) {
        let ring = self.ring();
        let half = |(&unit, chunk): (&usize, &Chunk)| {
            let word = ring.desc(unit).load(Acquire);
            let owned = Desc::unpack(word).state == OWNED;
            let former = owned && matches!(content_of(&ring, unit, word), Content::Former(_));
            former.then(|| tally_of(&ring, unit, chunk.class).committed)
        };
        let events = self.pool.chunks.iter().filter_map(half).sum();
        (LossCause::Overwritten, events)
    }
}
