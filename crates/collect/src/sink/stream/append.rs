//! Packets of one page each, as many as there are, in one write, which may take its time.
//!
//! ```text
//!   | packet | packet | open page |                                    at rest
//!   | packet | packet | packet | packet | packet | … | open page |     one write, cut at any page
//! ```
//!
//! Each page is a packet, so that what a cut leaves is a valid stream, and nothing is written twice.
//! Whole pages at page boundaries can go past the page cache, too.

use std::io::{self, IoSlice};

use thalweg_ctf::write::{IndexEntry, PacketHeader};
use thalweg_model::Timestamp;

use super::file::{StreamFile, Target};
use crate::sink::SinkError;
use crate::sink::blank::PAGE;
use crate::sink::courier::{Courier, Outcome, Write};
use crate::sink::disk::{Disk, write_all};
use crate::sink::pages::Pages;

/// One page that is to become a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageHead {
    /// When it begins: not before the last packet ended, not after its first event.
    pub begin: Timestamp,
    /// When it ends: not before its last event.
    pub end: Timestamp,
    /// Header, context and records.
    pub content_bytes: u64,
}

/// From so many bytes on it pays to write past the page cache: a copy costs more than to wait. And
/// to do something else meanwhile.
const DIRECT_FROM: usize = 128 << 10;

/// Pages on their way into a file. Nothing else is done to that file before they are settled.
pub struct Sent {
    entries: Vec<IndexEntry>,
    context: Vec<u8>,
    write: Write,
    is_direct: bool,
}

/// What became of pages.
pub(in crate::sink) struct Settled {
    /// The entries for the index of those that are in the file, whole.
    pub(in crate::sink) entries: Vec<IndexEntry>,
    /// What went wrong if these are not all.
    pub(in crate::sink) error: Option<SinkError>,
    pub(in crate::sink) pages: Pages,
}

impl<F> StreamFile<F> {
    /// Begins to put pages into the file; it is [settled](Self::settle) before anything else is done
    /// to the file. The open packet has one page.
    ///
    /// There is one more page than heads; in front of each page's records is room for header and
    /// context.
    pub(in crate::sink) fn send<D: Disk<File = F>>(
        &mut self,
        (disk, courier): (&D, &mut Courier),
        (context, discarded): (&[u8], u64),
        heads: &[PageHead],
        mut pages: Pages,
    ) -> Sent {
        let count = heads.len() + 1;
        let bytes = pages.first_mut(count);
        let entries = self.put_heads((context, discarded), heads, bytes);
        let is_direct = bytes.len() >= DIRECT_FROM && self.set_direct(disk, true);
        let write = if is_direct {
            courier.send(disk, &self.file, (pages, count), self.open_at)
        } else {
            let bytes = IoSlice::new(bytes);
            let outcome = write_all(disk, &self.file, &mut [bytes], self.open_at);
            Write::Done(pages, outcome)
        };
        Sent {
            entries,
            context: context.to_vec(),
            write,
            is_direct,
        }
    }

    /// Waits for pages to be in the file, from the first one on as many as there was room for.
    pub(in crate::sink) fn settle<D: Disk<File = F>>(
        &mut self,
        (disk, courier): (&D, &Courier),
        sent: Sent,
    ) -> Settled {
        let Sent {
            mut entries,
            context,
            write,
            is_direct,
        } = sent;
        let (pages, mut outcome) = courier.settle(write);
        if is_direct && is_refused(&outcome) {
            // The file system says so only now.
            self.set_direct(disk, false);
            self.takes_direct = false;
            let bytes = IoSlice::new(pages.first(entries.len() + 1));
            outcome = write_all(disk, &self.file, &mut [bytes], self.open_at);
        }
        if let Err((done, _)) = &outcome {
            // The last page that was written becomes the open one.
            entries.truncate((done / PAGE).saturating_sub(1) as usize);
        }
        self.take_over(&entries, &context);
        let error = outcome.err().map(|(_, error)| {
            self.end_with_open_page(disk);
            self.error(error)
        });
        Settled {
            entries,
            error,
            pages,
        }
    }

