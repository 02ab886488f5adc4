//! A thread's place in a slot: reserve, fill, commit.
//!
//! Reserving is: load the place, read the clock, publish the new place with one compare-and-swap
//! that only signal handlers of this thread can make fail. So the order of records is the order of
//! their times, always; and the chunk is changed by the same one instruction.

use crate::claim::Owner;
use crate::leave::Leaving;
use crate::local::LocalWord;
use crate::nest::{Entry, Nest};
use crate::payload::Payload;
use crate::place::Place;
use crate::slot::Slot;
use crate::sync::{Relaxed, Release, handler_fence};
use thalweg_abi::record::{COMMITTED, CPU_LEN, EXTENDED_FROM, Mark, PENDING};
use thalweg_abi::slot;

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
    Full {
        /// Whether the collector sleeps and wants to be woken.
        wake: bool,
    },
    /// No chunk can hold it.
    TooLarge,
    /// Too many handlers were nested.
    TooDeep,
}

/// A thread's place in one slot. Only the thread and its signal handlers use it.
#[derive(Debug)]
pub struct Cursor {
    pub(crate) place: LocalWord,
    /// A time at or before the last record's, whole.
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
    mark: Mark,
    time: u64,
}

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
        let Some(entry) = self.nest.enter(slot, event.stack, &self.place) else {
            slot.control(slot::REFUSED_NESTED).fetch_add(1, Relaxed);
            return Err(Refused::TooDeep);
        };
        let mut wake = false;
        let room = match self.reserve(slot, owner, event, &clock, entry, &mut wake) {
            Ok(room) => room,
            Err(refused) => {
                self.nest.leave(entry);
                return Err(refused);
            }
        };
        write(slot, entry, &room, event.payload_len, cpu, fill);
        self.nest.leave(entry);
        Ok(wake)
    }

    #[inline(always)]
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
            let place = Place::unpack(word);
            let last = place.time(self.time.load());
            let time = clock().max(last + 1);
            let extended = time - last >= EXTENDED_FROM;
            let words = Mark::words_for(event.payload_len, extended);
            if words > place.left {
                *wake = self.change_chunk(slot, owner, word, words, clock, *wake)?;
                continue;
            }
            let mark = Mark {
                state: PENDING,
                words: words as u16,
                site: event.site,
                extended,
                time_low: time as u32,
            };
            let at = place.at();
            entry.about_to_reserve(at, mark.pack(), time);
            let next = place.behind(words, time).pack();
            if self.place.compare_exchange(word, next) {
                // A handler in between leaves a later time here, and this an earlier one again:
                // too early a time only makes a record carry its whole time without need.
                self.time.store(time);
                return Ok(Room { at, mark, time });
            }
            entry.did_not_reserve();
        }
    }
}

/// Writes a record into its room: as pending, then complete.
#[inline(always)]
fn write(
    slot: &Slot<'_>,
    entry: Entry<'_>,
    room: &Room,
    payload_len: usize,
    cpu: impl FnOnce() -> u32,
    fill: impl FnOnce(&mut Payload<'_>),
) {
    let record = slot.words(room.at, usize::from(room.mark.words));
    record[0].store(room.mark.pack(), Relaxed);
    handler_fence();
    let head = 1 + usize::from(room.mark.extended);
    if room.mark.extended {
        record[1].store(room.time, Relaxed);
    }
    let mut payload = Payload::new(&record[head..], CPU_LEN + payload_len);
    payload.put(&cpu().to_le_bytes());
    fill(&mut payload);
    let committed = Mark {
        state: COMMITTED,
        ..room.mark
    }
    .pack();
    entry.about_to_commit(committed);
    // ORDER(publish): Release, pairs with the Acquire load of the mark in `Walk::peek`.
    record[0].store(committed, Release);
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}
