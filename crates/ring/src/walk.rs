//! The collector's way through a chunk: record by record, believing nothing.
//!
//! Each word of a record is loaded once into the caller's own memory; what is checked is what is
//! used, whatever the program does to the original meanwhile.

use crate::slot::{Slot, UNIT_WORDS, chunk_words};
use crate::sync::{Acquire, Relaxed};
use thalweg_abi::chunk;
use thalweg_abi::record::{COMMITTED, Mark, PENDING, TORN};

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
    /// A walk through the chunk of `class` at `unit`, from its first record.
    ///
    /// `owner_gone`: nobody will complete a pending record any more, so it is torn.
    pub fn new(slot: Slot<'m>, unit: usize, class: u8, owner_gone: bool) -> Self {
        let base = unit * UNIT_WORDS;
        // ORDER(open): Acquire, pairs with the Release store in `open_chunk`.
        let _ = slot.word(base + chunk::LOST).load(Acquire);
        let time = slot.word(base + chunk::BEGIN).load(Relaxed);
        let end = chunk_words(class);
        Self {
            slot,
            base,
            end,
            position: chunk::FIRST,
            time,
            torn: 0,
            owner_gone,
        }
    }

    /// Goes on from where an earlier walk was.
    #[must_use]
    pub fn resume(mut self, position: usize, time: u64) -> Self {
        self.position = position.clamp(chunk::FIRST, self.end);
        self.time = time;
        self
    }

    /// Where the walk is, in words from the chunk's begin.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The time of the last record, or the one that the chunk begins with.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// How many torn records were passed.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// The next record with a time up to `not_after`, copied to `scratch`, or why there is none.
    ///
    /// The walk stays before a record that it cannot return, so that it can be asked again.
    #[inline]
    pub fn next<'b>(&mut self, not_after: u64, scratch: &'b mut [u64]) -> Result<Record<'b>, Stop> {
        loop {
            let (mark, time) = self.peek(not_after)?;
            let words = usize::from(mark.words);
            match mark.state {
                COMMITTED => {
                    let head = 1 + usize::from(mark.extended);
                    let from = self.base + self.position + head;
                    let body = &mut scratch[..words - head];
                    for (to, at) in body.iter_mut().zip(from..) {
                        *to = self.slot.word(at).load(Relaxed);
                    }
                    self.position += words;
                    self.time = time;
                    return Ok(Record {
                        site: mark.site,
                        time,
                        body,
                    });
                }
                PENDING if !self.owner_gone => return Err(Stop::Pending),
                PENDING | TORN => {
                    self.torn += 1;
                    self.position += words;
                    self.time = self.time.max(time.min(not_after));
                }
                _ => return Err(Stop::Violation),
            }
        }
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
        let whole = if mark.extended {
            self.slot.word(at + 1).load(Relaxed)
        } else {
            0
        };
        // A record that never got its payload need not have its whole time either.
        let unwritten = whole == 0 && mark.state != COMMITTED;
        let time = if mark.extended && !unwritten {
            whole
        } else {
            self.after(mark)
        };
        if time < self.time || time > not_after {
            let committed = mark.state == COMMITTED;
            return if committed {
                Err(Stop::Violation)
            } else {
                Ok((mark, self.time))
            };
        }
        Ok((mark, time))
    }

    /// The first time after the last record's that ends in the mark's 32 bits.
    fn after(&self, mark: Mark) -> u64 {
        let same = (self.time & !0xffff_ffff) | u64::from(mark.time_low);
        if same < self.time {
            same.saturating_add(1 << 32)
        } else {
            same
        }
    }
}
