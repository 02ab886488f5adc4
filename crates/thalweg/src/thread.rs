//! A thread's block: its index, and its place in each slot.

use crate::state::{Process, State, TID_OFFSET};
use crate::tls;
use core::arch::asm;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Relaxed, Release},
};
use thalweg_abi::{MAX_THREADS, SLOTS, program, thread};
use thalweg_ring::{Cursor, Owner};

/// What one thread needs to emit. Zeroed memory is a valid one.
#[repr(C, align(64))]
pub(crate) struct Block {
    tid: AtomicU32,
    index: AtomicU32,
    pub(crate) cursors: [Cursor; SLOTS],
}

impl Block {
    #[inline(always)]
    pub(crate) fn owner(&self) -> Owner {
        Owner {
            tid: self.tid.load(Relaxed),
            thread: self.index.load(Relaxed) as u16,
        }
    }

    /// Makes the block a thread's own.
    fn take(&self, tid: u32, index: usize) {
        self.tid.store(tid, Relaxed);
        self.index.store(index as u32, Relaxed);
        for cursor in &self.cursors {
            cursor.reset();
        }
    }
}

/// This thread's block; claims one at the thread's first event.
#[inline(always)]
pub(crate) fn current(process: Process) -> Option<&'static Block> {
    match tls::words().block(process.generation) {
        // SAFETY: the words of this generation hold the address of a block in `state`.
        Some(address) => Some(unsafe { &*(address as *const Block) }),
        None => claim(),
    }
}

#[cold]
#[inline(never)]
fn claim() -> Option<&'static Block> {
    // Not an argument: the caller would have to put it into memory at every event.
    let process = crate::state::get()?.process()?;
    let index = free_index(process)?;
    let tid = current_tid();
    process.map.thread(index).store(thread::entry(tid), Release);
    let block = process.state.block(index);
    block.take(tid, index);
    let address = core::ptr::from_ref(block).addr() as u64;
    tls::words().set(address, process.generation);
    // A signal handler may have claimed a block meanwhile: the words decide, and the block that
    // they do not name is reclaimed with the thread.
    let address = tls::words().block(process.generation)?;
    // SAFETY: as in `current`.
    Some(unsafe { &*(address as *const Block) })
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
