//! A thread's block: its index, and its place in each slot.

use crate::state::{Process, RSEQ_AREA, State, TID_OFFSET};
use crate::tls;
use core::arch::asm;
use core::sync::atomic::{
    AtomicIsize, AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed, Release},
};
use thalweg_abi::{MAX_THREADS, SLOTS, program, thread};
use thalweg_ring::{Cursor, Owner, Slot};

/// What one thread needs to emit. Zeroed memory is a valid one.
#[repr(C, align(64))]
pub(crate) struct Block {
    tid: AtomicU32,
    index: AtomicU32,
    /// The generation of the process that it was taken in: zero again in a forked child.
    generation: AtomicU64,
    /// Where the process's map has what an event needs, so that an event needs no map.
    sites: AtomicPtr<AtomicU32>,
    slots: AtomicPtr<u8>,
    cpu_area: AtomicIsize,
    pub(crate) cursors: [Cursor; SLOTS],
}

/// Where a slot's memory is: its tables are computed by who needs them.
#[derive(Clone, Copy)]
pub(crate) struct Ring(*const u8);

impl Ring {
    #[inline(always)]
    pub(crate) fn slot(self) -> Slot<'static> {
        // SAFETY: `slot::LEN` bytes from there are mapped for ever, and page-aligned.
        unsafe { Slot::from_base(self.0) }
    }
}

impl Block {
    #[inline(always)]
    pub(crate) fn owner(&self) -> Owner {
        Owner {
            tid: self.tid.load(Relaxed),
            thread: self.index.load(Relaxed) as u16,
        }
    }

    /// The slots that want events of a site, one byte a slot.
    #[inline(always)]
    pub(crate) fn enabled(&self, site: u16) -> u32 {
        // SAFETY: the table of the process's map; sites are numbered below its length.
        let word = unsafe { self.sites.load(Relaxed).add(usize::from(site)) };
        // SAFETY: mapped for ever and aligned.
        unsafe { &*word }.load(Relaxed)
    }

    /// One collector's ring.
    #[inline(always)]
    pub(crate) fn ring(&self, slot: usize) -> Ring {
        let offset = slot % SLOTS * thalweg_abi::slot::LEN;
        // SAFETY: the slot's range lies in the process's map.
        let base = unsafe { self.slots.load(Relaxed).add(offset) };
        let mut base = base.expose_provenance();
        // SAFETY: does nothing; keeps the sum in one register instead of its parts in two.
        unsafe {
            asm!("/* {} */", inout(reg) base, options(pure, nomem, nostack, preserves_flags));
        }
        Ring(core::ptr::with_exposed_provenance(base))
    }

    /// The processor that the thread runs on.
    #[inline(always)]
    pub(crate) fn cpu(&self) -> u32 {
        crate::cpu::current(self.cpu_area.load(Relaxed))
    }

    /// Makes the block a thread's own.
    fn take(&self, process: Process, tid: u32, index: usize) {
        self.tid.store(tid, Relaxed);
        self.index.store(index as u32, Relaxed);
        self.generation.store(process.generation, Relaxed);
        self.sites
            .store(core::ptr::from_ref(process.map.site(0)).cast_mut(), Relaxed);
        self.slots.store(process.map.slots().cast_mut(), Relaxed);
        self.cpu_area.store(RSEQ_AREA.load(Relaxed), Relaxed);
        for cursor in &self.cursors {
            cursor.reset();
        }
    }
}

/// This thread's block, if it has one in this process.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Block> {
    let (generation, address) = tls::words().get();
    if generation == 0 {
        return None;
    }
    // SAFETY: the address of a block in `state`, which is never unmapped: it was stored before a
    // generation was.
    let block = unsafe { &*(address as *const Block) };
    (block.generation.load(Relaxed) == generation).then_some(block)
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
    tls::words().set(address, process.generation);
    // A signal handler may have claimed a block meanwhile: the words decide, and the block that
    // they do not name is reclaimed with the thread.
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

/// Where glibc keeps the thread id in its thread control block (x86-64).
const GLIBC_TID_OFFSET: isize = 0x2d0;

/// Finds out where the thread id is to be had without a system call.
pub(crate) fn find_tid_offset() -> isize {
    let found = tid_at(GLIBC_TID_OFFSET) == crate::sys::gettid();
    if found { GLIBC_TID_OFFSET } else { 0 }
}

fn current_tid() -> u32 {
    match TID_OFFSET.load(Relaxed) {
        0 => crate::sys::gettid(),
        offset => tid_at(offset),
    }
}

fn tid_at(offset: isize) -> u32 {
    let tid: u32;
    // SAFETY: glibc's thread control block is larger than this offset on x86-64 in every version;
    // the value is compared with the kernel's answer before anybody relies on it.
    unsafe {
        asm!("mov {tid:e}, dword ptr fs:[{offset}]", tid = out(reg) tid, offset = in(reg) offset,
            options(nostack, preserves_flags, readonly));
    }
    tid
}
