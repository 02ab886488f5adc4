//! A stream file that is a valid stream at every instant.
//!
//! ```text
//!   | packet | packet | open packet: empty, covers the rest of the file          |   at rest
//!   | packet | packet | open packet                         | blank | blank | …  |   grow: one write
//!   | packet | packet | open packet                                              |   8 bytes: its size
//!   | packet | packet | open packet:   [ body ][ next header ]                   |   body, still padding
//!   | packet | packet | packet                | open packet                      |   one header: real
//!   | packet | packet | packet |                                                 |   close: cut away
//! ```
//!
//! The process may be killed before, after, or, at a page boundary, inside of each write. Blank
//! pages are valid packets one by one. What is written into the open packet is padding to a reader
//! until the packet's header is replaced, by one write inside one page, which the kernel does not
//! cut. So each packet is there whole or not at all, and there is nothing to repair.
//!
//! Invariant: an open packet of at least one page ends the file, of at least two as long as the
//! file has no packet. Overwriting it needs no new room, so that the count of discarded events
//! reaches even a full disk.

mod commit;
mod discard;
mod grow;

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use thalweg_ctf::write::PacketHeader;
use thalweg_model::Timestamp;

use super::SinkError;
use super::blank::BlankPages;
use super::disk::{Disk, write_all};
use super::walk::Tail;

/// What a packet is, beside its records.
#[derive(Clone, Copy, Debug)]
pub struct PacketHead<'a> {
    /// When it begins: not before the stream's last packet ended, not after its first event.
    pub begin: Timestamp,
    /// When it ends: not before its last event.
    pub end: Timestamp,
    /// Events of this stream that were discarded so far, those that would be in this packet
    /// included.
    pub discarded_total: u64,
    /// The encoded packet context behind LTTng's fixed fields.
    pub context: &'a [u8],
}

/// A file, and where in it what is.
pub(super) struct StreamFile<F> {
    file: F,
    path: PathBuf,
    /// The open packet's header; its `packet_bytes` is what the disk says.
    open: PacketHeader,
    context: Vec<u8>,
    open_at: u64,
    len: u64,
    last_end: Timestamp,
    /// What the last real packet says of discarded events.
    told: u64,
}

impl<F> StreamFile<F> {
    /// A stream without a packet in an empty file; `reserve` makes it valid.
    pub(super) fn new(file: F, path: PathBuf, open: PacketHeader, context: &[u8]) -> Self {
        let last_end = open.end;
        Self {
            file,
            path,
            open,
            context: context.to_vec(),
            open_at: 0,
            len: 0,
            last_end,
            told: 0,
        }
    }

    /// A stream as a walk over its file found it.
    pub(super) fn found(file: F, path: PathBuf, found: Tail) -> Self {
        let Tail {
            open,
            context,
            open_at,
            len,
            last_end,
            told,
        } = found;
        Self {
            file,
            path,
            open,
            context,
            open_at,
            len,
            last_end,
            told,
        }
    }

    /// Cuts away what a walk found behind the last packet.
    pub(super) fn cut_tail<D: Disk<File = F>>(&self, disk: &D) -> Result<(), SinkError> {
        disk.truncate(&self.file, self.len)
            .map_err(|e| SinkError::io("cut", &self.path, e))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last packet's context, or the one that the stream began with.
    pub(super) fn context(&self) -> &[u8] {
        &self.context
    }

    pub(super) fn last_end(&self) -> Timestamp {
        self.last_end
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.open.sequence
    }

    pub(super) fn discarded(&self) -> u64 {
        self.open.discarded
    }

    /// Bytes of real packets.
    pub(super) fn committed_bytes(&self) -> u64 {
        self.open_at
    }

    fn header_len(&self) -> u64 {
        (PacketHeader::LEN + self.context.len()) as u64
    }

    fn room(&self) -> u64 {
        self.len - self.open_at
    }
}

/// Where a write goes: the disk, and blank pages to grow by.
pub(super) struct Target<'a, D> {
    pub(super) disk: &'a D,
    pub(super) blank: &'a mut BlankPages,
}

impl<F> StreamFile<F> {
    /// One write inside one page: it happens or it does not.
    fn write_header<D: Disk<File = F>>(
        &self,
        disk: &D,
        header: &PacketHeader,
        context: &[u8],
    ) -> Result<(), SinkError> {
        let bytes = [&header.encode()[..], context].concat();
        self.write(disk, &mut [IoSlice::new(&bytes)], self.open_at)
    }

    fn write<D: Disk<File = F>>(
        &self,
        disk: &D,
        parts: &mut [IoSlice<'_>],
        at: u64,
    ) -> Result<(), SinkError> {
        write_all(disk, &self.file, parts, at).map_err(|(_, error)| self.error(error))
    }

    fn error(&self, error: io::Error) -> SinkError {
        SinkError::io("write", &self.path, error)
    }
}
