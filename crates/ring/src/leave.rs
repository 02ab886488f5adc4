//! A thread goes from one chunk to the next.
//!
//! ```text
//!   claim a chunk ── open it ── say what is left ── move the place ── hand the old one over
//!                                                   ▲ one compare-and-swap decides
//! ```
//!
//! A signal handler may do all of this in between, and may leave it in the middle for good. What is
//! left is noted before the place moves, with the exact word of its descriptor: whoever of the
//! thread changes chunks next hands it over, and handing over twice does nothing.

use crate::claim::{Claim, Owner};
use crate::cursor::{Cursor, Refused};
use crate::local::LocalWord;
use crate::place::Place;
use crate::slot::{Slot, chunk_words};
use crate::sync::{Relaxed, handler_fence};
use thalweg_abi::chunk::{self, MAX_RECORD_WORDS};
use thalweg_abi::slot;

/// A chunk with the exact word of its descriptor: never mistaken for a later owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) unit: usize,
    pub(crate) desc: u64,
}

/// The chunk that a thread is about to hand over; none while the descriptor is zero.
#[derive(Debug)]
pub(crate) struct Leaving {
    unit: LocalWord,
    desc: LocalWord,
}

impl Leaving {
    pub(crate) const fn new() -> Self {
        Self {
            unit: LocalWord::new(0),
            desc: LocalWord::new(0),
        }
    }

    pub(crate) fn clear(&self) {
        self.desc.store(0);
        handler_fence();
    }

    fn set(&self, held: Held) {
        self.clear();
        self.unit.store(held.unit as u64);
        handler_fence();
        self.desc.store(held.desc);
        handler_fence();
    }

    fn get(&self) -> Option<Held> {
        let desc = self.desc.load();
        let unit = self.unit.load() as usize;
        (desc != 0).then_some(Held { unit, desc })
    }
}

impl Cursor {
    /// Replaces the chunk of the place `word` by a fresh one with room for a record of `words`;
    /// whether the collector wants to be woken, which `wake` may say already.
    #[cold]
    #[inline(never)]
    pub(crate) fn change_chunk(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        word: u64,
        words: usize,
        clock: &impl Fn() -> u64,
        wake: bool,
    ) -> Result<bool, Refused> {
        // One word more than asked: the clock may move on and make the record an extended one.
        let need = words.saturating_add(1);
        if need > MAX_RECORD_WORDS {
            slot.control(slot::REFUSED_LARGE).fetch_add(1, Relaxed);
            return Err(Refused::TooLarge);
        }
        let wake = self.finish_leaving(slot) | wake;
        let wanted = (self.ramp.load() as u8).min(slot::CLASSES as u8 - 1);
        let (claim, starved) = slot.claim(owner, wanted, need);
        let wake = (starved && slot.takes_wake()) | wake;
        match claim {
            Some(claim) => Ok(self.install(slot, owner, word, claim, clock) | wake),
            None => {
                slot.count_lost(owner);
                let wake = self.retire(slot, owner, word, need) | wake;
                Err(Refused::Full { wake })
            }
        }
    }

    /// Makes a claimed chunk the current one, unless a signal handler was faster.
    fn install(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        word: u64,
        claim: Claim,
        clock: &impl Fn() -> u64,
    ) -> bool {
        // Later than all before, so that a chunk's begin tells its records from older ones.
        let known = self.time.load();
        let last = Place::unpack(word).time(known);
        let begin = self.later_than(last, clock);
        slot.open_chunk(owner, claim.held.unit, begin);
        handler_fence();
        let place = Place::fresh(claim.held.unit, claim.class, begin);
        match self.move_to(slot, owner, word, place) {
            Some(wake) => {
                self.time.compare_exchange(known, begin);
                self.ramp.store(u64::from(claim.class) + 1);
                wake
            }
            None => {
                slot.unclaim(claim);
                false
            }
        }
    }

    /// Hands a chunk over for which there is no successor: or else, with no more chunks than
    /// threads, none would ever become free. A chunk that is only too small for this event stays.
    fn retire(&self, slot: &Slot<'_>, owner: Owner, word: u64, need: usize) -> bool {
        let old = Place::unpack(word);
        let is_full = |(_, class)| need <= chunk_words(class) - chunk::FIRST;
        if !old.chunk().is_some_and(is_full) {
            return false;
        }
        let last = old.time(self.time.load());
        self.move_to(slot, owner, word, Place::nowhere(last))
            .unwrap_or(false)
    }

    /// Moves the place from `word` on and hands its chunk over; `None` if a handler was faster,
    /// else whether the collector wants to be woken.
    fn move_to(&self, slot: &Slot<'_>, owner: Owner, word: u64, next: Place) -> Option<bool> {
        let old = Place::unpack(word).chunk();
        let held = old.and_then(|(unit, _)| slot.held(owner, unit));
        if let Some(held) = held {
            self.leaving.set(held);
        }
        if !self.place.compare_exchange(word, next.pack()) {
            self.leaving.clear();
            return None;
        }
        let wake = held.is_some_and(|held| slot.hand_over(held));
        self.leaving.clear();
        Some(wake)
    }

    /// Hands the chunk over that interrupted code has left or is about to leave, unless it is
    /// still the current one.
    fn finish_leaving(&self, slot: &Slot<'_>) -> bool {
        let Some(held) = self.leaving.get() else {
            return false;
        };
        let current = Place::unpack(self.place.load()).chunk();
        if current.is_some_and(|(unit, _)| unit == held.unit) {
            return false;
        }
        let wake = slot.hand_over(held);
        self.leaving.clear();
        wake
    }
}
