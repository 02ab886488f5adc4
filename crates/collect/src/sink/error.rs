//! What may go wrong while a trace is written.

use std::io;
use std::path::{Path, PathBuf};

use thalweg_ctf::write::TsdlError;
use thalweg_model::Timestamp;

/// Why a step of writing a trace was refused. The writer stays usable after each of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// There is a trace in the folder.
    #[error("make a trace in {dir}: there is one already", dir = .0.display())]
    Exists(PathBuf),
    /// There is no trace of ours in the folder.
    #[error("take up the trace in {dir}: {why}", dir = .dir.display())]
    NotOurs {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The disk has no room, or the user's quota is used up.
    #[error("write {path}: no space left", path = .path.display())]
    Full {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A stream file must be a plain, visible name beside `metadata`.
    #[error("open stream {0:?}: not a name for a stream file")]
    BadFileName(String),
    /// A class that the metadata cannot say.
    #[error("declare {name:?}: {source}")]
    Declaration {
        /// What was declared.
        name: String,
        /// Why it cannot be.
        source: TsdlError,
    },
    /// The metadata would become longer than a reader should be asked to parse.
    #[error("declare {name:?}: the metadata would exceed {limit} bytes")]
    MetadataTooLong {
        /// What was declared.
        name: String,
        /// The limit.
        limit: usize,
    },
    /// The id does not come from this writer.
    #[error("find the stream or stream class: its id is of another trace")]
    UnknownId,
    /// The packet context is not as long as its stream class says.
    #[error("write a packet: its context has {given} bytes and not {declared}")]
    ContextLength {
        /// Bytes given.
        given: usize,
        /// Bytes declared.
        declared: usize,
    },
    /// The packet begins before the stream's last one ended, or ends before it begins.
    #[error("write a packet from {} to {}: the stream is at {}", .begin.0, .end.0, .last_end.0)]
    OutOfOrder {
        /// Where it begins.
        begin: Timestamp,
        /// Where it ends.
        end: Timestamp,
        /// Where the stream's last packet ended.
        last_end: Timestamp,
    },
}

impl SinkError {
    /// An input/output error, told apart from a full disk.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }

    /// Whether the disk or the quota is full: later packets may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}
