//! The collector's way through a chunk: record by record, believing nothing.
//!
//! ```text
//!   | begin … | COMMITTED | TORN    | PENDING             | COMMITTED | 0
//!               a record    counted   wait, or pass it by               the end, so far
//! ```
//!
//! Each word of a record is loaded once into the caller's own memory; what is checked is what is
//! used, whatever the program does to the original meanwhile.

use crate::prefetch;
use crate::slot::{Slot, UNIT_WORDS};
use crate::sync::{Acquire, AtomicU64, Relaxed};
use thalweg_abi::chunk;
use thalweg_abi::record::{COMMITTED, Mark, PENDING};

/// A record, copied out of the chunk; its site and payload are claims still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// The site's index: a claim.
    pub site: u16,
    /// When: after the previous record, and not in the future.
    pub time: u64,
    /// The cpu and the payload, with up to 7 bytes behind: a claim.
    pub body: &'b [u64],
}

/// How far ahead of a record the memory is asked for: the program's processor had it last.
pub(crate) const AHEAD_BYTES: usize = 1024;

/// A record that a walk has found, and where its body is; its site is a claim still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The site's index: a claim.
    pub site: u16,
    /// When: after the previous record, and not in the future.
    pub time: u64,
    /// Words of its body: the cpu and the payload, with up to 7 bytes behind.
    pub words: usize,
    at: usize,
}

/// Why a walk stopped where it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No more records are there.
    End,
    /// The next record is under way.
    Pending,
    /// The next word is not a record, or its time is impossible.
    Violation,
    /// The caller had enough.
    Caller,
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Complete records that count.
    pub committed: u64,
    /// Records that are torn, or under way.
    pub unfinished: u64,
}

/// A walk through one chunk.
#[derive(Debug)]
pub struct Walk<'m> {
    slot: Slot<'m>,
    base: usize,
    end: usize,
    position: usize,
    time: u64,
    torn: u64,
    owner_gone: bool,
}

impl<'m> Walk<'m> {
    /// A walk through the chunk of `class` at `unit`, from its first record. Where the tables hold
    /// no such chunk it has no records.
    ///
    /// `owner_gone`: nobody will complete a pending record any more, so it is torn.
    pub fn new(slot: Slot<'m>, unit: usize, class: u8, owner_gone: bool) -> Self {
        let end = slot.words_of(unit, class);
        let base = if end == 0 { 0 } else { unit * UNIT_WORDS };
        Self {
            slot,
            base,
            end,
            position: chunk::FIRST,
            time: 0,
            torn: 0,
            owner_gone,
        }
    }

    /// Goes on from where an earlier walk was.
    #[must_use]
    pub fn resume(mut self, position: usize, time: u64) -> Self {
        self.position = position.min(self.end).max(chunk::FIRST);
        self.time = time;
        self
    }

