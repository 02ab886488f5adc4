//! What the program in the kernel copies for an event.
//!
//! ```text
//!   0      1      2             3      4             6                    7              8
//!   | kind | slot | length      | unit | limit bytes | through + 1, 32 bit | length at    |
//!                   way, slot     u8     u16           u7, u1                u8
//! ```
//!
//! A slot is a number that the call gives: 0 what it returns, 1 to 6 its arguments.

/// A number that a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// What it returns.
    Result,
    /// An argument, counted from zero.
    Argument(u8),
}

impl Slot {
    const fn number(self) -> u8 {
        match self {
            Self::Result => 0,
            Self::Argument(index) => index + 1,
        }
    }
}

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CopyKind {
    /// Text up to its NUL.
    Text = 1,
    /// Bytes.
    Bytes = 2,
    /// Texts that an array of pointers leads to, up to a null one.
    Strings = 3,
    /// What an array of `struct iovec` leads to.
    Gather = 4,
    /// The path of an open descriptor.
    Path = 5,
}

/// How much of it there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As much as the limit.
    Limit,
    /// As many units as the low 32 bits of a slot say.
    Int(Slot),
    /// As many units as a slot says.
    Long(Slot),
    /// As many units as the `int` behind a slot's pointer says.
    Behind(Slot),
    /// As many units as an `int` says that lies so far in the structure.
    IntWithin(u8),
    /// As many units as a `size_t` says that lies so far in the structure.
    LongWithin(u8),
}

impl Length {
    /// As the program reads it.
    const fn encode(self) -> [u8; 2] {
        let (way, slot, at) = match self {
            Self::Limit => (0, 0, 0),
            Self::Int(slot) => (1, slot.number(), 0),
            Self::Long(slot) => (2, slot.number(), 0),
            Self::Behind(slot) => (3, slot.number(), 0),
            Self::IntWithin(at) => (4, 0, at),
            Self::LongWithin(at) => (5, 0, at),
        };
        [way << 4 | slot, at]
    }
}

/// A copy of what a number of the call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What is copied.
    pub kind: CopyKind,
    /// Which number leads there.
    pub slot: Slot,
    /// How many units it is.
    pub length: Length,
    /// Bytes of a unit; 0 for bits.
    pub unit: u8,
    /// At most so many bytes are copied; texts have a limit of their own.
    pub limit: u16,
    /// The pointer lies so far in the structure that the number points at.
    pub through: Option<u8>,
    /// Pointers and lengths in memory have 32 bits.
    pub narrow: bool,
}

impl Copy {
    /// An event has at most so many copies.
    pub const MOST: usize = 4;
    /// A text is cut behind so many bytes, its NUL included: more than any path has.
    pub const TEXT_BYTES: u32 = 4104;
    /// Bytes that are no text are never more than these.
    pub const PLAIN_BYTES: u16 = 4096;
    /// An address of a socket has at most so many bytes.
    pub const ADDRESS_BYTES: u16 = 128;
    /// A list of a call's structures is cut behind so many bytes.
    pub const LIST_BYTES: u16 = 1024;
    /// A set of descriptors has at most so many bytes.
    pub const SET_BYTES: u16 = 128;
    /// So many strings of an array are copied at most.
    pub const STRINGS: u32 = 128;
    /// No string of an array is begun behind so many bytes of it.
    pub const STRINGS_BYTES: u32 = 8192;
    /// So many vectors of an array are followed at most.
    pub const VECTORS: u32 = 16;
    /// A path has at most so many names.
    pub const NAMES: u32 = 40;
    /// No name of a path is begun behind so many bytes of it.
    pub const NAMES_BYTES: u32 = 4096;
    /// In the count of strings, of vectors and of names: there are more, or one is longer.
    pub const CUT: u32 = 1 << 31;
    /// In the same: one could not be read.
    pub const FAULTY: u32 = 1 << 30;
    /// Instead of a length: the pointer in the structure is null.
    pub const NULL: i32 = -2;
    /// Instead of a length: there is no such descriptor (`EBADF`).
    pub const CLOSED: i32 = -9;
    /// Bytes of the form that the program reads.
    pub const LEN: usize = 8;

    pub(super) fn of(kind: CopyKind, slot: Slot) -> Self {
        Self {
            kind,
            slot,
            length: Length::Limit,
            unit: 1,
            limit: Self::PLAIN_BYTES,
            through: None,
            narrow: false,
        }
    }

    /// The form that the program reads.
    pub fn encode(self) -> [u8; Self::LEN] {
        let [length, at] = self.length.encode();
        let [low, high] = self.limit.to_le_bytes();
        let through = self.through.map_or(0, |at| at + 1) | u8::from(self.narrow) << 7;
        let (kind, slot) = (self.kind as u8, self.slot.number());
        [kind, slot, length, self.unit, low, high, through, at]
    }

    /// How many bytes so many units are.
    pub(super) fn bytes_of(self, units: u32) -> u64 {
        match self.unit {
            0 => u64::from(units).div_ceil(8),
            unit => u64::from(units) * u64::from(unit),
        }
    }
}
