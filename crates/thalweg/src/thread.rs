//! A thread's block: its index, and its lane to each slot.
//!
//! The blocks lie on pages that a forked child finds zeroed, and a block says whose it is: so a
//! thread that remembers the address of a block that is not its own any more does not use it.

use crate::arch;
use crate::field::Fields;
use crate::filter;
use crate::identity::Identity;
use crate::map::{Map, filters_at, sampled_at};
use crate::sample::{self, AppValue, Caller, Counter, MOST_COUNTERS};
use crate::site::Site;
use crate::span::Batch;
use crate::state::{self, Process, State, TID_OFFSET};
use crate::tls;
use core::sync::atomic::{
    AtomicIsize, AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed, Release},
};
use thalweg_abi::{MAX_THREADS, SLOTS, program, slot, thread};
use thalweg_ring::{Cursor, Owner, Slot};

/// What one thread needs to emit. Zeroed memory is a valid one that is nobody's.
#[repr(C, align(64))]
pub(crate) struct Block {
    /// The thread that it belongs to: zero again in a forked child.
    thread: AtomicU64,
    /// The lane that took the last event which no other wanted; set with the thread.
    usual: AtomicPtr<Lane>,
    cpu_area: AtomicIsize,
    tid: AtomicU32,
    index: AtomicU32,
    /// Not 0 while an application's context is asked: its own events ask for none.
    asking: AtomicU32,
    lanes: [Lane; SLOTS],
    /// What the kernel counts of the thread, as far as its events tell.
    pub(crate) counters: [Counter; MOST_COUNTERS],
    /// Span ids that are the thread's to give; whoever has the block next goes on with them.
    pub(crate) span_ids: Batch,
}

/// A thread's way to one collector.
#[repr(C)]
pub(crate) struct Lane {
    /// First: its address is the lane's, which is at hand.
    pub(crate) cursor: Cursor,
    /// A site's word if this slot alone wants the event, at the time of the processor's counter.
    word: AtomicU32,
    /// Where the slot's chunks are.
    chunks: AtomicPtr<u8>,
}

impl Lane {
    /// Where the slot begins.
    #[inline(always)]
    fn base(&self) -> *const u8 {
        self.chunks.load(Relaxed).wrapping_sub(slot::CHUNKS)
    }

    /// Lets the lane lead to a slot.
    fn point_to(&self, base: *const u8) {
        let chunks = base.wrapping_add(slot::CHUNKS);
        self.chunks.store(chunks.cast_mut(), Relaxed);
    }

    /// The ring, as the tables that it consists of, of which each is computed by who needs it.
    #[inline(always)]
    pub(crate) fn ring(&self) -> Slot<'static> {
        // SAFETY: `slot::LEN` bytes from there are mapped for ever, and page-aligned.
        unsafe { Slot::from_base(self.base()) }
    }

    /// Whether a site's word says that this slot and no other wants the event, in the usual way.
    #[inline(always)]
    pub(crate) fn is_all_of(&self, word: u32) -> bool {
        // SAFETY: the lane's own word.
        unsafe { arch::is_word_at::<{ core::mem::offset_of!(Lane, word) }, _>(self, word) }
    }

    /// Whether a site's word says that this slot wants the event, whoever else does.
    pub(crate) fn is_part_of(&self, word: u32) -> bool {
        self.word.load(Relaxed) & word != 0
    }
}

impl Lane {
    /// Whether a site's word says that this slot and no other wants the event, if its filters do.
    #[inline(always)]
    pub(crate) fn filters_all_of(&self, word: u32) -> bool {
        let own = self.word.load(Relaxed);
        word == own | own << program::FILTERED.trailing_zeros()
    }

    /// Whether the event passes the slot's filters.
    #[inline(always)]
    pub(crate) fn pass(
        &self,
        site: &Site,
        fields: &impl Fields,
        (block, caller): (&Block, Caller),
    ) -> bool {
        // SAFETY: the slot's memory, as in `ring`.
        let filters = unsafe { filters_at(self.base()) };
        filter::pass(filters, (site, caller), block, fields)
    }
}

impl Lane {
    /// The contexts that the slot's events carry.
    pub(crate) fn sampled(&self) -> &'static [AtomicU64] {
        // SAFETY: the slot's memory, as in `ring`.
        unsafe { sampled_at(self.base()) }
    }
}

