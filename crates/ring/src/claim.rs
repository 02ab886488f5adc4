//! Where threads meet: a free chunk becomes one thread's own, and a full one the collector's.

use crate::leave::Held;
use crate::slot::{Slot, chunk_words};
use crate::sync::{AcqRel, Acquire, Relaxed, Release, SeqCst, fence};
use thalweg_abi::desc::{Age, Desc, FREE, OWNED};
use thalweg_abi::{chunk, slot};

/// Who writes: a thread and the index that it has in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The kernel's thread id.
    pub tid: u32,
    /// The index in the program's thread table.
    pub thread: u16,
    /// The thread pointer, for whoever reads the chunk; 0 if it is not told.
    pub pointer: u64,
    /// Whether the thread would rather wait for room than lose an event, should the slot want that.
    pub patient: bool,
}

/// A chunk that a thread just claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) held: Held,
    pub(crate) class: u8,
}

impl Slot<'_> {
    /// A free chunk for `owner`: of class `wanted` if there is one, else of another that has room
    /// for `need_words`; and whether the collector learns from this claim that `wanted` is short.
    #[cold]
    pub(crate) fn claim(
        &self,
        owner: Owner,
        wanted: u8,
        need_words: usize,
        mode: u64,
    ) -> (Option<Claim>, bool) {
        let found = match mode {
            // A flight recorder's threads take chunks back where none is free, and look once a chunk.
            slot::OVERWRITE => self.look_for_free(owner, wanted, need_words),
            _ => self.find_free(owner, wanted, need_words),
        };
        let short = found.is_none_or(|claim| claim.class != wanted);
        (found, short && self.starve(wanted))
    }

    /// Looks through the chunks, unless somebody has just done so in vain: a program that loses
    /// events for want of room is not to spend its time, and the collector's, with looking for it.
    fn find_free(&self, owner: Owner, wanted: u8, need_words: usize) -> Option<Claim> {
        let frees = self.frees();
        if self.was_full_at(frees) {
            return None;
        }
        let found = self.look_for_free(owner, wanted, need_words);
        if found.is_none() && chunk_words(0) - chunk::FIRST >= need_words {
            self.control(slot::NONE_FREE).store(frees, Relaxed);
        }
        found
    }

    /// One more than how often a chunk has become free.
    fn frees(&self) -> u64 {
        // ORDER(frees): Acquire, pairs with the Release addition in `announce_free`: a chunk that
        // was free before is found by whoever looks after this.
        self.control(slot::FREES).load(Acquire).wrapping_add(1)
    }

    /// Whether somebody has looked in vain since that was `frees`.
    fn was_full_at(&self, frees: u64) -> bool {
        self.control(slot::NONE_FREE).load(Relaxed) == frees
    }

    /// Whether no chunk is free, as somebody has found out and the collector is told.
    pub(crate) fn is_known_as_full(&self) -> bool {
        self.was_full_at(self.frees()) && self.control(slot::STARVED).load(Relaxed) != 0
    }

    fn look_for_free(&self, owner: Owner, wanted: u8, need_words: usize) -> Option<Claim> {
        let downwards = (0..=wanted).rev();
        let upwards = wanted + 1..slot::CLASSES as u8;
        let fits = |class: &u8| chunk_words(*class) - chunk::FIRST >= need_words;
        downwards
            .chain(upwards)
            .filter(fits)
            .find_map(|class| self.claim_of(owner, class))
    }

    /// Says that a chunk has become free, to those who may have looked in vain.
    pub(crate) fn announce_free(&self) {
        if self.mode() == slot::OVERWRITE {
            return;
        }
        // ORDER(frees): Release, pairs with the Acquire load in `find_free`.
        self.control(slot::FREES).fetch_add(1, Release);
    }

    /// Says that `class` is wanted and not found; whether this is news.
    fn starve(&self, class: u8) -> bool {
        self.lacks(1 << class)
    }

    /// Says that there was not even a chunk to take back; whether the collector sleeps and this
    /// thread is the one to wake it.
    #[cold]
    pub(crate) fn runs_dry(&self) -> bool {
        self.lacks(slot::DRY) && self.takes_wake()
    }

    /// Sets a bit of what threads lack; whether this is news.
    fn lacks(&self, bit: u64) -> bool {
        let starved = self.control(slot::STARVED);
        // Threads that lack the same do not fight over the word.
        starved.load(Relaxed) & bit == 0 && starved.fetch_or(bit, Relaxed) & bit == 0
    }

    fn claim_of(&self, owner: Owner, class: u8) -> Option<Claim> {
        let groups = self.groups_ready();
        // Threads begin at different groups, so that they rarely reach for the same chunk.
        let first = usize::from(owner.thread) % groups.max(1);
        (first..groups)
            .chain(0..first)
            .find_map(|group| self.claim_in(owner, group, class))
    }

    fn claim_in(&self, owner: Owner, group: usize, class: u8) -> Option<Claim> {
        let mask = self.mask(group, class);
        let mut bits = mask.load(Relaxed);
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            let unit = group * 64 + bit;
            if let Some(desc) = self.claim_unit(owner, unit, class) {
                mask.fetch_and(!(1 << bit), Relaxed);
                let held = Held { unit, desc };
                return Some(Claim { held, class });
            }
            bits &= bits - 1;
        }
        None
    }

    /// Makes the chunk at `unit` the owner's, if it is free, of `class`, and wholly in memory; the
    /// word of its descriptor then.
    fn claim_unit(&self, owner: Owner, unit: usize, class: u8) -> Option<u64> {
        if unit + (1 << class) > self.units_ready() {
            return None;
        }
        // ORDER(free): Acquire, pairs with the Release store in `publish_free`: the chunk is clear.
        let word = self.desc(unit).load(Acquire);
        let desc = Desc::unpack(word);
        if desc.state != FREE || desc.class != class {
            return None;
        }
        let owned = Desc {
            state: OWNED,
            thread: owner.thread,
            tid: owner.tid,
            ..desc
        }
        .pack();
        self.desc(unit)
            .compare_exchange(word, owned, AcqRel, Relaxed)
            .ok()
            .map(|_| owned)
    }

    /// Writes the head of a claimed chunk. The first record's commit publishes it.
    pub(crate) fn open_chunk(&self, owner: Owner, held: Held, begin: u64) {
        let base = held.unit * crate::UNIT_WORDS;
        let lost = self.lost_of(owner).map_or(0, |lost| lost.load(Relaxed));
        self.word(base + chunk::BEGIN).store(begin, Relaxed);
        self.word(base + chunk::LOST).store(lost, Relaxed);
        self.word(base + chunk::POINTER)
            .store(owner.pointer, Relaxed);
        // ORDER(open): Release, pairs with the Acquire load in `content_of`: who sees the owner sees
        // nothing of what the chunk held before.
        self.word(base + chunk::OWNER).store(held.desc, Release);
    }

    /// Gives back a chunk that was claimed and not used.
    #[cold]
    pub(crate) fn unclaim(&self, claim: Claim) {
        let Claim { held, class } = claim;
        let base = held.unit * crate::UNIT_WORDS;
        for word in [chunk::BEGIN, chunk::OWNER, chunk::LOST, chunk::POINTER] {
            self.word(base + word).store(0, Relaxed);
        }
        let free = Desc::free(class, Desc::unpack(held.desc).generation);
        if self.move_held(held, free.pack()) {
            self.mask(held.unit / 64, class)
                .fetch_or(1 << (held.unit % 64), Relaxed);
            self.announce_free();
        }
    }

    /// The chunk at `unit`, if it is the owner's.
    pub(crate) fn held(&self, owner: Owner, unit: usize) -> Option<Held> {
        let word = self.desc(unit).load(Relaxed);
        let desc = Desc::unpack(word);
        let own = desc.state == OWNED && desc.tid == owner.tid && desc.thread == owner.thread;
        own.then_some(Held { unit, desc: word })
    }

    /// Hands a chunk to the collector, unless that was done; whether the collector wants to be
    /// woken. A flight recorder's collector does not: it leaves full chunks where they are.
    #[cold]
    pub(crate) fn hand_over(&self, held: Held, last: Age) -> bool {
        let full = Desc::unpack(held.desc).full(last);
        self.move_held(held, full) && self.mode() != slot::OVERWRITE && self.is_enough()
    }

    /// What a thread does that finds no free chunk: a claim, of which every value means something.
    pub(crate) fn mode(&self) -> u64 {
        self.control(slot::MODE).load(Relaxed)
    }

    /// Whether the collector sleeps and this thread is the one to wake it, however few chunks it
    /// has handed over.
    #[cold]
    pub(crate) fn takes_wake(&self) -> bool {
        // ORDER(wake): the fence pairs with the collector's, which sets WAKE and then looks for
        // full chunks: one of the two sees the other's store.
        fence(SeqCst);
        let wake = self.control(slot::WAKE);
        wake.load(Relaxed) != 0 && wake.swap(0, Relaxed) != 0
    }

    /// Whether the collector sleeps until as many chunks are full as are now, and this thread is the
    /// one to wake it.
    fn is_enough(&self) -> bool {
        // ORDER(wake): as in `takes_wake`.
        fence(SeqCst);
        let wake = self.control(slot::WAKE);
        let mut left = wake.load(Relaxed);
        while left != 0 {
            match wake.compare_exchange(left, left - 1, Relaxed, Relaxed) {
                Ok(_) => return left == 1,
                Err(now) => left = now,
            }
        }
        false
    }

    /// Moves a chunk to another state, if its descriptor is still the very word that is held.
    pub(crate) fn move_held(&self, held: Held, to: u64) -> bool {
        // ORDER(full): Release, pairs with the collector's Acquire load of the descriptor.
        self.desc(held.unit)
            .compare_exchange(held.desc, to, Release, Relaxed)
            .is_ok()
    }

    /// Counts an event that found no chunk.
    #[cold]
    pub(crate) fn count_lost(&self, owner: Owner) {
        self.lost_of(owner)
            .unwrap_or_else(|| self.control(slot::REFUSED_THREAD))
            .fetch_add(1, Relaxed);
    }
}
