//! Why metadata is refused, and where.

use std::fmt;

/// A place in the metadata text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Metadata that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metadata {at}: {reason}")]
pub struct MetadataError {
    /// Where.
    pub at: Position,
    /// Why.
    pub reason: Reason,
}

/// Why metadata cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum Reason {
    #[error("{size_bytes} bytes are more than the limit of {limit_bytes}")]
    TooLarge {
        size_bytes: usize,
        limit_bytes: usize,
    },
    #[error("metadata packet {index} is damaged: {what}")]
    Envelope { index: usize, what: &'static str },
    #[error("metadata packets are {packets}-endian and the trace is {trace}-endian")]
    ByteOrderMismatch {
        packets: &'static str,
        trace: &'static str,
    },
    #[error("version {0} is not 1.8")]
    Version(String),
    #[error("byte {0:#04x} has no meaning here")]
    StrayByte(u8),
    #[error("{0} is not closed")]
    Unclosed(&'static str),
    #[error("`\\{0}` is not an escape sequence")]
    Escape(char),
    #[error("`{0}` is not an integer of at most 64 bits")]
    Integer(String),
    #[error("expected {expected}, found {found}")]
    Expected {
        expected: &'static str,
        found: String,
    },
    #[error("types nest deeper than {0} levels")]
    TooDeep(usize),
    #[error("the types grow beyond {0} field classes")]
    TooManyClasses(usize),
    #[error("`{0}` is a reserved word")]
    Reserved(String),
    #[error("type `{0}` is not declared")]
    UnknownType(String),
    #[error("{kind} `{name}` is declared twice")]
    Twice { kind: &'static str, name: String },
    #[error("{block} has no `{attribute}`")]
    Missing {
        block: &'static str,
        attribute: &'static str,
    },
    #[error("`{value}` does not fit `{attribute}` of {block}: expected {expected}")]
    Attribute {
        block: &'static str,
        attribute: String,
        value: String,
        expected: &'static str,
    },
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    #[error("an enumeration needs at least one label")]
    EmptyEnum,
    #[error("label `{label}` stands for {value}, which {bits} bits cannot hold")]
    LabelRange {
        label: String,
        value: i128,
        bits: u32,
    },
    #[error("the range of label `{0}` ends before it begins")]
    LabelOrder(String),
    #[error("variant has no tag")]
    NoTag,
    #[error("no option of the variant is a label of its tag `{0}`")]
    NoOption(String),
    #[error("`{path}` in {scope} is not {wanted} that comes before its use")]
    Unresolved {
        path: String,
        scope: String,
        wanted: &'static str,
    },
    #[error("event `{event}` belongs to stream {stream_id}, which is not declared")]
    UnknownStream { event: String, stream_id: u64 },
    #[error("event `{0}` names no stream, and there are several")]
    WhichStream(String),
}

impl Reason {
    /// This reason, at a place.
    pub(super) fn at(self, at: Position) -> MetadataError {
        MetadataError { at, reason: self }
    }
}
