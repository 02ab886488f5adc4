//! A thread's place in a slot: reserve, fill, commit.
//!
//! ```text
//!   the cursor, one word:   | unit | class | position | low 33 bits of the last time |
//! ```
//!
//! Reserving is: load the cursor, read the clock, publish the new cursor with one compare-and-swap
//! that only signal handlers of this thread can make fail. So the order of records is the order of
//! their times, always; and the chunk is changed by the same one instruction.

use crate::claim::{Claim, Owner};
use crate::local::LocalWord;
use crate::nest::Nest;
use crate::payload::Payload;
use crate::slot::{Slot, UNIT_WORDS, chunk_words};
use crate::sync::{Relaxed, Release, handler_fence};
use thalweg_abi::chunk::{self, MAX_RECORD_WORDS};
use thalweg_abi::record::{COMMITTED, CPU_LEN, EXTENDED_FROM, Mark, PENDING};
use thalweg_abi::slot;

const TIME_BITS: u32 = 33;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// One event to write.
#[derive(Clone, Copy, Debug)]
pub struct Emit {
    /// The site's index.
    pub site: u16,
    /// Bytes of the payload.
    pub payload_len: usize,
    /// The address of the emitting frame: deeper frames have lower ones.
    pub stack: u64,
}

/// Why an event was not written; it has been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No chunk was free.
    Full,
    /// No chunk can hold it.
    TooLarge,
    /// Too many handlers were nested.
    TooDeep,
}

/// A thread's place in one slot. Only the thread and its signal handlers use it.
#[derive(Debug)]
pub struct Cursor {
    place: LocalWord,
    /// A time at or before the last record's, whole.
    time: LocalWord,
    /// The class that the next chunk shall have.
    ramp: LocalWord,
    nest: Nest,
}

/// The cursor, taken apart.
#[derive(Clone, Copy)]
struct Place {
    unit: usize,
    class: u8,
    position: usize,
    time_low: u64,
}

impl Place {
    #[inline(always)]
    fn pack(self) -> u64 {
        self.unit as u64
            | (u64::from(self.class) << 14)
            | ((self.position as u64) << 17)
            | ((self.time_low & TIME_MASK) << 31)
    }

    #[inline(always)]
    fn unpack(word: u64) -> Self {
        Self {
            unit: (word & 0x3fff) as usize,
            class: ((word >> 14) & 7) as u8,
            position: ((word >> 17) & 0x3fff) as usize,
            time_low: word >> 31,
        }
    }
}

/// Room that was reserved.
struct Room {
    at: usize,
    mark: Mark,
    time: u64,
}

impl Cursor {
    /// A cursor without a chunk. All zero, so that zeroed memory is one.
    #[cfg(not(any(loom, shuttle)))]
    pub const fn new() -> Self {
        Self {
            place: LocalWord::new(0),
            time: LocalWord::new(0),
            ramp: LocalWord::new(0),
            nest: Nest::new(),
        }
    }

    /// A cursor without a chunk.
    #[cfg(any(loom, shuttle))]
    pub fn new() -> Self {
        Self {
            place: LocalWord::new(0),
            time: LocalWord::new(0),
            ramp: LocalWord::new(0),
            nest: Nest::new(),
        }
    }

    /// Makes the cursor as new: for the next thread that has its memory.
    pub fn reset(&self) {
        self.place.store(0);
        self.time.store(0);
        self.ramp.store(0);
        self.nest.reset();
    }

