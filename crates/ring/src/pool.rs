//! The collector's hand on the chunks: gives free ones out, takes full and orphaned ones back.

use crate::slot::Slot;
use crate::sync::{AcqRel, Relaxed, Release};
use thalweg_abi::desc::{Desc, FREE, NONE};

/// Makes the chunk of `class` at `unit` free. Its words are zero and nobody else has it.
pub fn publish_free(slot: &Slot<'_>, unit: usize, class: u8, generation: u32) {
    // ORDER(free): Release, pairs with the Acquire load in `claim_unit`.
    slot.desc(unit)
        .store(Desc::free(class, generation).pack(), Release);
    restore_hint(slot, unit, class);
}

/// Clears the first `used_words` of a chunk that its owner handed over, and frees it. What counts
/// the overwritten records stays.
///
/// The words behind them are zero already if the owner kept to the protocol; a hostile owner can
/// only spoil its own records by leaving some there.
pub fn clear_and_free(slot: &Slot<'_>, unit: usize, class: u8, used_words: usize, generation: u32) {
    slot.clear(unit, class, used_words);
    publish_free(slot, unit, class, generation);
}

/// Sets the hint of a free chunk again: who freed it may have died before doing so.
pub fn restore_hint(slot: &Slot<'_>, unit: usize, class: u8) {
    slot.mask(unit / 64, class)
        .fetch_or(1 << (unit % 64), Relaxed);
    slot.announce_free();
}

/// Takes a free chunk out of the ring, if its descriptor still is `seen`: its memory is the
/// collector's alone then.
pub fn withdraw(slot: &Slot<'_>, unit: usize, seen: u64) -> bool {
    let desc = Desc::unpack(seen);
    let is_free = desc.state == FREE;
    let taken = || {
        slot.desc(unit)
            .compare_exchange(seen, NONE, AcqRel, Relaxed)
    };
    if !is_free || taken().is_err() {
        return false;
    }
    let hint = !(1 << (unit % 64));
    slot.mask(unit / 64, desc.class).fetch_and(hint, Relaxed);
    true
}
