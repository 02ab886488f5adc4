//! Why a packet cannot be decoded, and where.

/// Why decoding stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The window ends before the packet does: give a larger or a later one.
    NeedMore,
    /// The packet is broken. In a box, because results that hold a `Halt` are made for each field.
    Broken(Box<DecodeError>),
}

impl From<DecodeError> for Halt {
    fn from(error: DecodeError) -> Self {
        Self::Broken(Box::new(error))
    }
}

/// What is wrong with a packet; `at_bits` counts from its first bit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum DecodeError {
    #[error(
        "content ends at bit {end_bits}, {missing_bits} bits before the end of the field at bit {at_bits}"
    )]
    Truncated {
        at_bits: u64,
        end_bits: u64,
        missing_bits: u64,
    },
    #[error("magic number {found:#010x} is not 0xc1fc1fc1")]
    Magic { found: u64 },
    #[error("{} is not in the metadata", shown("stream", *.0))]
    UnknownStream(Option<u64>),
    #[error("{} at bit {at_bits} is not in the metadata of stream {stream_id}", shown("event", *.id))]
    UnknownEvent {
        id: Option<u64>,
        stream_id: u64,
        at_bits: u64,
    },
    #[error("event at bit {at_bits} takes no room")]
    EmptyEvent { at_bits: u64 },
    #[error("packet of {packet_bits} bits cannot hold a head of {head_bits} bits in whole bytes")]
    PacketSize { packet_bits: u64, head_bits: u64 },
    #[error(
        "content of {content_bits} bits does not fit between a head of {head_bits} bits and a packet of {packet_bits}"
    )]
    ContentSize {
        content_bits: u64,
        head_bits: u64,
        packet_bits: u64,
    },
    #[error("packet claims {claimed_bits} bits, and {available_bits} are there")]
    BeyondFile {
        claimed_bits: u64,
        available_bits: u64,
    },
    #[error("{claimed} elements at bit {at_bits} cannot be in the {left_bits} bits that are left")]
    LengthBeyondContent {
        at_bits: u64,
        claimed: u64,
        left_bits: u64,
    },
    #[error("event has more than {0} values")]
    TooManyValues(usize),
    #[error("tag {tag} at bit {at_bits} chooses no option")]
    NoOption { at_bits: u64, tag: i128 },
    #[error("byte order changes inside a byte at bit {at_bits}")]
    ByteOrderInsideByte { at_bits: u64 },
}

/// `event 7`, or what a packet without an id can be blamed for.
fn shown(what: &str, id: Option<u64>) -> String {
    id.map_or_else(
        || format!("{what} without an id, one of several,"),
        |id| format!("{what} {id}"),
    )
}
