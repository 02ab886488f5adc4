//! A copy of a flight recorder's ring, which can be drained as if it were the program's.
//!
//! ```text
//!   ring   | full | full | owned | full |      each full chunk is held while it is copied, one at a
//!             ▼      ▼       ▼      ▼          time, the youngest first: what is overwritten
//!   copy   | full | full | owned | full |      meanwhile is the oldest
//! ```
//!
//! Invariant: nothing changes in the ring; its threads can take every chunk back but one.

use rustix::io::Errno;
use std::cmp::Reverse;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use thalweg_abi::desc::{Age, Desc, FULL, OWNED};
use thalweg_abi::slot::{CONTROL_WORDS, DESCS, LOST, STATE, UNITS_READY, WAITING};
use thalweg_ring::{Content, Slot, UNIT_WORDS, chunk_words, content_of, hold, let_go, owner_of};

use super::traced::Program;

impl Program {
    /// A program with a copy of the ring, and nobody in it.
    pub(crate) fn copy(&self) -> Result<Self, Errno> {
        let memory = self.memory.blank()?;
        let (from, to) = (self.ring(), memory.slot(self.slot));
        memory.allocate(self.slot, 0, DESCS + from.units_ready() * 8)?;
        memory.allocate(self.slot, LOST, from.lost_ready().max(1) * 8)?;
        copy_counts(&from, &to);
        for (unit, seen) in self.youngest_first() {
            let class = self.pool.chunks[&unit].class;
            memory.allocate_chunk(self.slot, unit, class)?;
            copy_chunk(&from, &to, (unit, class), seen);
        }
        let rendezvous = rustix::io::dup(&self.rendezvous)?;
        let slot = (self.slot, self.pool.clone());
        let definitions = self.definitions.clone();
        // For what is to be read of its threads, which live on.
        let process = self.process.try_clone().unwrap_or_default();
        let mut copy = Self::with(definitions, memory, rendezvous, slot, process);
        copy.told = self.told_before;
        copy.end();
        copy.hold_full();
        Ok(copy)
    }

    /// The chunks with something to read, and their descriptors: those that threads have first.
    fn youngest_first(&self) -> Vec<(usize, u64)> {
        let ring = self.ring();
        let units = self.pool.chunks.keys();
        let mut seen: Vec<(usize, u64)> = units
            .map(|&unit| (unit, ring.desc(unit).load(Acquire)))
            .filter(|(_, word)| matches!(Desc::unpack(*word).state, OWNED | FULL))
            .collect();
        seen.sort_by_key(|(_, word)| match Desc::unpack(*word).state {
            OWNED => (false, Reverse(Age::of(0))),
            _ => (true, Reverse(Age::of(*word))),
        });
        seen
    }
}

/// Copies what a slot's counters say.
fn copy_counts(from: &Slot<'_>, to: &Slot<'_>) {
    let wanted = |index: &usize| ![STATE, WAITING].contains(index);
    for index in (0..CONTROL_WORDS).filter(wanted) {
        let value = from.control(index).load(Relaxed);
        to.control(index).store(value, Relaxed);
    }
    let units = from.units_ready() as u64;
    to.control(UNITS_READY).store(units, Relaxed);
    for thread in 0..from.lost_ready() {
        let lost = from.lost(thread).load(Relaxed);
        to.lost(thread).store(lost, Relaxed);
    }
}

/// Copies a chunk as its thread has left it, or as far as it has come. Nothing if it was taken back
/// since its descriptor was `seen`: what it holds now may be younger than what was not looked at.
fn copy_chunk(from: &Slot<'_>, to: &Slot<'_>, (unit, class): (usize, u8), seen: u64) {
    let mut word = seen;
    if Desc::unpack(seen).state == OWNED {
        if content_of(from, unit, seen) != Content::Own {
            return;
        }
        copy_words(from, to, unit, class);
        word = from.desc(unit).load(Acquire);
        if word == seen {
            return to.desc(unit).store(seen, Relaxed);
        }
    }
    let Some(held) = hold(from, unit, word) else {
        return;
    };
    let handed_over = owner_of(from, unit).pack() == seen;
    if word == seen || handed_over {
        copy_words(from, to, unit, class);
        to.desc(unit).store(word, Relaxed);
    }
    let_go(from, unit, held);
}

fn copy_words(from: &Slot<'_>, to: &Slot<'_>, unit: usize, class: u8) {
    let base = unit * UNIT_WORDS;
    for at in base..base + chunk_words(class) {
        // In this order: a record whose mark is there is there whole.
        let word = from.word(at).load(Acquire);
        to.word(at).store(word, Relaxed);
    }
}
