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

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use thalweg_ctf::write::{IndexEntry, PacketHeader};
use thalweg_model::Timestamp;

use super::SinkError;
use super::blank::{BlankPages, PADDING, PAGE, growth_pages};
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
    /// Makes the open packet at least `bytes` long.
    pub(super) fn reserve<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        bytes: u64,
    ) -> Result<(), SinkError> {
        self.merge(to.disk)?;
        while self.room() < bytes {
            self.grow(to)?;
            self.merge(to.disk)?;
        }
        Ok(())
    }

    /// Appends blank pages: all that were asked for, or what there was room for.
    fn grow<D: Disk<File = F>>(&mut self, to: &mut Target<'_, D>) -> Result<(), SinkError> {
        let begins_open = self.room() == 0;
        let first = self.blank_header(if begins_open { 0 } else { 1 });
        let pages = to.blank.fill(first, &self.context, growth_pages(self.len));
        let outcome = write_all(to.disk, &self.file, &mut [IoSlice::new(pages)], self.len);
        let written = outcome
            .as_ref()
            .map_or_else(|(done, _)| *done, |()| pages.len() as u64);
        self.keep_whole_pages(to.disk, written)?;
        if begins_open && self.room() > 0 {
            self.open.packet_bytes = PAGE;
        }
        match outcome {
            Err((_, error)) if written < PAGE => Err(self.error(error)),
            _ => Ok(()),
        }
    }

    fn keep_whole_pages<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        written: u64,
    ) -> Result<(), SinkError> {
        self.len += written - written % PAGE;
        if written.is_multiple_of(PAGE) {
            return Ok(());
        }
        disk.truncate(&self.file, self.len)
            .map_err(|e| SinkError::io("cut", &self.path, e))
    }

    /// A blank packet `after` so many from the open one.
    fn blank_header(&self, after: u64) -> PacketHeader {
        PacketHeader {
            begin: self.open.end,
            sequence: self.open.sequence + after,
            ..self.open
        }
    }

    /// Makes the open packet cover the blank pages behind it.
    fn merge<D: Disk<File = F>>(&mut self, disk: &D) -> Result<(), SinkError> {
        let covers = PacketHeader {
            packet_bytes: self.room(),
            ..self.open
        };
        if covers.packet_bytes == self.open.packet_bytes || self.room() == 0 {
            return Ok(());
        }
        let at = PacketHeader::PACKET_SIZE_AT;
        let size = &covers.encode()[at..at + 8];
        self.write(disk, &mut [IoSlice::new(size)], self.open_at + at as u64)?;
        self.open = covers;
        Ok(())
    }

    /// Puts a packet into the file: whole, or not at all.
    pub(super) fn commit<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        head: &PacketHead<'_>,
        records: &[u8],
    ) -> Result<IndexEntry, SinkError> {
        let content = self.header_len() + records.len() as u64;
        let size = content.next_multiple_of(PAGE);
        self.reserve(to, size + PAGE)?;
        let packet = self.packet_header(head, content, size);
        let next = self.header_after(&packet);
        self.write_body(to.disk, &packet, records, &next, head.context)?;
        self.write_header(to.disk, &packet, head.context)?;
        let entry = IndexEntry {
            offset_bytes: self.open_at,
            packet,
        };
        self.advance(&packet, next, head.context);
        Ok(entry)
    }

    fn packet_header(&self, head: &PacketHead<'_>, content: u64, size: u64) -> PacketHeader {
        PacketHeader {
            begin: head.begin,
            end: head.end,
            content_bytes: content,
            packet_bytes: size,
            discarded: head.discarded_total.max(self.open.discarded),
            ..self.open
        }
    }

    /// The open packet behind `packet`.
    fn header_after(&self, packet: &PacketHeader) -> PacketHeader {
        PacketHeader {
            begin: packet.end,
            content_bytes: self.header_len(),
            packet_bytes: self.room() - packet.packet_bytes,
            sequence: packet.sequence + 1,
            ..*packet
        }
    }

    /// The records and, behind them, the next open packet: padding, as long as nobody says more.
    fn write_body<D: Disk<File = F>>(
        &self,
        disk: &D,
        packet: &PacketHeader,
        records: &[u8],
        next: &PacketHeader,
        context: &[u8],
    ) -> Result<(), SinkError> {
        let padding = (packet.packet_bytes - packet.content_bytes) as usize;
        let next = next.encode();
        let mut parts = [records, &PADDING[..padding], &next, context].map(IoSlice::new);
        self.write(disk, &mut parts, self.open_at + self.header_len())
    }

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

    fn advance(&mut self, packet: &PacketHeader, next: PacketHeader, context: &[u8]) {
        self.open_at += packet.packet_bytes;
        self.open = next;
        self.last_end = packet.end;
        self.told = packet.discarded;
        self.context.copy_from_slice(context);
    }

    /// Makes sure that a count of discarded events has an earlier packet to differ from: of the
    /// first packet's count readers say no more than that it is not zero.
    pub(super) fn begin_count<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        discarded: u64,
    ) -> Result<Option<IndexEntry>, SinkError> {
        if self.open_at > 0 || discarded == 0 {
            return Ok(None);
        }
        self.commit_empty(to).map(Some)
    }

    /// Makes a packet of the open one.
    fn commit_empty<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<IndexEntry, SinkError> {
        let context = self.context.clone();
        let head = PacketHead {
            begin: self.last_end,
            end: self.open.end,
            discarded_total: self.open.discarded,
            context: &context,
        };
        self.commit(to, &head, &[])
    }

    /// Tells of discarded events in the open packet, where a reader sees them at once.
    pub(super) fn note_discarded<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        total: u64,
        at: Timestamp,
    ) -> Result<(), SinkError> {
        if total <= self.open.discarded {
            return Ok(());
        }
        let end = at.max(self.open.end);
        let open = PacketHeader {
            begin: self.last_end,
            end,
            discarded: total,
            ..self.open
        };
        self.write_header(disk, &open, &self.context)?;
        self.open = open;
        Ok(())
    }

    /// Whether the open packet tells what no real one does.
    fn owes_count(&self) -> bool {
        self.open.discarded != self.told
    }

    /// Cuts the open packet away, unless it has something to tell: then it stays, as one page.
    pub(super) fn finish<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<Option<IndexEntry>, SinkError> {
        let last = match self.owes_count() {
            true if self.room() == PAGE => Some(self.keep_open_page()),
            true => Some(self.commit_empty(to)?),
            false => None,
        };
        if self.room() > 0 {
            to.disk
                .truncate(&self.file, self.open_at)
                .map_err(|e| SinkError::io("cut", &self.path, e))?;
            self.len = self.open_at;
        }
        Ok(last)
    }

    fn keep_open_page(&mut self) -> IndexEntry {
        let entry = IndexEntry {
            offset_bytes: self.open_at,
            packet: self.open,
        };
        self.open_at = self.len;
        self.told = self.open.discarded;
        entry
    }
}
