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
//!
//! Where no chunk is free, the slot's mode decides: the event is lost, or the oldest full chunk is
//! taken back ([`crate::overwrite`]), or the caller waits ([`crate::patience`]).

use crate::claim::{Claim, Owner};
use crate::cursor::{Cursor, Emit, Refused};
use crate::local::LocalWord;
use crate::place::Place;
use crate::slot::{Slot, chunk_words};
use crate::sync::{Relaxed, handler_fence};
use thalweg_abi::chunk::{self, MAX_RECORD_WORDS};
use thalweg_abi::desc::Age;
use thalweg_abi::record::Mark;
use thalweg_abi::slot;

/// A chunk with the exact word of its descriptor: never mistaken for a later owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) unit: usize,
    pub(crate) desc: u64,
}

/// The chunk that a thread is about to hand over, and the age that it has then; none while the
/// descriptor is zero.
///
/// The age is not noted in the chunk: who was interrupted before that would write into a chunk that
/// may be another thread's by then.
#[derive(Debug)]
pub(crate) struct Leaving {
    /// The unit in the low bits, the age above.
    unit_and_age: LocalWord,
    desc: LocalWord,
}

const UNIT_BITS: u32 = slot::UNITS.trailing_zeros();

const _: () = assert!(
    UNIT_BITS + Age::BITS <= 64,
    "a unit and an age fit one word"
);

impl Leaving {
    pub(crate) const fn new() -> Self {
        Self {
            unit_and_age: LocalWord::new(0),
            desc: LocalWord::new(0),
        }
    }

    pub(crate) fn clear(&self) {
        self.desc.store(0);
        handler_fence();
    }

    fn set(&self, held: Held, last: Age) {
        self.clear();
        self.unit_and_age
            .store(held.unit as u64 | (last.number() << UNIT_BITS));
        handler_fence();
        self.desc.store(held.desc);
        handler_fence();
    }

    fn get(&self) -> Option<(Held, Age)> {
        let desc = self.desc.load();
        let unit_and_age = self.unit_and_age.load();
        let unit = unit_and_age as usize % slot::UNITS;
        let last = Age::from_number(unit_and_age >> UNIT_BITS);
        (desc != 0).then_some((Held { unit, desc }, last))
    }
}

impl Cursor {
    /// Whether an event has nowhere to go, as the one before it, which has told the collector: who
    /// loses many events is to lose little time with them.
    pub(crate) fn is_in_vain(&self, slot: &Slot<'_>, event: Emit) -> bool {
        self.is_idle()
            && Place::unpack(self.place.load()).chunk().is_none()
            && slot.mode() == slot::DISCARD
            && slot.is_known_as_full()
            && self.leaving.get().is_none()
            && Mark::words_for(event.payload_len, true) < MAX_RECORD_WORDS
    }

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
        let mode = slot.mode();
        let (claim, starved) = slot.claim(owner, wanted, need, mode);
        let wake = (starved && slot.takes_wake()) | wake;
        let claim = claim.or_else(|| match mode {
            slot::OVERWRITE => slot.take_oldest(owner, need),
            _ => None,
        });
        match claim {
            Some(claim) => Ok(self.install(slot, owner, word, claim, clock) | wake),
            None => self.go_without(slot, owner, word, need, wake),
        }
    }

    /// There is no chunk: what the thread has is handed over, and the event is lost, unless that was
    /// all that was missing, or the thread waits.
    fn go_without(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        word: u64,
        need: usize,
        wake: bool,
    ) -> Result<bool, Refused> {
        let mode = slot.mode();
        if mode == slot::BLOCK && owner.patient {
            let retired = self.retire(slot, owner, word, need);
            let wake = retired.unwrap_or(false) | wake;
            return slot.wait_for(need).map_or(Ok(wake), |freed| {
                let wake = slot.takes_wake() | wake;
                Err(Refused::Wait { freed, wake })
            });
        }
        // What the thread had to hand over is what it can take back now.
        if mode == slot::OVERWRITE
            && let Some(woken) = self.retire(slot, owner, word, need)
        {
            return Ok(woken | wake);
        }
        slot.count_lost(owner);
        // Chunks of threads that are gone could be taken back, if the collector gave them up.
        let wake = (mode == slot::OVERWRITE && slot.runs_dry()) | wake;
        let wake = self.retire(slot, owner, word, need).unwrap_or(false) | wake;
        Err(Refused::Full { wake })
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
        slot.open_chunk(owner, claim.held, begin);
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
    /// `None` if none was handed over, else whether the collector wants to be woken.
    fn retire(&self, slot: &Slot<'_>, owner: Owner, word: u64, need: usize) -> Option<bool> {
        let old = Place::unpack(word);
        let is_full = |(_, class)| need <= chunk_words(class) - chunk::FIRST;
        if !old.chunk().is_some_and(is_full) {
            return None;
        }
        let last = old.time(self.time.load());
        self.move_to(slot, owner, word, Place::nowhere(last))
    }

    /// Moves the place from `word` on and hands its chunk over; `None` if a handler was faster,
    /// else whether the collector wants to be woken.
    fn move_to(&self, slot: &Slot<'_>, owner: Owner, word: u64, next: Place) -> Option<bool> {
        let old = Place::unpack(word);
        let held = old.chunk().and_then(|(unit, _)| slot.held(owner, unit));
        let last = Age::at(old.time(self.time.load()));
        if let Some(held) = held {
            self.leaving.set(held, last);
        }
        if !self.place.compare_exchange(word, next.pack()) {
            self.leaving.clear();
            return None;
        }
        let wake = held.is_some_and(|held| slot.hand_over(held, last));
        self.leaving.clear();
        Some(wake)
    }

    /// Hands the chunk over that interrupted code has left or is about to leave, unless it is
    /// still the current one.
    fn finish_leaving(&self, slot: &Slot<'_>) -> bool {
        let Some((held, last)) = self.leaving.get() else {
            return false;
        };
        let current = Place::unpack(self.place.load()).chunk();
        if current.is_some_and(|(unit, _)| unit == held.unit) {
            return false;
        }
        let wake = slot.hand_over(held, last);
        self.leaving.clear();
        wake
    }
}
