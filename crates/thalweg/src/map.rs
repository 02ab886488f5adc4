//! The program's memfd, mapped: the shared words by their names.

use crate::sys;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Release},
};
use thalweg_abi::filters::{self, Filters};
use thalweg_abi::{PAGE, program, sampled, slot};
use thalweg_ring::Slot;

/// The mapping of this process's memfd. Never unmapped while the process lives: other threads may
/// be in the middle of an event at any time.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    base: *const u8,
    capacity: usize,
}

impl Map {
    /// # Safety
    /// `program::total_len(capacity)` bytes from `base` are mapped shared, readable and writable,
    /// page-aligned, and stay so.
    pub(crate) unsafe fn new(base: *const u8, capacity: usize) -> Self {
        Self { base, capacity }
    }

    /// How many sites there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The address of an offset of the ABI's.
    pub(crate) fn address(&self, offset: usize) -> *mut u8 {
        // SAFETY: every caller's offset is one of the ABI's, below the mapping's length.
        unsafe { self.base.add(offset) }.cast_mut()
    }

    /// Gives a range its memory; `false` if there is none.
    pub(crate) fn back(&self, offset: usize, len: usize) -> bool {
        let first = offset / PAGE * PAGE;
        let end = (offset + len).next_multiple_of(PAGE);
        sys::populate(self.address(first).cast(), end - first)
    }

    /// The word at an offset of the ABI's.
    pub(crate) fn u64_at(&self, offset: usize) -> &'static AtomicU64 {
        let at = self.address(offset).cast::<AtomicU64>();
        // SAFETY: mapped for ever by the promise of `new`, and aligned: the offsets are.
        unsafe { &*at }
    }

    /// A word of the head.
    pub(crate) fn head(&self, index: usize) -> &'static AtomicU64 {
        self.u64_at((index * 8).min(thalweg_abi::PAGE - 8))
    }

    /// A word of the dead bits.
    pub(crate) fn dead(&self, index: usize) -> &'static AtomicU64 {
        self.u64_at(program::DEAD + (index % program::DEAD_WORDS) * 8)
    }

    /// An entry of the thread table.
    pub(crate) fn thread(&self, index: usize) -> &'static AtomicU64 {
        self.u64_at(program::THREADS + (index % thalweg_abi::MAX_THREADS) * 8)
    }

    /// Opens a gate for a slot. Not where call sites test it: that may still be the parent's.
    pub(crate) fn open_gate(&self, gate: u16, slot: usize) {
        let gate = usize::from(gate) % program::GATE_COUNT;
        let at = self.address(program::GATES + gate * 4).cast::<AtomicU32>();
        // SAFETY: mapped for ever by the promise of `new`, aligned to 4.
        unsafe { &*at }.fetch_or(u32::from(program::ENABLED) << (8 * slot), Release);
    }

    /// The word of a site: one byte a slot.
    #[inline(always)]
    pub(crate) fn site(&self, index: u16) -> &'static AtomicU32 {
        let index = usize::from(index).min(self.capacity.saturating_sub(1));
        // SAFETY: below the table's end by the line above; `capacity` is that of the mapping.
        let at = unsafe { self.base.add(program::WORDS + index * 4) }.cast::<AtomicU32>();
        // SAFETY: mapped for ever by the promise of `new`, aligned to 4.
        unsafe { &*at }
    }

    /// The filters of a slot.
    pub(crate) fn filters(&self, slot: usize) -> Filters<'static> {
        // SAFETY: the slot's range lies in the mapping, for ever.
        unsafe { filters_at(self.slot_base(slot)) }
    }

    /// The contexts that a slot's events carry.
    pub(crate) fn sampled(&self, slot: usize) -> &'static [AtomicU64] {
        // SAFETY: the slot's range lies in the mapping, for ever.
        unsafe { sampled_at(self.slot_base(slot)) }
    }

    /// Where a collector's ring is.
    pub(crate) fn slot_base(&self, index: usize) -> *const u8 {
        let index = index % thalweg_abi::SLOTS;
        // SAFETY: the slot's range lies in the mapping.
        unsafe { self.base.add(program::slot_offset(self.capacity, index)) }
    }

    /// One collector's ring.
    pub(crate) fn slot(&self, index: usize) -> Slot<'static> {
        // SAFETY: `slot::LEN` bytes from there are mapped for ever, and page-aligned.
        unsafe { Slot::from_base(self.slot_base(index)) }
    }
}

/// The contexts that a slot's events carry, as entries of [`thalweg_abi::sampled`].
///
/// # Safety
/// `slot::LEN` bytes from `base` are mapped shared for ever, and page-aligned.
pub(crate) unsafe fn sampled_at(base: *const u8) -> &'static [AtomicU64] {
    // SAFETY: within the slot, by the caller's promise.
    let count = unsafe { base.add(slot::SAMPLED_COUNT * 8) }.cast::<AtomicU64>();
    // SAFETY: aligned and mapped; other processes use atomics too.
    // ORDER(sampled): Acquire, pairs with the Release store of whoever set the slot up.
    let count = unsafe { &*count }.load(Acquire) as usize;
    // SAFETY: within the slot, by the caller's promise.
    let words = unsafe { base.add(slot::SAMPLED) }.cast::<AtomicU64>();
    // SAFETY: as above; no more than there is room for.
    unsafe { core::slice::from_raw_parts(words, count.min(sampled::MAX) * sampled::ENTRY_WORDS) }
}

/// The filters of the slot at `base`.
///
/// # Safety
/// `slot::LEN` bytes from `base` are mapped shared for ever, and page-aligned.
#[inline(always)]
pub(crate) unsafe fn filters_at(base: *const u8) -> Filters<'static> {
    // SAFETY: within the slot, by the caller's promise.
    let words = unsafe { base.add(slot::FILTERS) }.cast::<AtomicU64>();
    // SAFETY: aligned and mapped; other processes use atomics too.
    let words = unsafe { core::slice::from_raw_parts(words, filters::LEN / 8) };
    // SAFETY: as above.
    let taken = unsafe { base.add(slot::FILTERS_TAKEN * 8) }.cast::<AtomicU64>();
    // SAFETY: as above.
    Filters::new(words, unsafe { &*taken })
}

const _: () = assert!(slot::LEN.is_multiple_of(8), "slots are aligned");