    /// Puts the heads into the pages, and makes an open one behind them.
    fn put_heads(
        &self,
        (context, discarded): (&[u8], u64),
        heads: &[PageHead],
        bytes: &mut [u8],
    ) -> Vec<IndexEntry> {
        let mut packet = PacketHeader {
            packet_bytes: PAGE,
            discarded: discarded.max(self.open.discarded),
            ..self.open
        };
        let mut offset_bytes = self.open_at;
        let mut entries = Vec::with_capacity(heads.len());
        let mut pages = bytes.chunks_exact_mut(PAGE as usize);
        for (head, page) in heads.iter().zip(&mut pages) {
            packet.begin = head.begin;
            packet.end = head.end;
            packet.content_bytes = head.content_bytes;
            put_head(page, &packet, context);
            entries.push(IndexEntry {
                offset_bytes,
                packet,
            });
            offset_bytes += PAGE;
            packet.sequence += 1;
        }
        if let (Some(page), Some(last)) = (pages.next(), entries.last()) {
            page.fill(0);
            put_head(page, &self.open_behind(&last.packet, PAGE), context);
        }
        entries
    }

    /// Makes an empty packet of all but the last page of the open one; from now on it gets no more
    /// than what is needed.
    pub(in crate::sink) fn leave_one_page<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<Option<IndexEntry>, SinkError> {
        self.grows_by_need = true;
        self.reserve(to, PAGE)?;
        if self.room() == PAGE {
            return Ok(None);
        }
        // What the open packet tells of discarded events, and until when, the next one tells.
        let packet = PacketHeader {
            begin: self.last_end,
            end: self.last_end,
            packet_bytes: self.room() - PAGE,
            discarded: self.told,
            ..self.open
        };
        let next = PacketHeader {
            begin: self.last_end,
            packet_bytes: PAGE,
            sequence: packet.sequence + 1,
            ..self.open
        };
        let context = self.context.clone();
        let behind = [&next.encode()[..], &context].concat();
        let at = self.open_at + packet.packet_bytes;
        self.write(to.disk, &mut [IoSlice::new(&behind)], at)?;
        self.write_header(to.disk, &packet, &context)?;
        let offset_bytes = self.open_at;
        self.advance(&packet, next, &context);
        Ok(Some(IndexEntry {
            offset_bytes,
            packet,
        }))
    }

    /// Notes that these pages are in the file, and the open one behind them.
    fn take_over(&mut self, entries: &[IndexEntry], context: &[u8]) {
        if let Some(last) = entries.last() {
            let next = self.open_behind(&last.packet, PAGE);
            self.open_at += (entries.len() as u64 - 1) * PAGE;
            self.advance(&last.packet, next, context);
        }
        self.len = self.len.max(self.open_at + PAGE);
    }

    /// Writes the open page anew where a page was written that is not to be, and cuts off what is
    /// behind it. Its room was had before, so that this works on a full disk.
    fn end_with_open_page<D: Disk<File = F>>(&mut self, disk: &D) {
        self.set_direct(disk, false);
        let (open, context) = (self.open, self.context.clone());
        let len = match self.write_header(disk, &open, &context) {
            Ok(()) => self.open_at + PAGE,
            Err(_) => self.open_at,
        };
        if disk.truncate(&self.file, len).is_ok() {
            self.len = len;
        }
    }
}

/// Whether nothing was written because writes past the page cache are not taken.
fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Err((0, error)) if error.kind() == io::ErrorKind::InvalidInput)
}

/// Puts header and context in front of a page's records.
fn put_head(page: &mut [u8], header: &PacketHeader, context: &[u8]) {
    let (fixed, rest) = page.split_at_mut(PacketHeader::LEN);
    fixed.copy_from_slice(&header.encode());
    rest[..context.len()].copy_from_slice(context);
}
