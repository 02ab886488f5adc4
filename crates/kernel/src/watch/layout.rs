//! The scratch memory of a CPU: what a program counts, and what it makes of one event.
//!
//! ```text
//!   0            64      72        80                                             (R7 points here)
//!   | counters   | call  | latency | numbers | key | bucket | lengths | texts | zeros
//! ```
//!
//! Invariant: everything lies at a multiple of 8, and within 32 KiB.

/// What a program counts on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// Events that it was run for.
    Seen,
    /// At which another one of ours was at work on this CPU, and had been interrupted.
    Interrupted,
    /// Of which a text or a number was not known.
    Unknown,
    /// That passed, and whose key had no room.
    Lost,
    /// Numbers whose bucket had none.
    LostBuckets,
    /// Ends of calls whose begin it has not seen.
    Unbegun,
    /// Begins of calls that found no room.
    LostBegins,
    /// That the filter let pass.
    Passed,
    /// No count: whether a program is at work on this memory.
    Busy,
}

impl Counter {
    pub(super) const fn at(self) -> i16 {
        8 * self as i16
    }
}

/// The number of the call; those of 32-bit programs are told apart.
pub(super) const NUMBER: i16 = 72;
/// How long it took, in nanoseconds.
pub(super) const LATENCY: i16 = 80;
/// Where the arguments of the aggregates begin.
pub(super) const NUMBERS: i16 = 88;

/// A part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Eight bytes.
    Number,
    /// So many, filled up with zeros.
    Text(i16),
}

impl Part {
    pub(super) const fn bytes(self) -> i16 {
        match self {
            Self::Number => 8,
            Self::Text(bytes) => bytes,
        }
    }
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The parts of the key.
    pub(super) parts: Vec<Part>,
    /// How many numbers the aggregates take.
    pub(super) numbers: i16,
    /// Bytes of a table's value.
    pub(super) value_bytes: i16,
}

impl Layout {
    /// Where the key begins.
    pub(super) const fn key(&self) -> i16 {
        NUMBERS + 8 * self.numbers
    }

    /// Bytes of the key; without parts there is one group, which has a key of zeros.
    pub(super) fn key_bytes(&self) -> i16 {
        self.parts
            .iter()
            .map(|part| part.bytes())
            .sum::<i16>()
            .max(8)
    }

    /// Where a part of the key is.
    pub(super) fn part(&self, index: usize) -> i16 {
        let before = self.parts[..index].iter().map(|part| part.bytes());
        self.key() + before.sum::<i16>()
    }

    /// Where the bucket is: behind the key, so that both together are the key of another table.
    pub(super) fn bucket(&self) -> i16 {
        self.key() + self.key_bytes()
    }

    /// Where zeros are, as many as a value has bytes.
    pub(super) fn zeros(&self) -> i16 {
        self.bucket() + 8
    }

    /// Where texts begin.
    pub(super) fn texts(&self) -> i16 {
        self.zeros() + self.value_bytes
    }
}
