//! One slot's memory, as the five tables that it consists of.

use crate::sync::{AtomicU64, Relaxed};
use thalweg_abi::slot;

/// Words of a unit. A model checker gets small ones, so that it sees many hand-overs.
#[cfg(not(any(loom, shuttle)))]
pub const UNIT_WORDS: usize = slot::UNIT / 8;
/// Words of a unit. A model checker gets small ones, so that it sees many hand-overs.
#[cfg(any(loom, shuttle))]
pub const UNIT_WORDS: usize = 16;

/// Words of a chunk of `class`.
pub const fn chunk_words(class: u8) -> usize {
    UNIT_WORDS << class
}

/// A slot's tables, for who builds one from parts.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "named as in the ABI, which documents them")]
pub struct Parts<'m> {
    pub control: &'m [AtomicU64],
    pub masks: &'m [AtomicU64],
    pub descs: &'m [AtomicU64],
    pub lost: &'m [AtomicU64],
    pub chunks: &'m [AtomicU64],
}

/// The ring that one collector has with one program.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'m> {
    parts: Parts<'m>,
}

impl<'m> Slot<'m> {
    /// A slot over tables that the caller found.
    pub const fn from_parts(parts: Parts<'m>) -> Self {
        Self { parts }
    }

    /// A slot over mapped memory.
    ///
    /// # Safety
    /// `base` is aligned to 8 and `slot::LEN` bytes from it stay mapped, readable and writable
    /// for `'m`; other processes may change them at any time.
    #[cfg(not(any(loom, shuttle)))]
    pub const unsafe fn from_base(base: *const u8) -> Self {
        /// SAFETY of every call: `offset` and `count` are those of the ABI, within `slot::LEN`.
        const unsafe fn table<'m>(base: *const u8, offset: usize, words: usize) -> &'m [AtomicU64] {
            // SAFETY: within the mapping by the caller's promise.
            let at = unsafe { base.add(offset) }.cast::<AtomicU64>();
            // SAFETY: aligned and mapped by the caller's promise; atomics may be shared.
            unsafe { core::slice::from_raw_parts(at, words) }
        }
        // SAFETY: the five ranges are the ABI's, all below `slot::LEN`.
        let control = unsafe { table(base, 0, slot::CONTROL_WORDS) };
        // SAFETY: as above.
        let masks = unsafe { table(base, slot::MASKS, slot::GROUPS * slot::GROUP_WORDS) };
        // SAFETY: as above.
        let descs = unsafe { table(base, slot::DESCS, slot::UNITS) };
        // SAFETY: as above.
        let lost = unsafe { table(base, slot::LOST, thalweg_abi::MAX_THREADS) };
        // SAFETY: as above.
        let chunks = unsafe { table(base, slot::CHUNKS, slot::UNITS * UNIT_WORDS) };
        Self {
            parts: Parts {
                control,
                masks,
                descs,
                lost,
                chunks,
            },
        }
    }

    /// A control word, by its index in [`thalweg_abi::slot`].
    #[inline]
    pub fn control(&self, index: usize) -> &'m AtomicU64 {
        &self.parts.control[index]
    }

    /// The word of free bits of `class` for the 64 units of `group`.
    #[inline]
    pub(crate) fn mask(&self, group: usize, class: u8) -> &'m AtomicU64 {
        &self.parts.masks[group * slot::GROUP_WORDS + usize::from(class)]
    }

    /// How many groups of 64 units have memory, as far as this slot's tables go.
    #[inline]
    pub(crate) fn groups_ready(&self) -> usize {
        self.units_ready()
            .div_ceil(64)
            .min(self.parts.masks.len() / slot::GROUP_WORDS)
    }

    /// How many units have memory: a claim, cut to what the tables hold.
    #[inline]
    pub fn units_ready(&self) -> usize {
        let claimed = self.control(slot::UNITS_READY).load(Relaxed);
        usize::try_from(claimed)
            .unwrap_or(usize::MAX)
            .min(self.units())
    }

    /// How many units the tables hold.
    pub fn units(&self) -> usize {
        let with_words = self.parts.chunks.len() / UNIT_WORDS;
        self.parts.descs.len().min(with_words)
    }

    /// The words of the chunk of `class` at `unit`; 0 if there can be no such chunk.
    pub(crate) fn words_of(&self, unit: usize, class: u8) -> usize {
        let known = usize::from(class) < slot::CLASSES;
        if known && unit < self.units() && unit + (1 << class) <= self.units() {
            chunk_words(class)
        } else {
            0
        }
    }

    /// The descriptor of the chunk that begins at `unit`.
    #[inline]
    pub fn desc(&self, unit: usize) -> &'m AtomicU64 {
        &self.parts.descs[unit]
    }

    /// How many loss counters have memory: a claim, cut to the table.
    #[inline]
    pub fn lost_ready(&self) -> usize {
        let claimed = self.control(slot::LOST_READY).load(Relaxed);
        usize::try_from(claimed)
            .unwrap_or(usize::MAX)
            .min(self.parts.lost.len())
    }

    /// The loss counter of an owner, if the index that it claims is in the table.
    pub(crate) fn lost_of(&self, owner: crate::Owner) -> Option<&'m AtomicU64> {
        self.parts.lost.get(slot::lost_at(owner.thread.into()))
    }

    /// The loss counter of a thread index.
    #[inline]
    pub fn lost(&self, thread: usize) -> &'m AtomicU64 {
        &self.parts.lost[slot::lost_at(thread)]
    }

    /// The chunk space.
    #[inline(always)]
    pub(crate) fn chunks(&self) -> &'m [AtomicU64] {
        self.parts.chunks
    }

    /// A word of the chunk space.
    #[inline(always)]
    pub fn word(&self, at: usize) -> &'m AtomicU64 {
        &self.parts.chunks[at]
    }

    /// Words of the chunk space; none where they are not all in it.
    #[inline(always)]
    pub(crate) fn range(&self, at: usize, count: usize) -> &'m [AtomicU64] {
        let end = at.checked_add(count);
        let words = end.and_then(|end| self.parts.chunks.get(at..end));
        words.unwrap_or_default()
    }

    /// The words of a record that has been reserved.
    #[inline(always)]
    pub(crate) fn words(&self, at: usize, count: usize) -> &'m [AtomicU64] {
        debug_assert!(at + count <= self.parts.chunks.len(), "reserved in a chunk");
        // SAFETY: a place is made from a chunk that lies in the tables (`claim_unit`), in memory
        // that only the thread has, and no more words are reserved than are left in the chunk.
        unsafe { self.parts.chunks.get_unchecked(at..at + count) }
    }
}
