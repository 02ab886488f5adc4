//! Which events of a thread are under way: one, and those whose handlers interrupted it.
//!
//! ```text
//!   top ──▶ level 2: a handler's handler         at, mark, time, what was the top before
//!           level 1: an event of a handler       …
//!           level 0: the thread's own event      …
//! ```
//!
//! The top is one word, how deep and at which stack address, so that a handler never finds one
//! without the other. An event that was interrupted between its reservation and its mark has no
//! length in the chunk yet: the handler's first event writes the mark for it, so that what the
//! handler records is found whatever happens to the interrupted one. An event whose stack frame
//! is gone (`siglongjmp`, a cancelled thread's unwinding) will never end: it is marked torn.
//!
//! Invariant: the mark of a level is PENDING only from before its event reserves until before it
//! commits; place and time of a level do not change meanwhile. So the chunk of an event whose mark
//! is PENDING and has been written is nobody else's, however many handlers run.

use crate::local::LocalWord;
use crate::place::Place;
use crate::slot::Slot;
use crate::sync::{AcqRel, Acquire, Relaxed, handler_fence};
use thalweg_abi::chunk;
use thalweg_abi::record::{Mark, PENDING, TORN};

/// How many events of one thread can be under way.
const LEVELS: usize = 8;

/// The low bits of the top word: the depth. Stack addresses do not need them.
const DEPTH_MASK: u64 = 15;

/// A stack address this much above an older one is on another stack, not further up the same.
const SAME_STACK_BYTES: u64 = 1 << 20;

/// An event under way.
#[derive(Debug)]
pub(crate) struct Open {
    at: LocalWord,
    mark: LocalWord,
    time: LocalWord,
    below: LocalWord,
}

/// An event that has begun: its level, and what the top was before.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'c> {
    open: &'c Open,
    below: u64,
}

/// The events under way in one thread and slot.
#[derive(Debug)]
pub(crate) struct Nest {
    top: LocalWord,
    open: [Open; LEVELS],
}

impl Open {
    const fn new() -> Self {
        Self {
            at: LocalWord::new(0),
            mark: LocalWord::new(0),
            time: LocalWord::new(0),
            below: LocalWord::new(0),
        }
    }

    /// Writes what the interrupted event may not have come to: its mark, and its whole time, from
    /// which the times of the records behind it count. Only if it reserved room, and the room is
    /// in the chunk that the thread has now: an older chunk's events were completed before the
    /// chunk was left, and may be somebody else's by now.
    fn complete(&self, slot: &Slot<'_>, place: Place) {
        let mark = self.mark.load();
        let at = self.at.load() as usize;
        let time = self.time.load();
        let pending = Mark::unpack(mark).state == PENDING;
        if !pending || !is_reserved(slot, place, at, time) {
            return;
        }
        let found = slot.word(at).compare_exchange(0, mark, AcqRel, Acquire);
        if Mark::unpack(mark).extended && (found.is_ok() || found == Err(mark)) {
            slot.word(at + 1).store(time, Relaxed);
        }
    }

    /// Marks the event as torn, if it got as far as a reservation.
    fn give_up(&self, slot: &Slot<'_>, place: Place) {
        let mark = Mark::unpack(self.mark.load());
        if mark.state == 0 {
            return;
        }
        self.complete(slot, place);
        let [pending, torn] = [PENDING, TORN].map(|state| Mark { state, ..mark }.pack());
        // Only our own mark is replaced: it holds the time and site of this very event.
        let at = self.at.load() as usize;
        let _ = slot
            .word(at)
            .compare_exchange(pending, torn, AcqRel, Acquire);
        self.mark.store(0);
    }
}

/// Whether a record at `at` and `time` is in what the thread reserved in its chunk. A chunk begins
/// after every time that was seen before, so an older owner's record is not taken for a new one;
/// a chunk that was freed meanwhile has no begin.
fn is_reserved(slot: &Slot<'_>, place: Place, at: usize, time: u64) -> bool {
    let base = place.base();
    if place.chunk().is_none() || !(base + chunk::FIRST..place.at()).contains(&at) {
        return false;
    }
    let begin = slot.word(base + chunk::BEGIN).load(Relaxed);
    begin != 0 && begin < time
}

