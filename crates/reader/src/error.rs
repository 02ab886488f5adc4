//! Why a trace, or a part of it, cannot be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thalweg_ctf::metadata::MetadataError;
use thalweg_ctf::read::{DecodeError, IndexError};

/// A trace, or a part of it, cannot be read.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Where the packet begins, if a packet is at fault.
    packet_at: Option<u64>,
    kind: Kind,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Metadata(#[from] MetadataError),
    #[error("{0}")]
    Decode(#[from] DecodeError),
    #[error("the index is ignored: {0}")]
    Index(#[from] IndexError),
    #[error("the index is ignored: its packets end elsewhere than the file")]
    IndexSize,
    #[error("the index is ignored: the packet at byte {at_bytes} is another one")]
    IndexPacket { at_bytes: u64 },
    #[error("the filter is too large")]
    FilterTooLarge,
    #[error("no trace found: no folder in it has a file `metadata`")]
    NoTrace,
    #[error("folders nest deeper than {0} levels")]
    TooDeep(usize),
    #[error("event of more than {limit_bytes} bytes at byte {at_bytes}")]
    EventTooLarge { at_bytes: u64, limit_bytes: usize },
    #[error("file ends at byte {at_bytes}, where it had more when it was opened")]
    Shrunk { at_bytes: u64 },
}

impl Error {
    pub(crate) fn new(path: &Path, kind: impl Into<Kind>) -> Self {
        Self(Box::new(Inner {
            path: path.to_owned(),
            packet_at: None,
            kind: kind.into(),
        }))
    }

    pub(crate) fn in_packet(path: &Path, packet_at: u64, kind: impl Into<Kind>) -> Self {
        Self(Box::new(Inner {
            path: path.to_owned(),
            packet_at: Some(packet_at),
            kind: kind.into(),
        }))
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.path.display())?;
        if let Some(at) = self.0.packet_at {
            write!(f, "packet at byte {at}: ")?;
        }
        write!(f, "{}", self.0.kind)
    }
}

// Its text says all that it knows: there is no deeper source to tell.
impl std::error::Error for Error {}
