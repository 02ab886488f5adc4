//! Which events of a thread are under way: one, and those whose handlers interrupted it.
//!
//! ```text
//!   level 0: the thread's own event          at, mark, stack pointer
//!   level 1: an event of a signal handler    …
//!   level 2: a handler's handler             …
//! ```
//!
//! An event that was interrupted between its reservation and its mark has no length in the chunk
//! yet: the handler's first event writes the mark for it, so that what the handler records is
//! found whatever happens to the interrupted one. An event whose stack frame is gone
//! (`siglongjmp`, a cancelled thread's unwinding) will never end: it is marked torn.

use crate::local::LocalWord;
use crate::slot::Slot;
use crate::sync::{AcqRel, Acquire, Relaxed, handler_fence};
use thalweg_abi::record::{Mark, PENDING, TORN};

/// How many handlers deep events may be nested.
pub(crate) const LEVELS: usize = 8;

/// A stack pointer this much above an older one is on another stack, not further up the same.
const SAME_STACK_BYTES: u64 = 1 << 20;

/// An event under way.
#[derive(Debug)]
struct Open {
    at: LocalWord,
    mark: LocalWord,
    time: LocalWord,
    stack: LocalWord,
}

impl Open {
    #[cfg(not(any(loom, shuttle)))]
    const fn new() -> Self {
        Self {
            at: LocalWord::new(0),
            mark: LocalWord::new(0),
            time: LocalWord::new(0),
            stack: LocalWord::new(0),
        }
    }

    #[cfg(any(loom, shuttle))]
    fn new() -> Self {
        Self {
            at: LocalWord::new(0),
            mark: LocalWord::new(0),
            time: LocalWord::new(0),
            stack: LocalWord::new(0),
        }
    }

    /// Writes what the interrupted event may not have come to: its mark, and its whole time, from
    /// which the times of the records behind it count.
    fn complete(&self, slot: &Slot<'_>, at: usize, mark: u64) {
        let found = slot.word(at).compare_exchange(0, mark, AcqRel, Acquire);
        if Mark::unpack(mark).extended && (found.is_ok() || found == Err(mark)) {
            slot.word(at + 1).store(self.time.load(), Relaxed);
        }
    }
}

/// The events under way in one thread and slot.
#[derive(Debug)]
pub(crate) struct Nest {
    depth: LocalWord,
    open: [Open; LEVELS],
}

impl Nest {
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) const fn new() -> Self {
        Self {
            depth: LocalWord::new(0),
            open: [const { Open::new() }; LEVELS],
        }
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn new() -> Self {
        Self {
            depth: LocalWord::new(0),
            open: core::array::from_fn(|_| Open::new()),
        }
    }

    /// Forgets every event.
    pub(crate) fn reset(&self) {
        self.depth.store(0);
    }

    /// Begins an event whose frame is at `stack`; its level, or `None` at the limit.
    #[inline(always)]
    pub(crate) fn enter(&self, slot: &Slot<'_>, stack: u64) -> Option<usize> {
        let depth = self.depth.load();
        let level = if depth == 0 {
            0
        } else {
            self.enter_nested(slot, stack, depth)?
        };
        let open = &self.open[level];
        open.mark.store(0);
        open.stack.store(stack);
        handler_fence();
        self.depth.store(level as u64 + 1);
        handler_fence();
        Some(level)
    }

    /// Says where the event of `level` is about to be, and what its mark will be.
    #[inline(always)]
    pub(crate) fn about_to_reserve(&self, level: usize, at: usize, mark: u64, time: u64) {
        let open = &self.open[level];
        open.mark.store(0);
        handler_fence();
        open.at.store(at as u64);
        open.time.store(time);
        handler_fence();
        open.mark.store(mark);
        handler_fence();
    }

    /// Ends the event of `level`.
    #[inline(always)]
    pub(crate) fn leave(&self, level: usize) {
        handler_fence();
        self.depth.store(level as u64);
    }

    #[cold]
    fn enter_nested(&self, slot: &Slot<'_>, stack: u64, depth: u64) -> Option<usize> {
        let mut level = usize::try_from(depth).unwrap_or(LEVELS).min(LEVELS);
        while level > 0 && self.frame_is_gone(level - 1, stack) {
            level -= 1;
            self.give_up(slot, level);
        }
        (level < LEVELS).then_some(level)
    }

    /// Whether the frame at `level` has been left, seen from a frame at `stack`.
    fn frame_is_gone(&self, level: usize, stack: u64) -> bool {
        let older = self.open[level].stack.load();
        older <= stack && stack - older < SAME_STACK_BYTES
    }

    /// Marks the event of `level` as torn, if it got as far as a mark.
    fn give_up(&self, slot: &Slot<'_>, level: usize) {
        let mark = self.open[level].mark.load();
        if mark == 0 {
            return;
        }
        let torn = Mark {
            state: TORN,
            ..Mark::unpack(mark)
        }
        .pack();
        let at = self.open[level].at.load() as usize;
        // Only our own mark is replaced: it holds the time and site of this very event.
        let _ = slot.word(at).compare_exchange(mark, torn, AcqRel, Acquire);
    }

    /// Gives interrupted events of levels below `level` their marks, where they have reserved
    /// room and not come to it: `reserved_to` is where the cursor's chunk is reserved to.
    #[cold]
    pub(crate) fn mark_interrupted(&self, slot: &Slot<'_>, level: usize, cursor: (usize, usize)) {
        let (begin, reserved_to) = cursor;
        for open in self.open[..level].iter().rev() {
            let mark = open.mark.load();
            let at = open.at.load() as usize;
            if mark != 0 && (begin..reserved_to).contains(&at) {
                debug_assert_eq!(Mark::unpack(mark).state, PENDING);
                open.complete(slot, at, mark);
            }
        }
    }
}