impl Nest {
    pub(crate) const fn new() -> Self {
        Self {
            top: LocalWord::new(0),
            open: [const { Open::new() }; LEVELS],
        }
    }

    /// Forgets every event.
    pub(crate) fn reset(&self) {
        self.top.store(0);
        for open in &self.open {
            open.mark.store(0);
        }
    }

    /// Begins an event whose frame is at `stack`; `None` if another is under way.
    #[inline(always)]
    pub(crate) fn enter(&self, stack: u64) -> Option<Entry<'_>> {
        if self.top.load() != 0 {
            return None;
        }
        Some(self.begin(&self.open[0], stack, 0, 1))
    }

    #[inline(always)]
    fn begin<'c>(&self, open: &'c Open, stack: u64, below: u64, depth: u64) -> Entry<'c> {
        self.top.store(stack & !DEPTH_MASK | depth);
        handler_fence();
        Entry { open, below }
    }

    /// Ends an event.
    #[inline(always)]
    pub(crate) fn leave(&self, entry: Entry<'_>) {
        handler_fence();
        self.top.store(entry.below);
    }

    /// Begins an event that interrupted others, above those whose frames still exist, which get
    /// the marks that they may lack; `None` at the limit. `place` is the thread's.
    pub(crate) fn enter_nested(
        &self,
        slot: &Slot<'_>,
        stack: u64,
        place: &LocalWord,
    ) -> Option<Entry<'_>> {
        let place = Place::unpack(place.load());
        let mut top = self.top.load();
        while top != 0 && is_gone(top, stack) {
            self.open_of(top).give_up(slot, place);
            top = self.below(top);
        }
        self.mark_interrupted(slot, place, top);
        let level = (top & DEPTH_MASK) as usize;
        let open = self.open.get(level)?;
        open.below.store(top);
        Some(self.begin(open, stack, top, level as u64 + 1))
    }

    /// Gives events from `top` down the marks that they may lack. From the top, because two of
    /// them may have meant to reserve the same room, and the upper one got it.
    fn mark_interrupted(&self, slot: &Slot<'_>, place: Place, mut top: u64) {
        while top != 0 {
            self.open_of(top).complete(slot, place);
            top = self.below(top);
        }
    }

    fn open_of(&self, top: u64) -> &Open {
        let depth = (top & DEPTH_MASK) as usize;
        &self.open[depth.clamp(1, LEVELS) - 1]
    }

    /// What the top was before the event that is at the top.
    fn below(&self, top: u64) -> u64 {
        if top & DEPTH_MASK == 1 {
            0
        } else {
            self.open_of(top).below.load()
        }
    }
}

/// Whether the frame of the event at `top` has been left, seen from a frame at `stack`.
fn is_gone(top: u64, stack: u64) -> bool {
    let (older, stack) = (top & !DEPTH_MASK, stack & !DEPTH_MASK);
    older <= stack && stack - older < SAME_STACK_BYTES
}

impl Entry<'_> {
    /// Says where the event is about to be, and what its mark will be.
    #[inline(always)]
    pub(crate) fn about_to_reserve(&self, at: usize, mark: u64, time: u64) {
        self.open.at.store(at as u64);
        self.open.time.store(time);
        handler_fence();
        self.open.mark.store(mark);
        handler_fence();
    }

    /// Says that the event will be complete with the next store: its chunk may be freed then.
    #[inline(always)]
    pub(crate) fn about_to_commit(&self, mark: u64) {
        handler_fence();
        self.open.mark.store(mark);
        handler_fence();
    }

    /// Takes it back: a handler was faster.
    #[inline(always)]
    pub(crate) fn did_not_reserve(&self) {
        self.open.mark.store(0);
        handler_fence();
    }
}