    /// Writes one event; `Ok(true)` if the collector sleeps and wants to be woken.
    ///
    /// `clock` is read once for each attempt, `fill` is called once and only if there is room.
    #[inline(always)]
    pub fn emit(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        event: Emit,
        clock: impl Fn() -> u64,
        cpu: impl FnOnce() -> u32,
        fill: impl FnOnce(&mut Payload<'_>),
    ) -> Result<bool, Refused> {
        let Some(level) = self.nest.enter(slot, event.stack) else {
            slot.control(slot::REFUSED_NESTED).fetch_add(1, Relaxed);
            return Err(Refused::TooDeep);
        };
        if level > 0 {
            self.nest.mark_interrupted(slot, level, self.reserved());
        }
        let mut wake = false;
        let room = match self.reserve(slot, owner, event, &clock, level, &mut wake) {
            Ok(room) => room,
            Err(refused) => {
                self.nest.leave(level);
                return Err(refused);
            }
        };
        let words = usize::from(room.mark.words);
        slot.word(room.at).store(room.mark.pack(), Relaxed);
        handler_fence();
        let head = 1 + usize::from(room.mark.extended);
        if room.mark.extended {
            slot.word(room.at + 1).store(room.time, Relaxed);
        }
        let body = slot.words(room.at + head, words - head);
        let mut payload = Payload::new(body, CPU_LEN + event.payload_len);
        payload.put(&cpu().to_le_bytes());
        fill(&mut payload);
        let committed = Mark {
            state: COMMITTED,
            ..room.mark
        };
        // ORDER(publish): Release, pairs with the Acquire load of the mark in `Walk::next`.
        slot.word(room.at).store(committed.pack(), Release);
        self.nest.leave(level);
        Ok(wake)
    }

    /// The words from the chunk's begin to where it is reserved.
    fn reserved(&self) -> (usize, usize) {
        let place = Place::unpack(self.place.load());
        let base = place.unit * UNIT_WORDS;
        (base, base + place.position)
    }

    #[inline(always)]
    fn reserve(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        event: Emit,
        clock: &impl Fn() -> u64,
        level: usize,
        wake: &mut bool,
    ) -> Result<Room, Refused> {
        loop {
            let word = self.place.load();
            handler_fence();
            let place = Place::unpack(word);
            let last = self.last_time(place);
            let time = clock().max(last + 1);
            let extended = time - last >= EXTENDED_FROM;
            let words = Mark::words_for(event.payload_len, extended);
            let end = place.position + words;
            if word == 0 || end > chunk_words(place.class) {
                *wake |= self.change_chunk(slot, owner, word, words, clock)?;
                continue;
            }
            let at = place.unit * UNIT_WORDS + place.position;
            let mark = Mark {
                state: PENDING,
                words: words as u16,
                site: event.site,
                extended,
                time_low: time as u32,
            };
            self.nest.about_to_reserve(level, at, mark.pack(), time);
            let next = Place {
                position: end,
                time_low: time,
                ..place
            };
            if self.place.compare_exchange(word, next.pack()) {
                self.time.store(time);
                return Ok(Room { at, mark, time });
            }
        }
    }

    /// The last record's time, or one before it: see `time`. A time too early only makes the next
    /// record carry its whole time without need.
    #[inline(always)]
    fn last_time(&self, place: Place) -> u64 {
        let known = self.time.load();
        known + (place.time_low.wrapping_sub(known) & TIME_MASK)
    }

    /// Replaces the chunk of the cursor `word` by a fresh one with room for a record.
    #[cold]
    #[inline(never)]
    fn change_chunk(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        word: u64,
        need_words: usize,
        clock: &impl Fn() -> u64,
    ) -> Result<bool, Refused> {
        if need_words + 1 > MAX_RECORD_WORDS {
            slot.control(slot::REFUSED_LARGE).fetch_add(1, Relaxed);
            return Err(Refused::TooLarge);
        }
        let wanted = (self.ramp.load() as u8).min(slot::CLASSES as u8 - 1);
        // One word more than asked: the clock may move on and make the record an extended one.
        let Some(claim) = slot.claim(owner, wanted, need_words + 1) else {
            slot.lost(usize::from(owner.thread)).fetch_add(1, Relaxed);
            return Err(Refused::Full);
        };
        Ok(self.install(slot, owner, word, claim, clock))
    }

    /// Makes a claimed chunk the current one, unless a signal handler was faster.
    fn install(
        &self,
        slot: &Slot<'_>,
        owner: Owner,
        word: u64,
        claim: Claim,
        clock: &impl Fn() -> u64,
    ) -> bool {
        let old = Place::unpack(word);
        let last = if word == 0 { 0 } else { self.last_time(old) };
        let begin = clock().max(last);
        slot.open_chunk(owner, claim, begin);
        handler_fence();
        let place = Place {
            unit: claim.unit,
            class: claim.class,
            position: chunk::FIRST,
            time_low: begin,
        };
        if !self.place.compare_exchange(word, place.pack()) {
            slot.unclaim(owner, claim);
            return false;
        }
        self.time.store(begin);
        self.ramp.store(u64::from(claim.class) + 1);
        word != 0 && slot.hand_over(owner, old.unit)
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}
