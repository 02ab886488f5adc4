//! A thread's place in a slot: reserve, fill, commit.
//!
//! Reserving is: load the place, read the clock, publish the new place with one compare-and-swap
//! that only signal handlers of this thread can make fail. So the order of records is the order of
//! their times, always; and the chunk is changed by the same one instruction.

use crate::claim::Owner;
use crate::leave::Leaving;
use crate::local::LocalWord;
#[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
use crate::local::{is_equal_in_place, step};
use crate::nest::{Entry, Nest};
use crate::payload::Payload;
use crate::place::Place;
use crate::prefetch;
use crate::slot::{Slot, UNIT_WORDS};
use crate::sync::{Relaxed, Release, handler_fence};
#[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
use core::mem::offset_of;
use thalweg_abi::record::{COMMITTED, CPU_LEN, EXTENDED_FROM, Mark, PENDING};
use thalweg_abi::slot;

/// One event to write.
#[derive(Clone, Copy, Debug)]
pub struct Emit {
    /// The site's index.
    pub site: u16,
    /// Bytes of the payload.
    pub payload_len: usize,
    /// The address of the emitting frame, a multiple of 8: deeper frames have lower ones.
    pub stack: u64,
}

/// Why an event was not written; it has been counted, unless it is to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No chunk was free.
    Full {
        /// Whether the collector sleeps and wants to be woken.
        wake: bool,
    },
    /// No chunk was free, and the caller shall wait until the slot's word [`slot::FREED`] is not
    /// this any more, and then try again.
    Wait {
        /// What the word was.
        freed: u64,
        /// Whether the collector sleeps and wants to be woken.
        wake: bool,
    },
    /// No chunk can hold it.
    TooLarge,
    /// Too many handlers were nested.
    TooDeep,
}

/// A thread's place in one slot. Only the thread and its signal handlers use it.
///
/// The place is first: its address is the cursor's, which is at hand.
#[repr(C)]
#[derive(Debug)]
pub struct Cursor {
    pub(crate) place: LocalWord,
    /// A time at or before the last record's, and less than 2^32 before it, whole.
    pub(crate) time: LocalWord,
    /// The class that the next chunk shall have.
    pub(crate) ramp: LocalWord,
    /// The chunk that is being handed over.
    pub(crate) leaving: Leaving,
    nest: Nest,
}

/// Room that was reserved.
struct Room {
    at: usize,
    /// As it will be committed.
    mark: Mark,
    time: u64,
}

/// A time, as its high and low half: as the processor reads its counter.
pub type Halves = (u32, u32);

impl Cursor {
    /// A cursor without a chunk. All zero, so that zeroed memory is one.
    pub const fn new() -> Self {
        Self {
            place: LocalWord::new(0),
            time: LocalWord::new(0),
            ramp: LocalWord::new(0),
            leaving: Leaving::new(),
            nest: Nest::new(),
        }
    }

    /// Makes the cursor as new: for the next thread that has its memory.
    pub fn reset(&self) {
        self.place.store(0);
        self.time.store(0);
        self.ramp.store(0);
        self.leaving.clear();
        self.nest.reset();
    }

