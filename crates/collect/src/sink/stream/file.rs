//! A stream file: what is where in it, and the two ways to write into it.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use thalweg_ctf::write::PacketHeader;
use thalweg_model::Timestamp;

use crate::sink::SinkError;
use crate::sink::blank::BlankPages;
use crate::sink::disk::{Disk, write_all};
use crate::sink::walk::Tail;

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
pub(in crate::sink) struct StreamFile<F> {
    pub(super) file: F,
    pub(super) path: PathBuf,
    /// The open packet's header; its `packet_bytes` is what the disk says.
    pub(super) open: PacketHeader,
    pub(super) context: Vec<u8>,
    pub(super) open_at: u64,
    pub(super) len: u64,
    pub(super) last_end: Timestamp,
    /// What the last real packet says of discarded events.
    pub(super) told: u64,
    /// It gets no more room than is asked for: what follows brings its own.
    pub(super) grows_by_need: bool,
    /// Whether writes go past the page cache, and whether they can.
    is_direct: bool,
    pub(super) takes_direct: bool,
}

impl<F> StreamFile<F> {
    /// A stream without a packet in an empty file; `reserve` makes it valid.
    pub(in crate::sink) fn new(file: F, path: PathBuf, open: PacketHeader, context: &[u8]) -> Self {
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
            grows_by_need: false,
            is_direct: false,
            takes_direct: true,
        }
    }

    /// A stream as a walk over its file found it.
    pub(in crate::sink) fn found(file: F, path: PathBuf, found: Tail) -> Self {
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
            grows_by_need: false,
            is_direct: false,
            takes_direct: true,
        }
    }

    /// Cuts away what a walk found behind the last packet.
    pub(in crate::sink) fn cut_tail<D: Disk<File = F>>(&self, disk: &D) -> Result<(), SinkError> {
        disk.truncate(&self.file, self.len)
            .map_err(|e| SinkError::io("cut", &self.path, e))
    }

    pub(in crate::sink) fn path(&self) -> &Path {
        &self.path
    }

    /// The last packet's context, or the one that the stream began with.
    pub(in crate::sink) fn context(&self) -> &[u8] {
        &self.context
    }

    pub(in crate::sink) fn last_end(&self) -> Timestamp {
        self.last_end
    }

    pub(in crate::sink) fn next_sequence(&self) -> u64 {
        self.open.sequence
    }

    pub(in crate::sink) fn discarded(&self) -> u64 {
        self.open.discarded
    }

    /// Bytes of real packets.
    pub(in crate::sink) fn committed_bytes(&self) -> u64 {
        self.open_at
    }

    pub(super) fn header_len(&self) -> u64 {
        (PacketHeader::LEN + self.context.len()) as u64
    }

    pub(super) fn room(&self) -> u64 {
        self.len - self.open_at
    }
}

/// Where a write goes: the disk, and blank pages to grow by.
pub(in crate::sink) struct Target<'a, D> {
    pub(in crate::sink) disk: &'a D,
    pub(in crate::sink) blank: &'a mut BlankPages,
}

impl<F> StreamFile<F> {
    /// One write inside one page: it happens or it does not.
    pub(super) fn write_header<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        header: &PacketHeader,
        context: &[u8],
    ) -> Result<(), SinkError> {
        let bytes = [&header.encode()[..], context].concat();
        self.write(disk, &mut [IoSlice::new(&bytes)], self.open_at)
    }

    pub(super) fn write<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        parts: &mut [IoSlice<'_>],
        at: u64,
    ) -> Result<(), SinkError> {
        self.set_direct(disk, false);
        write_all(disk, &self.file, parts, at).map_err(|(_, error)| self.error(error))
    }

    /// Lets the next writes go past the page cache, or not; whether they do.
    pub(super) fn set_direct<D: Disk<File = F>>(&mut self, disk: &D, direct: bool) -> bool {
        if direct != self.is_direct && (self.takes_direct || !direct) {
            match disk.set_direct(&self.file, direct) {
                Ok(()) => self.is_direct = direct,
                // Not on this file system: not asked again.
                Err(_) => self.takes_direct = false,
            }
        }
        self.is_direct
    }

    pub(super) fn error(&self, error: io::Error) -> SinkError {
        SinkError::io("write", &self.path, error)
    }
}
