//! Waiting for room: a thread sleeps until the collector has freed chunks.
//!
//! ```text
//!   thread:     read FREED ── set WAITING ══ look once more ── sleep while FREED is the same
//!   collector:  free chunks ══ is anybody waiting? ── clear WAITING ── change FREED ── wake all
//!                            ▲ two fences: one of the two sees the other's store
//! ```
//!
//! This crate makes no system call: who emits sleeps, and tries the event again. A thread that
//! waits has handed its own chunk over, so that what it waits for can come.

use crate::slot::{Slot, chunk_words};
use crate::sync::{Acquire, Relaxed, Release, SeqCst, fence};
use thalweg_abi::desc::{Desc, FREE};
use thalweg_abi::{chunk, slot};

impl Slot<'_> {
    /// Says that this thread waits for a chunk with room for `need_words`; `None` if there is one by
    /// now, else what FREED is as long as there is none.
    #[cold]
    pub(crate) fn wait_for(&self, need_words: usize) -> Option<u64> {
        // Before the look below: chunks that are freed after it change this word.
        let freed = self.control(slot::FREED).load(Acquire);
        self.control(slot::WAITING).store(1, Relaxed);
        // ORDER(patience): the fence pairs with that in `takes_waiting`.
        fence(SeqCst);
        if !self.has_free(need_words) {
            return Some(freed);
        }
        // Who freed it may have died before it said so: without this nobody would look again.
        self.control(slot::NONE_FREE).store(0, Relaxed);
        None
    }

    /// Whether a chunk with room for `need_words` is free, by its hint and by its descriptor.
    fn has_free(&self, need_words: usize) -> bool {
        let fits = |class: &u8| chunk_words(*class) - chunk::FIRST >= need_words;
        let classes = (0..slot::CLASSES as u8).filter(fits);
        let groups = self.groups_ready();
        classes
            .flat_map(|class| (0..groups).map(move |group| (group, class)))
            .any(|(group, class)| self.has_free_in(group, class))
    }

    fn has_free_in(&self, group: usize, class: u8) -> bool {
        let mut bits = self.mask(group, class).load(Relaxed);
        while bits != 0 {
            let unit = group * 64 + bits.trailing_zeros() as usize;
            let whole = unit + (1 << class) <= self.units_ready();
            let desc = whole.then(|| Desc::unpack(self.desc(unit).load(Acquire)));
            if desc.is_some_and(|desc| desc.state == FREE && desc.class == class) {
                return true;
            }
            bits &= bits - 1;
        }
        false
    }
}

/// Whether threads wait for the chunks that the collector has just freed: then it must wake all that
/// sleep on FREED.
pub fn takes_waiting(slot: &Slot<'_>) -> bool {
    // ORDER(patience): the fence pairs with that in `wait_for`.
    fence(SeqCst);
    let waiting = slot.control(slot::WAITING);
    if waiting.load(Relaxed) == 0 {
        return false;
    }
    waiting.swap(0, Relaxed);
    slot.control(slot::FREED).fetch_add(1, Release);
    true
}
