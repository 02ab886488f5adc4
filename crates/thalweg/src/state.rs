//! What a process knows of itself, on pages that a forked child finds zeroed.
//!
//! ```text
//!   stage NONE: nothing set up (a fresh child, or no tracing)
//!         BUSY: being set up
//!        READY: set up; each block says whose it is
//!       FAILED: cannot be set up; no event is recorded
//! ```
//!
//! So a child of `fork`, `_Fork` or a raw `clone` never writes into its parent's ring, and no
//! atfork handler is needed for that.

use crate::identity::Identity;
use crate::map::Map;
use crate::span::Ids;
use crate::thread::Block;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{
    AtomicIsize, AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use thalweg_abi::MAX_THREADS;

const NONE: u64 = 0;
const BUSY: u64 = 1;
const READY: u64 = 2;
const FAILED: u64 = 3;

/// The wiped pages. Zeroed memory is a valid one.
#[repr(C)]
pub(crate) struct State {
    stage: AtomicU64,
    map: UnsafeCell<MaybeUninit<Map>>,
    pub(crate) next_thread: AtomicU64,
    pub(crate) identity: Identity,
    pub(crate) span_ids: Ids,
    /// How many events came while the process was being set up.
    too_early: AtomicU64,
    /// The thread that is defining an event, or 0.
    pub(crate) defining: AtomicU64,
    blocks: [Block; MAX_THREADS],
}

/// Where the wiped pages are; null where the library could not set itself up.
static STATE: AtomicPtr<State> = AtomicPtr::new(core::ptr::null_mut());

/// Facts that no fork changes; 0 if not known.
pub(crate) static RSEQ_AREA: AtomicIsize = AtomicIsize::new(0);
pub(crate) static TID_OFFSET: AtomicIsize = AtomicIsize::new(0);

/// A process that is set up.
#[derive(Clone, Copy)]
pub(crate) struct Process {
    pub(crate) state: &'static State,
    pub(crate) map: Map,
}

/// The state, wherever it stands.
#[inline(always)]
pub(crate) fn get() -> Option<&'static State> {
    // SAFETY: null, or the pages of `install`, which are never unmapped.
    unsafe { STATE.load(Relaxed).as_ref() }
}

/// Makes the pages known: before `main`, when there is one thread.
///
/// # Safety
/// `pages` are `size_of::<State>()` zeroed bytes, page-aligned, mapped private for ever and wiped
/// on fork.
pub(crate) unsafe fn install(pages: *mut State) {
    STATE.store(pages, Release);
}

impl State {
    /// The process, if it is set up.
    #[inline(always)]
    pub(crate) fn process(&'static self) -> Option<Process> {
        // ORDER(set-up): Acquire, pairs with the Release store in `set_up`.
        if self.stage.load(Acquire) != READY {
            return None;
        }
        // SAFETY: nobody writes the cell any more once the stage is stored.
        let map = unsafe { &*self.map.get() };
        // SAFETY: written before the stage was.
        let map = unsafe { map.assume_init_read() };
        Some(Process { state: self, map })
    }

    /// Claims the right to set this process up.
    pub(crate) fn begin_set_up(&self) -> bool {
        self.stage
            .compare_exchange(NONE, BUSY, Acquire, Relaxed)
            .is_ok()
    }

    /// Ends a set-up that cannot be done.
    pub(crate) fn fail(&self) {
        self.stage.store(FAILED, SeqCst);
    }

    /// Whether somebody is setting this process up.
    pub(crate) fn is_busy(&self) -> bool {
        self.stage.load(Relaxed) == BUSY
    }

    /// Counts an event that came while another thread, or the code that a handler interrupted,
    /// sets the process up; `false` if the process is ready by now, and the event need not be
    /// counted but can be emitted.
    pub(crate) fn counts_as_too_early(&'static self) -> bool {
        self.too_early.fetch_add(1, SeqCst);
        let take_back = |count: u64| count.checked_sub(1);
        self.stage.load(SeqCst) != READY
            || self
                .too_early
                .fetch_update(SeqCst, SeqCst, take_back)
                .is_err()
    }

    /// Takes how many events came too early: after [`Self::set_up`], so that none is missed.
    pub(crate) fn take_too_early(&self) -> u64 {
        self.too_early.swap(0, SeqCst)
    }

    /// Whether nobody has tried to set this process up.
    pub(crate) fn is_untouched(&self) -> bool {
        self.stage.load(Relaxed) == NONE
    }

    /// Ends the set-up.
    pub(crate) fn set_up(&self, map: Map) {
        // SAFETY: only the caller that won `begin_set_up` writes, and nobody reads before the
        // stage is stored below.
        unsafe { self.map.get().write(MaybeUninit::new(map)) };
        // ORDER(set-up): Release at least, pairs with the Acquire load in `process`. All of SeqCst,
        // so that who counts itself as too early sees this store, or is seen by `take_too_early`.
        self.stage.store(READY, SeqCst);
    }

    /// The block of a thread index.
    pub(crate) fn block(&self, index: usize) -> &Block {
        &self.blocks[index % MAX_THREADS]
    }
}