    /// Where the walk is, in words from the chunk's begin.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The time of the last record; before the first one, 0 or what `resume` was given.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The chunk's words.
    pub(crate) fn words(&self) -> &'m [AtomicU64] {
        self.slot.range(self.base, self.end)
    }

    /// Goes on elsewhere in the chunk.
    pub(crate) fn go_to(&mut self, position: usize, time: u64) {
        self.position = position;
        self.time = time;
    }

    /// How many torn records were passed.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// The next record with a time up to `not_after`, copied to `scratch`, or why there is none.
    ///
    /// The walk stays before a record that it cannot return, so that it can be asked again. A
    /// record that is longer than `scratch` is a violation; no record is longer than its chunk.
    #[inline]
    pub fn next<'b>(&mut self, not_after: u64, scratch: &'b mut [u64]) -> Result<Record<'b>, Stop> {
        let found = self.find(not_after, scratch.len())?;
        let body = &mut scratch[..found.words];
        for (to, word) in body.iter_mut().zip(self.body(&found)) {
            *to = word;
        }
        Ok(Record {
            site: found.site,
            time: found.time,
            body,
        })
    }

    /// The same, without its body: of at most `most` words.
    #[inline]
    pub fn find(&mut self, not_after: u64, most: usize) -> Result<Found, Stop> {
        loop {
            let (mark, time) = self.peek(not_after)?;
            let words = usize::from(mark.words);
            match mark.state {
                COMMITTED => {
                    let head = 1 + usize::from(mark.extended);
                    if words - head > most {
                        return Err(Stop::Violation);
                    }
                    let at = self.base + self.position + head;
                    // Written to as well, when the chunk is cleared.
                    prefetch::will_write::<AHEAD_BYTES>(self.slot.chunks(), at);
                    self.position += words;
                    self.time = time;
                    return Ok(Found {
                        site: mark.site,
                        time,
                        at,
                        words: words - head,
                    });
                }
                PENDING if !self.owner_gone => return Err(Stop::Pending),
                _ => self.pass(words, time),
            }
        }
    }

    /// The words of a record that this walk found. To be read once: the program may change them.
    #[inline]
    pub fn body(&self, found: &Found) -> impl ExactSizeIterator<Item = u64> + use<'m> {
        let words = self.slot.range(found.at, found.words);
        words.iter().map(|word| word.load(Relaxed))
    }

    /// Passes the pending record by at which the walk stopped, as torn: for a record that nobody
    /// completes although its thread goes on, because a jump left its frame and no later event of
    /// the thread can tell. Whether there was one.
    ///
    /// Should it be completed after all, it has been counted once, as torn. The chunk must not be
    /// freed while [`is_pending`] says so of the record's position.
    pub fn pass_pending(&mut self, not_after: u64) -> bool {
        match self.peek(not_after) {
            Ok((mark, time)) if mark.state == PENDING => {
                self.pass(usize::from(mark.words), time);
                true
            }
            _ => false,
        }
    }

    /// Counts the records from here on that are not before `from` and end behind the position
    /// `consumed`, and those that are not complete.
    pub(crate) fn tally(mut self, from: u64, consumed: u64) -> Tally {
        let mut tally = Tally::default();
        while let Ok((mark, time)) = self.peek(u64::MAX) {
            self.position += usize::from(mark.words);
            self.time = time;
            if mark.state != COMMITTED {
                tally.unfinished += 1;
            } else if time >= from && self.position as u64 > consumed {
                tally.committed += 1;
            }
        }
        tally
    }

    /// The position behind the last record, and its time.
    pub(crate) fn end(mut self) -> (usize, u64) {
        while let Ok((mark, time)) = self.peek(u64::MAX) {
            self.position += usize::from(mark.words);
            self.time = time;
        }
        (self.position, self.time)
    }

    fn pass(&mut self, words: usize, time: u64) {
        self.torn += 1;
        self.position += words;
        self.time = time;
    }

    /// The mark at the walk's place and its time, both checked.
    #[inline]
    fn peek(&self, not_after: u64) -> Result<(Mark, u64), Stop> {
        if self.position >= self.end {
            return Err(Stop::End);
        }
        let at = self.base + self.position;
        // ORDER(publish): Acquire, pairs with the Release store in `Cursor::emit`.
        let mark = Mark::unpack(self.slot.word(at).load(Acquire));
        if mark.state == 0 {
            let stray = mark.pack() != 0;
            return Err(if stray { Stop::Violation } else { Stop::End });
        }
        let words = usize::from(mark.words);
        let least = Mark::words_for(0, mark.extended);
        if words < least || words > self.end - self.position {
            return Err(Stop::Violation);
        }
        let previous = self.previous();
        let time = self.time_of(mark, at, previous);
        let possible = (previous..=not_after).contains(&time);
        match mark.state {
            COMMITTED if !possible => Err(Stop::Violation),
            _ if !possible => Ok((mark, previous)),
            _ => Ok((mark, time)),
        }
    }

    /// The time from which the next record's counts. The chunk's begin is read only now that its
    /// first mark was seen: before, it may not have been written yet.
    #[inline]
    fn previous(&self) -> u64 {
        if self.position == chunk::FIRST {
            // ORDER(publish): ordered by the Acquire load of the first mark.
            self.slot.word(self.base + chunk::BEGIN).load(Relaxed)
        } else {
            self.time
        }
    }

    /// The time of the record at `at`.
    #[inline]
    fn time_of(&self, mark: Mark, at: usize, previous: u64) -> u64 {
        if !mark.extended {
            return after(previous, mark.time_low);
        }
        let whole = self.slot.word(at + 1).load(Relaxed);
        // A torn record need not have come to its whole time; then none is behind it either.
        if whole == 0 && mark.state != COMMITTED {
            return after(previous, mark.time_low);
        }
        whole
    }
}

/// Whether the record at `position` of the chunk at `unit` is under way still.
pub fn is_pending(slot: &Slot<'_>, unit: usize, class: u8, position: usize) -> bool {
    position < slot.words_of(unit, class)
        && Mark::unpack(slot.word(unit * UNIT_WORDS + position).load(Acquire)).state == PENDING
}

/// The first time from `previous` on that ends in these 32 bits.
#[inline(always)]
pub(crate) fn after(previous: u64, low: u32) -> u64 {
    let same = (previous & !0xffff_ffff) | u64::from(low);
    if same < previous {
        same.saturating_add(1 << 32)
    } else {
        same
    }
}
