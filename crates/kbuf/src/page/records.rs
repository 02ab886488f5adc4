//! The records of a page, one after the other, with their times.
//!
//! ```text
//!   31            5 4       0
//!   | time delta    | kind  |   kind  1..=28  data of kind × 4 bytes
//!   | array[0]              |         0       data of array[0] - 4 bytes
//!   | …                     |         29      padding: the rest of the page (delta 0),
//!                                             or array[0] bytes of a discarded record
//!                                     30      the clock moves by array[0] << 27 | delta
//!                                     31      the clock is array[0] << 27 | delta (59 bits)
//! ```

use super::{Cursor, RecordError, u32_at};

const KIND_LONG: u32 = 0;
const KIND_PADDING: u32 = 29;
const KIND_TIME_EXTEND: u32 = 30;
const KIND_TIME_STAMP: u32 = 31;
const DELTA_BITS: u32 = 27;
/// An absolute stamp has 59 bits; the five above come from the clock so far.
const STAMP_BITS: u32 = 59;

/// A data record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// When.
    pub at: u64,
    /// Offset of its header from the page's first record.
    pub offset: usize,
    /// What the tracepoint wrote, the common fields first; padded to four bytes.
    pub data: &'a [u8],
}

/// The data records of a page, in order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    data: &'a [u8],
    cursor: Cursor,
    steps_back: u64,
}

impl<'a> Records<'a> {
    /// The records behind a cursor that an earlier walk over the same page left.
    pub const fn new(data: &'a [u8], cursor: Cursor) -> Self {
        Self {
            data,
            cursor,
            steps_back: 0,
        }
    }

    /// Where the walk is.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// How many absolute stamps lay before the record ahead of them and were moved up to it:
    /// a clock that the machine's sleep has reset does that.
    pub const fn steps_back(&self) -> u64 {
        self.steps_back
    }

    fn fail(&mut self, error: RecordError) -> Option<Result<Record<'a>, RecordError>> {
        self.data = &self.data[..self.cursor.offset];
        Some(Err(error))
    }

    fn stamp(&mut self, claimed: u64) {
        let at = widen_stamp(claimed, self.cursor.clock);
        if at < self.cursor.clock {
            self.steps_back += 1;
        } else {
            self.cursor.clock = at;
        }
    }
}

/// The full clock from an absolute stamp's 59 bits, as the kernel's own reader does it.
fn widen_stamp(stamp: u64, clock: u64) -> u64 {
    let high = clock >> STAMP_BITS << STAMP_BITS;
    if high == 0 || (stamp | high) >= clock {
        return stamp | high;
    }
    (stamp | high).saturating_add(1 << STAMP_BITS)
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.cursor.offset;
            let left = self.data.len().saturating_sub(at);
            if left < 8 {
                if left == 0 || is_end(self.data, at) {
                    return None;
                }
                // The smallest record is its header and four bytes.
                return self.fail(RecordError::Header { at, left });
            }
            let word = u32_at(self.data, at);
            let (kind, delta) = (word & 31, u64::from(word >> 5));
            let second = u64::from(u32_at(self.data, at + 4));
            let (head, size) = match kind {
                KIND_LONG => (8, 4 + second),
                KIND_PADDING if delta == 0 => return None,
                KIND_PADDING => (4, 4 + second),
                KIND_TIME_EXTEND | KIND_TIME_STAMP => (8, 8),
                words => (4, 4 + 4 * u64::from(words)),
            };
            let whole = size.next_multiple_of(4);
            if whole > left as u64 || size < head {
                return self.fail(RecordError::Length {
                    at,
                    claimed: size,
                    left,
                });
            }
            self.cursor.offset = at + whole as usize;
            match kind {
                KIND_TIME_STAMP => self.stamp(second << DELTA_BITS | delta),
                KIND_TIME_EXTEND => {
                    let by = second << DELTA_BITS | delta;
                    self.cursor.clock = self.cursor.clock.saturating_add(by);
                }
                // The kernel turns a zero delta of a discarded record into 1: that 1 is no time.
                KIND_PADDING if delta == 1 => {}
                KIND_PADDING => self.cursor.clock = self.cursor.clock.saturating_add(delta),
                _ => {
                    self.cursor.clock = self.cursor.clock.saturating_add(delta);
                    let data = &self.data[at + head as usize..at + size as usize];
                    return Some(Ok(Record {
                        at: self.cursor.clock,
                        offset: at,
                        data,
                    }));
                }
            }
        }
    }
}

/// Whether the last four bytes are the padding that ends a page.
fn is_end(data: &[u8], at: usize) -> bool {
    data.len() - at >= 4 && u32_at(data, at) == KIND_PADDING
}