impl Block {
    /// The process, as filters see it.
    pub(crate) fn identity(&self) -> Option<&'static Identity> {
        state::get().map(|state| &state.identity)
    }

    #[inline(always)]
    pub(crate) fn owner(&self) -> Owner {
        Owner {
            tid: self.tid.load(Relaxed),
            thread: self.index.load(Relaxed) as u16,
            pointer: self.thread.load(Relaxed),
            patient: false,
        }
    }

    /// Asks the application's context of this name, unless one is being asked.
    pub(crate) fn ask(&self, provider: &[u8], name: &[u8]) -> AppValue {
        let mut value = AppValue::new();
        if let Some(_asking) = Asking::begin(&self.asking) {
            sample::ask(provider, name, &mut value);
        }
        value
    }

    /// The lane that most events take.
    #[inline(always)]
    pub(crate) fn usual(&self) -> &Lane {
        // SAFETY: one of this block's own lanes from before the thread knew the block.
        unsafe { &*self.usual.load(Relaxed) }
    }

    /// The lane to one slot.
    pub(crate) fn lane(&self, slot: usize) -> &Lane {
        &self.lanes[slot % SLOTS]
    }

    /// Makes the lane of an event that no other slot wants the usual one.
    pub(crate) fn prefer(&self, lane: &Lane) {
        self.usual
            .store(core::ptr::from_ref(lane).cast_mut(), Relaxed);
    }

    /// The processor that the thread runs on.
    #[inline(always)]
    pub(crate) fn cpu(&self) -> u32 {
        crate::cpu::current(self.cpu_area.load(Relaxed))
    }

    /// Lets the lanes lead to a map's slots.
    fn point_lanes_to(&self, map: &Map) {
        for (slot, lane) in self.lanes.iter().enumerate() {
            lane.point_to(map.slot_base(slot));
        }
        self.prefer(&self.lanes[0]);
    }

    /// Makes the block a thread's own.
    fn take(&self, process: Process, tid: u32, index: usize) {
        self.tid.store(tid, Relaxed);
        self.index.store(index as u32, Relaxed);
        self.cpu_area.store(crate::cpu::area(), Relaxed);
        self.asking.store(0, Relaxed);
        self.counters.iter().for_each(Counter::close);
        for (slot, lane) in self.lanes.iter().enumerate() {
            let word = u32::from(program::ENABLED) << (8 * slot);
            lane.word.store(word, Relaxed);
            lane.cursor.reset();
        }
        self.point_lanes_to(&process.map);
        self.thread.store(arch::thread_pointer(), Release);
    }
}

/// While it is there, an application's context is asked on the thread.
struct Asking<'b>(&'b AtomicU32);

impl<'b> Asking<'b> {
    fn begin(is_asking: &'b AtomicU32) -> Option<Self> {
        if is_asking.load(Relaxed) != 0 {
            return None;
        }
        is_asking.store(1, Relaxed);
        Some(Self(is_asking))
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.store(0, Relaxed);
    }
}

/// This thread's block, if it has one in this process.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Block> {
    let address = arch::first_of_words();
    if address == 0 {
        return None;
    }
    // SAFETY: the address of a block in `state`, which is never unmapped.
    let block = unsafe { &*(address as *const Block) };
    arch::is_thread_pointer(block.thread.load(Relaxed)).then_some(block)
}

/// Lets the forking thread's event, if one was under way, come to its end in a child: its block is
/// wiped, and is given lanes that lead to `map`. It stays nobody's, so no other event uses it.
pub(crate) fn lend(map: &Map) {
    let address = arch::first_of_words();
    if address == 0 {
        return;
    }
    // SAFETY: the address of a block in `state`, which is never unmapped.
    let block = unsafe { &*(address as *const Block) };
    block.point_lanes_to(map);
}

/// Gives the thread a block, at its first event in this process.
#[cold]
pub(crate) fn claim(process: Process) -> Option<&'static Block> {
    let index = free_index(process)?;
    let tid = current_tid();
    process.map.thread(index).store(thread::entry(tid), Release);
    let block = process.state.block(index);
    block.take(process, tid, index);
    let address = core::ptr::from_ref(block).addr() as u64;
    tls::set_block(address);
    // A signal handler may have claimed a block meanwhile: the last one is it, and the other is
    // reclaimed with the thread.
    current()
}

/// An index of a thread that is gone, or else one that nobody had yet.
fn free_index(process: Process) -> Option<usize> {
    reused_index(process).or_else(|| fresh_index(process))
}

fn reused_index(process: Process) -> Option<usize> {
    let used = used_indexes(process.state);
    (0..used.div_ceil(64)).find_map(|at| {
        let word = process.map.dead(at);
        let bits = word.load(Relaxed);
        if bits == 0 {
            return None;
        }
        let bit = 1 << bits.trailing_zeros();
        let won = word.fetch_and(!bit, AcqRel) & bit != 0;
        let index = at * 64 + bits.trailing_zeros() as usize;
        (won && index < used).then_some(index)
    })
}

fn fresh_index(process: Process) -> Option<usize> {
    let ready = process.map.head(program::HEAD_THREADS_READY).load(Relaxed);
    let ready = usize::try_from(ready).unwrap_or(0).min(MAX_THREADS) as u64;
    let next = &process.state.next_thread;
    next.fetch_update(Relaxed, Relaxed, |next| (next < ready).then_some(next + 1))
        .ok()
        .map(|index| index as usize)
}

fn used_indexes(state: &State) -> usize {
    (state.next_thread.load(Relaxed) as usize).min(MAX_THREADS)
}

/// Finds out where the thread id is to be had without a system call.
pub(crate) fn find_tid_offset() -> isize {
    let is_there = |offset: &isize| tid_at(*offset) == crate::sys::gettid();
    arch::GLIBC_TID_OFFSET.filter(is_there).unwrap_or(0)
}

fn current_tid() -> u32 {
    match TID_OFFSET.load(Relaxed) {
        0 => crate::sys::gettid(),
        offset => tid_at(offset),
    }
}

fn tid_at(offset: isize) -> u32 {
    // SAFETY: glibc's thread control block is larger than this offset in every version; the value is
    // compared with the kernel's answer before anybody relies on it.
    unsafe { arch::thread_word(offset) }
}
