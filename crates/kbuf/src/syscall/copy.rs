//! What the program in the kernel copies for an event.
//!
//! ```text
//!   0      1          2                 3   4            8
//!   | kind | argument | length argument | - | most bytes |     as the program reads it
//! ```

/// What lies behind an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CopyKind {
    /// Text up to its NUL.
    Text = 1,
    /// So many bytes.
    Bytes = 2,
    /// As many bytes as another argument says.
    CountedBytes = 3,
    /// As many bytes as the number behind another argument says.
    PointedBytes = 4,
    /// Pointers to texts, up to a null one.
    Strings = 5,
}

/// A copy of what an argument points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What lies there.
    pub kind: CopyKind,
    /// Which argument points there.
    pub argument: u8,
    /// Which argument tells how much it is, where one does.
    pub length_argument: u8,
    /// At most so many bytes are copied; texts have a limit of their own.
    pub limit: u32,
}

impl Copy {
    /// An event has at most so many copies.
    pub const MOST: usize = 4;
    /// A text is cut behind so many bytes, its NUL included: more than any path has.
    pub const TEXT_BYTES: u32 = 4104;
    /// Bytes that are no text are never more than these: the longest address of a socket has them.
    pub const PLAIN_BYTES: u32 = 128;
    /// So many strings of an array are copied at most.
    pub const STRINGS: u32 = 64;
    /// No string of an array is begun behind so many bytes of it.
    pub const STRINGS_BYTES: u32 = 8192;
    /// In the count of an array's strings: there are more, or one is longer.
    pub const CUT_STRINGS: u32 = 1 << 31;
    /// In the count of an array's strings: a pointer or a text could not be read.
    pub const FAULTY_STRINGS: u32 = 1 << 30;
    /// Bytes of the form that the program reads.
    pub const LEN: usize = 8;

    pub(super) fn of(kind: CopyKind, argument: u8) -> Self {
        Self {
            kind,
            argument,
            length_argument: 0,
            limit: Self::PLAIN_BYTES,
        }
    }

    /// The form that the program reads.
    pub fn encode(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.limit.to_le_bytes();
        let (kind, length) = (self.kind as u8, self.length_argument);
        [kind, self.argument, length, 0, a, b, c, d]
    }
}
