//! Why a recording could not begin or go on.

use std::io;
use std::path::PathBuf;

use crate::rule::RuleError;

/// Messages finish the sentence "failed to …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The output folder is there already.
    #[error("create {}: it exists already; choose another folder with -o, or remove it", .0.display())]
    OutputExists(PathBuf),
    /// The output folder cannot be made.
    #[error("create {}: {source}", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The output folder's name cannot be told to those who recover it: it stands in a line of text.
    #[error(
        "create {path:?}: the path of a trace is UTF-8 without a line break; choose another with -o"
    )]
    OutputName {
        /// The folder.
        path: PathBuf,
    },
    /// The trace cannot be written from the beginning.
    #[error("{0}")]
    Trace(String),
    /// The rules cannot be told to programs.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The kernel's events cannot be changed.
    #[error("{0}")]
    Kernel(String),
    /// A snapshot was not written, or not whole.
    #[error("write the snapshot {}: {why}", path.display())]
    Snapshot {
        /// Its folder.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A trace that is to be recovered cannot be read.
    #[error("recover {}: {why}", path.display())]
    Recover {
        /// The trace.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl Error {
    /// The error of making a folder.
    pub(crate) fn output(path: PathBuf, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AlreadyExists => Self::OutputExists(path),
            _ => Self::Output { path, source },
        }
    }
}
