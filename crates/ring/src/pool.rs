//! The collector's hand on the chunks: gives free ones out, takes full and orphaned ones back.

use crate::slot::{Slot, UNIT_WORDS};
use crate::sync::{AcqRel, Acquire, Relaxed, Release};
use thalweg_abi::desc::Desc;

/// Makes the chunk of `class` at `unit` free. Its words are zero and nobody else has it.
pub fn publish_free(slot: &Slot<'_>, unit: usize, class: u8, generation: u32) {
    // ORDER(free): Release, pairs with the Acquire load in `claim_unit`.
    slot.desc(unit)
        .store(Desc::free(class, generation).pack(), Release);
    restore_hint(slot, unit, class);
}

/// Clears the first `used_words` of a chunk that its owner handed over, and frees it.
///
/// The words behind them are zero already if the owner kept to the protocol; a hostile owner can
/// only spoil its own records by leaving some there.
pub fn clear_and_free(slot: &Slot<'_>, unit: usize, class: u8, used_words: usize, generation: u32) {
    let base = unit * UNIT_WORDS;
    for at in base..base + used_words.min(crate::chunk_words(class)) {
        slot.word(at).store(0, Relaxed);
    }
    publish_free(slot, unit, class, generation);
}

/// Takes the chunk of a dead owner, if the descriptor still is `seen`.
pub fn take_back(slot: &Slot<'_>, unit: usize, seen: u64, state: u64) -> bool {
    let taken = Desc::unpack(seen).with_state(state).pack();
    slot.desc(unit)
        .compare_exchange(seen, taken, AcqRel, Acquire)
        .is_ok()
}

/// Sets the hint of a free chunk again: who freed it may have died before doing so.
pub fn restore_hint(slot: &Slot<'_>, unit: usize, class: u8) {
    slot.mask(unit / 64, class)
        .fetch_or(1 << (unit % 64), Relaxed);
}
