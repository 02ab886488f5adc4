//! Which events of a thread are under way: one, and those whose handlers interrupted it.
//!
//! ```text
//!   top ──▶ level 2: a handler's handler         at, mark, time, what was the top before
//!           level 1: an event of a handler       …
//!           level 0: the thread's own event      …
//! ```
//!
//! The top is one word, how deep and at which stack address, so that a handler never finds one
//! without the other. An event has no length in the chunk before it commits: a handler's first
//! event writes a pending mark for those that it interrupted, so that what the handler records is
//! found whatever happens to them. An event whose stack frame is gone (`siglongjmp`, a cancelled
//! thread's unwinding) will never end: it is marked torn.
//!
//! An event says of itself only what its mark will be, before it reserves. While the place still
//! has its time, it is what was reserved last, and where it is follows from the place. So the first
//! handler's event that finds it so writes down where, before it moves the place, and whoever has
//! not reserved by then has to try again.
//!
//! Invariants: no event has the low time of one that is under way. A word of the chunk that was
//! found zero, and then to be reserved for an event under way, stays so until a pending mark or the
//! event's own is written; and the chunk of a pending mark is nobody else's until that event ends.

use crate::local::LocalWord;
use crate::place::Place;
use crate::slot::{Slot, UNIT_WORDS};
use crate::sync::{AcqRel, Acquire, Relaxed, handler_fence};
use thalweg_abi::chunk;
use thalweg_abi::record::{COMMITTED, Mark, PENDING, TORN};

/// How many events of one thread can be under way.
const LEVELS: usize = 7;

/// The low bits of the top word: the depth. Stack addresses do not need them.
const DEPTH_MASK: u64 = 7;

/// A stack address this much above an older one is on another stack, not further up the same.
const SAME_STACK_BYTES: u64 = 1 << 20;

/// An event under way, or one that has ended.
#[derive(Debug)]
pub(crate) struct Open {
    /// As it will be committed, or PENDING once place and time are written down.
    mark: LocalWord,
    at: LocalWord,
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
            mark: LocalWord::new(0),
            at: LocalWord::new(0),
            time: LocalWord::new(0),
            below: LocalWord::new(0),
        }
    }

    /// Writes down where the event is, if it was the last that reserved; the mark if that is known.
    /// `last` was loaded before: should a handler move the place meanwhile, it does this first.
    fn settle(&self, last: Last) -> Option<u64> {
        let word = self.mark.load();
        let mark = Mark::unpack(word);
        if mark.state != COMMITTED {
            return (mark.state == PENDING).then_some(word);
        }
        if last.place.chunk().is_none() || last.place.time_low != mark.time_low {
            return None;
        }
        let at = last.place.at().checked_sub(usize::from(mark.words))?;
        let state = PENDING;
        let settled = Mark { state, ..mark }.pack();
        self.is_at(settled, at, last.time());
        Some(settled)
    }

    /// The whole time, if it was written down.
    fn time(&self) -> Option<u64> {
        let settled = Mark::unpack(self.mark.load()).state == PENDING;
        settled.then(|| self.time.load())
    }

    fn has_low_half_of(&self, time: u64) -> bool {
        Mark::unpack(self.mark.load()).time_low == time as u32
    }

    fn is_at(&self, mark: u64, at: usize, time: u64) {
        self.at.store(at as u64);
        self.time.store(time);
        handler_fence();
        self.mark.store(mark);
    }

    /// Writes what the interrupted event has not come to: its mark, and its whole time, from which
    /// the times of the records behind it count. Only if it reserved room, and the room is in the
    /// chunk that the thread has now: an older chunk's events were completed before the chunk was
    /// left, and may be somebody else's by now. Where, and what was written, if so.
    fn complete(&self, slot: &Slot<'_>, last: Last) -> Option<(usize, u64)> {
        let mark = self.settle(last)?;
        let (at, time) = (self.at.load() as usize, self.time.load());
        if at >= last.place.at() {
            return None;
        }
        // Before the chunk is looked at: an event that committed may have lost its chunk by then.
        let found = slot.word(at).load(Acquire);
        if (found != 0 && found != mark) || !is_reserved(slot, last.place, at, time) {
            return None;
        }
        let found = slot.word(at).compare_exchange(0, mark, AcqRel, Acquire);
        let written = found.is_ok() || found == Err(mark);
        if Mark::unpack(mark).extended && written {
            slot.word(at + 1).store(time, Relaxed);
        }
        written.then_some((at, mark))
    }

    /// Marks the event as torn, if it got as far as a reservation.
    fn give_up(&self, slot: &Slot<'_>, last: Last) {
        if let Some((at, pending)) = self.complete(slot, last) {
            let state = TORN;
            let torn = Mark {
                state,
                ..Mark::unpack(pending)
            };
            // Only our own mark is replaced: it holds the time and site of this very event.
            let _ = slot
                .word(at)
                .compare_exchange(pending, torn.pack(), AcqRel, Acquire);
        }
        self.mark.store(0);
    }
}

