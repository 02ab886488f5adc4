//! Where threads meet: a free chunk becomes one thread's own, and a full one the collector's.

use crate::slot::{Slot, chunk_words};
use crate::sync::{AcqRel, Acquire, Relaxed, Release, SeqCst, fence};
use thalweg_abi::desc::{Desc, FREE, FULL, OWNED};
use thalweg_abi::{chunk, slot};

/// Who writes: a thread and the index that it has in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The kernel's thread id.
    pub tid: u32,
    /// The index in the program's thread table.
    pub thread: u16,
}

impl Owner {
    fn word(self) -> u64 {
        u64::from(self.tid) | (u64::from(self.thread) << 32)
    }
}

/// A chunk that a thread just claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) unit: usize,
    pub(crate) class: u8,
}

impl Slot<'_> {
    /// A free chunk for `owner`: of class `wanted` if there is one, else of another that has room
    /// for `need_words`.
    #[cold]
    pub(crate) fn claim(&self, owner: Owner, wanted: u8, need_words: usize) -> Option<Claim> {
        let downwards = (0..=wanted).rev();
        let upwards = wanted + 1..slot::CLASSES as u8;
        let fits = |class: &u8| chunk_words(*class) - chunk::FIRST >= need_words;
        let found = downwards
            .chain(upwards)
            .filter(fits)
            .find_map(|class| self.claim_of(owner, class));
        if found.is_none_or(|claim| claim.class != wanted) {
            self.control(slot::STARVED).fetch_or(1 << wanted, Relaxed);
        }
        found
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
            if self.claim_unit(owner, unit, class) {
                mask.fetch_and(!(1 << bit), Relaxed);
                return Some(Claim { unit, class });
            }
            bits &= bits - 1;
        }
        None
    }

    /// Makes the chunk at `unit` the owner's, if it is free, of `class`, and wholly in memory.
    fn claim_unit(&self, owner: Owner, unit: usize, class: u8) -> bool {
        if unit + (1 << class) > self.units_ready() {
            return false;
        }
        // ORDER(free): Acquire, pairs with the Release store in `publish_free`: the chunk is clear.
        let word = self.desc(unit).load(Acquire);
        let desc = Desc::unpack(word);
        if desc.state != FREE || desc.class != class {
            return false;
        }
        let owned = Desc {
            state: OWNED,
            thread: owner.thread,
            tid: owner.tid,
            ..desc
        };
        self.desc(unit)
            .compare_exchange(word, owned.pack(), AcqRel, Relaxed)
            .is_ok()
    }

    /// Writes the head of a claimed chunk. The first record's commit publishes it.
    pub(crate) fn open_chunk(&self, owner: Owner, claim: Claim, begin: u64) {
        let base = claim.unit * crate::UNIT_WORDS;
        let lost = self.lost(usize::from(owner.thread)).load(Relaxed);
        self.word(base + chunk::BEGIN).store(begin, Relaxed);
        self.word(base + chunk::OWNER).store(owner.word(), Relaxed);
        // ORDER(open): Release, pairs with the Acquire load in `Walk::new`.
        self.word(base + chunk::LOST).store(lost, Release);
    }

    /// Gives back a chunk that was claimed and not used.
    #[cold]
    pub(crate) fn unclaim(&self, owner: Owner, claim: Claim) {
        let base = claim.unit * crate::UNIT_WORDS;
        for word in [chunk::BEGIN, chunk::OWNER, chunk::LOST] {
            self.word(base + word).store(0, Relaxed);
        }
        if self.move_own(owner, claim.unit, FREE) {
            let group = claim.unit / 64;
            self.mask(group, claim.class)
                .fetch_or(1 << (claim.unit % 64), Relaxed);
        }
    }

    /// Hands a chunk to the collector; whether the collector wants to be woken.
    #[cold]
    pub(crate) fn hand_over(&self, owner: Owner, unit: usize) -> bool {
        self.move_own(owner, unit, FULL);
        // ORDER(wake): the fence pairs with the collector's, which sets WAKE and then looks for
        // full chunks: one of the two sees the other's store.
        fence(SeqCst);
        let wake = self.control(slot::WAKE);
        wake.load(Relaxed) == 1 && wake.swap(0, Relaxed) == 1
    }

    /// Moves the owner's chunk at `unit` to another state, if it is still the owner's.
    fn move_own(&self, owner: Owner, unit: usize, state: u64) -> bool {
        let word = self.desc(unit).load(Relaxed);
        let desc = Desc::unpack(word);
        if desc.state != OWNED || desc.tid != owner.tid || desc.thread != owner.thread {
            return false;
        }
        // ORDER(full): Release, pairs with the collector's Acquire load of the descriptor.
        let moved = desc.with_state(state).pack();
        self.desc(unit)
            .compare_exchange(word, moved, Release, Relaxed)
            .is_ok()
    }
}