    /// Writes one event; `Ok(true)` if the collector sleeps and wants to be woken.
    ///
    /// `clock` is read once for each attempt, `fill` is called once and only if there is room.
    pub fn emit(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        event: Emit,
        clock: impl Fn() -> u64,
        cpu: impl Fn() -> u32,
        fill: impl FnOnce(&mut Payload<'_>),
    ) -> Result<bool, Refused> {
        let mut fill = Some(fill);
        let once =
            |payload: &mut Payload<'_>| fill.take().into_iter().for_each(|fill| fill(payload));
        let halves = || {
            let time = clock();
            ((time >> 32) as u32, time as u32)
        };
        if self.emit_soon(|| *slot, event, halves, &cpu, once) {
            return Ok(false);
        }
        let once = |payload: &mut Payload<'_>| fill.into_iter().for_each(|fill| fill(payload));
        self.emit_anyhow(slot, owner, event, clock, cpu, once)
    }

    /// Writes one event if nothing unusual is in the way; `false`: nothing has happened.
    ///
    /// This part is worth its place in the caller: a clock read hides about a hundred
    /// instructions, but not many more. So it calls nothing that needs registers saved, and `slot`
    /// is a closure, of whose tables only one is computed.
    #[inline(always)]
    pub fn emit_soon<'m>(
        &self,
        slot: impl Fn() -> Slot<'m>,
        event: Emit,
        clock: impl Fn() -> Halves,
        cpu: impl Fn() -> u32,
        fill: impl FnOnce(&mut Payload<'_>),
    ) -> bool {
        if !self.is_idle() {
            return false;
        }
        let entry = self.nest.enter_first(event.stack);
        let room = self.reserve_soon(event, clock, entry);
        if let Some(room) = &room {
            write(&slot(), room, event.payload_len, cpu, fill);
        }
        self.nest.leave(entry);
        room.is_some()
    }

    /// Whether no event is under way.
    #[inline(always)]
    #[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
    pub(crate) fn is_idle(&self) -> bool {
        const TOP: usize = offset_of!(Cursor, nest) + Nest::TOP_AT;
        step();
        is_equal_in_place!(self, TOP, "qword", "0")
    }

    /// Whether no event is under way.
    #[inline(always)]
    #[cfg(any(not(target_arch = "x86_64"), loom, shuttle))]
    pub(crate) fn is_idle(&self) -> bool {
        self.nest.is_idle()
    }

    /// Whether the known time has this high half.
    #[inline(always)]
    #[cfg(all(target_arch = "x86_64", not(any(loom, shuttle))))]
    fn knows(&self, high: u32) -> bool {
        const HIGH: usize = offset_of!(Cursor, time) + 4;
        step();
        is_equal_in_place!(self, HIGH, "dword", reg high)
    }

    /// Whether the known time has this high half.
    #[inline(always)]
    #[cfg(any(not(target_arch = "x86_64"), loom, shuttle))]
    fn knows(&self, high: u32) -> bool {
        self.time.load() >> 32 == u64::from(high)
    }

    /// Writes one event, also if it interrupted another, or needs a new chunk or its whole time.
    #[cold]
    pub fn emit_anyhow(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        event: Emit,
        clock: impl Fn() -> u64,
        cpu: impl Fn() -> u32,
        fill: impl FnOnce(&mut Payload<'_>),
    ) -> Result<bool, Refused> {
        if self.is_in_vain(slot, event) {
            slot.count_lost(owner);
            return Err(Refused::Full { wake: false });
        }
        let nested = || {
            self.nest
                .enter_nested(slot, event.stack, &self.place, &self.time)
        };
        let Some(entry) = self.nest.enter(event.stack).or_else(nested) else {
            slot.control(slot::REFUSED_NESTED).fetch_add(1, Relaxed);
            return Err(Refused::TooDeep);
        };
        let mut wake = false;
        let reserved = self.reserve(slot, owner, event, &clock, entry, &mut wake);
        if let Ok(room) = &reserved {
            write(slot, room, event.payload_len, cpu, fill);
        }
        self.nest.leave(entry);
        reserved.map(|_| wake)
    }

    /// Reserves in the usual way: there is room, the last event was not long ago, and no handler
    /// comes in between.
    #[inline(always)]
    fn reserve_soon(
        &self,
        event: Emit,
        clock: impl Fn() -> Halves,
        entry: Entry<'_>,
    ) -> Option<Room> {
        let word = self.place.load();
        handler_fence();
        let (high, low) = clock();
        let words = Mark::words_for(event.payload_len, false);
        // Within the same 2^32 cycles the low halves tell the order, and no whole time is needed.
        if !self.knows(high) || !Place::is_before(word, low) || words > Place::unpack(word).left {
            return None;
        }
        let mark = committed(event.site, words, false, low);
        entry.about_to_reserve(mark.pack());
        self.reserve_at(entry, word, mark, 0)
    }

    /// Moves the place, unless a handler was faster.
    #[inline(always)]
    fn reserve_at(&self, entry: Entry<'_>, word: u64, mark: Mark, time: u64) -> Option<Room> {
        let next = Place::behind_word(word, usize::from(mark.words), mark.time_low);
        if !self.place.compare_exchange(word, next) {
            entry.did_not_reserve();
            return None;
        }
        let at = Place::unpack(word).at();
        Some(Room { at, mark, time })
    }

    /// Reserves in a new chunk, with a whole time, or in competition with handlers.
    fn reserve(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        event: Emit,
        clock: &impl Fn() -> u64,
        entry: Entry<'_>,
        wake: &mut bool,
    ) -> Result<Room, Refused> {
        loop {
            let word = self.place.load();
            handler_fence();
            // In this order: a handler that changes this has changed the place before.
            let known = self.time.load();
            let place = Place::unpack(word);
            let last = place.time(known);
            let time = self.later_than(last, clock);
            let extended = time - last >= EXTENDED_FROM;
            let words = Mark::words_for(event.payload_len, extended);
            if words > place.left {
                *wake = self.change_chunk(slot, owner, word, words, clock, *wake)?;
                continue;
            }
            let mark = committed(event.site, words, extended, time as u32);
            let pending = Mark {
                state: PENDING,
                ..mark
            };
            entry.about_to_reserve_at(pending.pack(), place.at(), time);
            if let Some(room) = self.reserve_at(entry, word, mark, time) {
                // Unless a handler has left a later time here.
                self.time.compare_exchange(known, time);
                return Ok(room);
            }
        }
    }

    /// The time, but after `last`, and none of an event under way.
    pub(crate) fn later_than(&self, last: u64, clock: &impl Fn() -> u64) -> u64 {
        self.nest.distinct(clock().max(last + 1))
    }
}

#[inline(always)]
fn committed(site: u16, words: usize, extended: bool, time_low: u32) -> Mark {
    Mark {
        state: COMMITTED,
        words: words as u16,
        site,
        extended,
        time_low,
    }
}

/// How far behind a record the memory is asked for that later ones will be written to: the
/// collector has had it last, and the stores of an event would wait for it.
const AHEAD_BYTES: usize = 512;

/// Writes a record into its room.
#[inline(always)]
fn write(
    slot: &Slot<'_>,
    room: &Room,
    payload_len: usize,
    cpu: impl Fn() -> u32,
    fill: impl FnOnce(&mut Payload<'_>),
) {
    let head = 1 + usize::from(room.mark.extended);
    // As long as `mark.words` says, and in terms that make the length of what follows the head a
    // constant where `payload_len` is one.
    let record = slot.words(room.at, head + Mark::words_for(payload_len, false) - 1);
    if room.mark.extended {
        record[1].store(room.time, Relaxed);
    }
    // Counted from a unit before, as it follows from the place: one addition less.
    let before = room.at.wrapping_sub(UNIT_WORDS);
    prefetch::will_write::<{ 8 * UNIT_WORDS + AHEAD_BYTES }>(slot.chunks(), before);
    let mut payload = Payload::new(&record[head..], CPU_LEN + payload_len);
    payload.put(&cpu().to_le_bytes());
    fill(&mut payload);
    handler_fence();
    // ORDER(publish): Release, pairs with the Acquire load of the mark in `Walk::peek`.
    record[0].store(room.mark.pack(), Release);
    handler_fence();
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}