/// Where a thread's last record ends.
#[derive(Clone, Copy)]
struct Last {
    known: u64,
    place: Place,
}

impl Last {
    /// `known` is loaded first: it must not be after the place's time.
    fn load(place: &LocalWord, known: &LocalWord) -> Self {
        let known = known.load();
        handler_fence();
        let place = Place::unpack(place.load());
        Self { known, place }
    }

    fn time(self) -> u64 {
        self.place.time(self.known)
    }
}

/// Whether a record at `at` and `time` is in what the thread reserved in its chunk. A chunk begins
/// after every time that was seen before, so an older owner's record is not taken for a new one;
/// a chunk that was freed meanwhile has no begin.
fn is_reserved(slot: &Slot<'_>, place: Place, at: usize, time: u64) -> bool {
    let Some((unit, _)) = place.chunk() else {
        return false;
    };
    let base = unit * UNIT_WORDS;
    if !(base + chunk::FIRST..place.at()).contains(&at) {
        return false;
    }
    let begin = slot.word(base + chunk::BEGIN).load(Relaxed);
    begin != 0 && begin < time
}

impl Nest {
    /// Where the top word lies: 0 there means that no event is under way.
    #[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
    pub(crate) const TOP_AT: usize = core::mem::offset_of!(Self, top);

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

    /// Begins an event whose frame is at `stack`, a multiple of 8; `None` if another is under way.
    pub(crate) fn enter(&self, stack: u64) -> Option<Entry<'_>> {
        self.is_idle().then(|| self.enter_first(stack))
    }

    /// Whether no event is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.top.load() == 0
    }

    /// Begins an event where no other is under way.
    #[inline(always)]
    pub(crate) fn enter_first(&self, stack: u64) -> Entry<'_> {
        self.begin(&self.open[0], stack, 0, 1)
    }

    #[inline(always)]
    fn begin<'c>(&self, open: &'c Open, stack: u64, below: u64, depth: u64) -> Entry<'c> {
        self.top.store(stack + depth);
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
    /// the marks that they may lack; `None` at the limit. `place` and `known` are the cursor's.
    pub(crate) fn enter_nested(
        &self,
        slot: &Slot<'_>,
        stack: u64,
        place: &LocalWord,
        known: &LocalWord,
    ) -> Option<Entry<'_>> {
        let last = Last::load(place, known);
        let mut top = self.top.load();
        while top != 0 && is_gone(top, stack) {
            self.open_of(top).give_up(slot, last);
            top = self.below(top);
        }
        self.mark_interrupted(slot, last, top);
        let level = (top & DEPTH_MASK) as usize;
        let open = self.open.get(level)?;
        open.below.store(top);
        Some(self.begin(open, stack, top, level as u64 + 1))
    }

    /// Gives events from `top` down the marks that they may lack. From the top, because two of
    /// them may have meant to reserve the same room, and the upper one got it.
    fn mark_interrupted(&self, slot: &Slot<'_>, last: Last, mut top: u64) {
        while top != 0 {
            self.open_of(top).complete(slot, last);
            top = self.below(top);
        }
    }

    /// The first time from `time` on that is after those of the events below the top, and whose low
    /// half none of them has.
    pub(crate) fn distinct(&self, time: u64) -> u64 {
        let depth = (self.top.load() & DEPTH_MASK) as usize;
        let below = self.open.iter().take(depth.saturating_sub(1));
        let from = below.clone().filter_map(Open::time).fold(time, u64::max);
        let taken = |time: &u64| below.clone().any(|open| open.has_low_half_of(*time));
        (from..).find(|time| !taken(time)).unwrap_or(from)
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
    /// Says what the mark of the event will be, which has the high half of the known time.
    #[inline(always)]
    pub(crate) fn about_to_reserve(&self, mark: u64) {
        self.open.mark.store(mark);
        handler_fence();
    }

    /// Says where the event is about to be, and what its mark will be until it is complete.
    pub(crate) fn about_to_reserve_at(&self, pending: u64, at: usize, time: u64) {
        self.open.mark.store(0);
        handler_fence();
        self.open.is_at(pending, at, time);
        handler_fence();
    }

    /// Takes it back: a handler was faster.
    #[inline(always)]
    pub(crate) fn did_not_reserve(&self) {
        self.open.mark.store(0);
        handler_fence();
    }
}
