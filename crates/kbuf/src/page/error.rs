//! Why a page, or a record in it, cannot be read.

/// A page whose header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// Fewer bytes than a header.
    #[error("a page of {len} bytes has no header of {need}")]
    NoHeader {
        /// Bytes there are.
        len: usize,
        /// Bytes of a header.
        need: usize,
    },
    /// The commit word claims more than the page holds.
    #[error("a page claims {claimed} committed bytes and has room for {room}")]
    CommitBeyondPage {
        /// What it claims.
        claimed: usize,
        /// What it can hold.
        room: usize,
    },
}

/// Where the records of a page stop making sense: what follows cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A record's header is cut off by the end of the committed bytes.
    #[error("byte {at}: {left} bytes are left, too few for a record's header")]
    Header {
        /// Offset from the page's first record.
        at: usize,
        /// Bytes left.
        left: usize,
    },
    /// A record claims to end beyond the committed bytes.
    #[error("byte {at}: a record of {claimed} bytes does not fit the {left} that are left")]
    Length {
        /// Offset from the page's first record.
        at: usize,
        /// The record's size as claimed.
        claimed: u64,
        /// Bytes left.
        left: usize,
    },
}

impl RecordError {
    /// Where it is, from the page's first record.
    pub const fn at(&self) -> usize {
        match *self {
            Self::Header { at, .. } | Self::Length { at, .. } => at,
        }
    }
}
