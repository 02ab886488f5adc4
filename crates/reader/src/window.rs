//! The part of a file that is in memory.
//!
//! ```text
//!   file     |···|  packet  |  packet  |  packet  |···|
//!   window           |▒▒▒▒▒▒▒▒▒▒▒▒▒▒|                      slides; grows only for one huge event
//! ```

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use thalweg_ctf::read;

use crate::error::{Error, Kind};

/// How much memory the windows of all streams have together.
pub const WINDOW_BUDGET_BYTES: usize = 64 << 20;
/// A window is not smaller than this, so that a read is worth its cost.
const LEAST_BYTES: usize = 32 << 10;
/// A window is not larger than this, except for a huge event.
const MOST_BYTES: usize = 512 << 10;
/// An event that needs more is refused.
const LIMIT_BYTES: usize = 256 << 20;

/// A file's name and size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'p> {
    pub(crate) path: &'p Path,
    pub(crate) size_bytes: u64,
}

/// Bytes of one file.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    begin: u64,
    usual_bytes: usize,
}

impl Window {
    /// A window for one of `streams` streams.
    pub(crate) fn new(streams: usize) -> Self {
        let usual_bytes = (WINDOW_BUDGET_BYTES / streams.max(1)).clamp(LEAST_BYTES, MOST_BYTES);
        Self {
            bytes: Vec::new(),
            begin: 0,
            usual_bytes,
        }
    }

    /// Forgets the bytes, because another file comes.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.begin = 0;
    }

    /// The bytes from a packet's begin on, or from the window's if that is later.
    pub(crate) fn of_packet(&self, packet_at: u64) -> read::Window<'_> {
        let skip = usize::try_from(packet_at.saturating_sub(self.begin)).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(skip..).unwrap_or_default();
        read::Window {
            bytes,
            begin_bytes: self.begin.saturating_sub(packet_at),
        }
    }

    /// Moves to `from`; grows if it is there already and showed too little.
    pub(crate) fn slide(&mut self, source: Source<'_>, from: u64) -> Result<(), Error> {
        let grows = !self.bytes.is_empty() && self.begin == from;
        let wanted = if grows {
            self.bytes.len().saturating_mul(2)
        } else {
            self.usual_bytes
        };
        let left = usize::try_from(source.size_bytes.saturating_sub(from)).unwrap_or(usize::MAX);
        let size = wanted.min(left);
        if (grows && size <= self.bytes.len()) || size == 0 {
            return Err(Error::new(source.path, Kind::Shrunk { at_bytes: from }));
        }
        if size > LIMIT_BYTES {
            let kind = Kind::EventTooLarge {
                at_bytes: from,
                limit_bytes: LIMIT_BYTES,
            };
            return Err(Error::new(source.path, kind));
        }
        self.load(source, from, size)
            .map_err(|error| Error::new(source.path, error))
    }

    fn load(&mut self, source: Source<'_>, from: u64, size: usize) -> io::Result<()> {
        if size <= self.usual_bytes && self.bytes.capacity() > 4 * self.usual_bytes {
            self.bytes = Vec::new();
        }
        self.bytes.resize(size, 0);
        self.begin = from;
        let read = File::open(source.path)?.read_exact_at(&mut self.bytes, from);
        if read.is_err() {
            self.bytes.clear();
        }
        read
    }
}
