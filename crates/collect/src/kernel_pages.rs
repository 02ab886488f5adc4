//! The kernel's packets on their way to disk: in pages, where they can be parted so.
//!
//! ```text
//!   records  | part | part | a part that no page can hold | part |
//!   file     | page | page | a packet of several pages    | page |      one write, one packet, one write
//! ```

use thalweg_kernel::{KernelPacket, Part};
use thalweg_model::Timestamp;

use crate::sink::{
    PAGE_LEN, PacketHead, PacketHeader, PageHead, Pages, SinkError, StreamId, TraceWriter,
};

/// How many pages are written at once.
const MOST_PAGES: usize = 128;

/// How many bytes of records a page has room for, behind a packet context of so many bytes.
pub(crate) const fn part_bytes(context_bytes: usize) -> usize {
    PAGE_LEN - head_bytes(context_bytes)
}

const fn head_bytes(context_bytes: usize) -> usize {
    PacketHeader::LEN + context_bytes
}

/// What became of a packet.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Events that are on disk.
    pub(crate) events: u64,
    /// Why these are not all.
    pub(crate) error: Option<SinkError>,
}

/// Where a packet goes.
pub(crate) struct Place<'a> {
    pub(crate) writer: &'a mut TraceWriter,
    pub(crate) stream: StreamId,
    pub(crate) context: &'a [u8],
    pub(crate) discarded_total: u64,
}

/// Memory for pages that are written.
#[derive(Debug, Default)]
pub(crate) struct PageWriter {
    pages: Pages,
}

impl PageWriter {
    /// Writes a packet, or as many of its parts as there is room for.
    pub(crate) fn write(&mut self, to: &mut Place<'_>, packet: &KernelPacket<'_>) -> Written {
        let whole = [packet.whole()];
        let parts = match packet.parts {
            [] => &whole[..],
            parts => parts,
        };
        let most = part_bytes(to.context.len());
        let is_page = |part: &Part| part.bytes <= most;
        let mut records = packet.records;
        let mut written = Written::default();
        for run in parts.chunk_by(|a, b| is_page(a) && is_page(b)) {
            for run in run.chunks(MOST_PAGES) {
                let bytes = run.iter().map(|part| part.bytes).sum();
                let (of_run, rest) = records.split_at(bytes);
                match run {
                    [part] if !is_page(part) => write_whole(to, part, of_run, &mut written),
                    run => self.write_pages(to, run, of_run, &mut written),
                }
                if written.error.is_some() {
                    return written;
                }
                records = rest;
            }
        }
        written
    }

    /// Writes parts that are a page each.
    fn write_pages(
        &mut self,
        to: &mut Place<'_>,
        parts: &[Part],
        records: &[u8],
        written: &mut Written,
    ) {
        if self.pages.count() == 0 {
            self.pages = Pages::new(MOST_PAGES + 1);
        }
        let heads = fill(&mut self.pages, to.context.len(), parts, records);
        let about = (to.context, to.discarded_total);
        let pages = std::mem::take(&mut self.pages);
        match to.writer.send_pages(to.stream, about, &heads, pages) {
            Ok(sent) => {
                let (whole, error, pages) = to.writer.settle(to.stream, sent);
                self.pages = pages;
                written.events += parts[..whole].iter().map(|part| part.events).sum::<u64>();
                written.error = error;
            }
            Err(unsent) => {
                self.pages = unsent.pages;
                written.error = Some(unsent.error);
            }
        }
    }
}

/// Puts records into pages, behind room for a head, and zeros behind them.
fn fill(
    pages: &mut Pages,
    context_bytes: usize,
    parts: &[Part],
    mut records: &[u8],
) -> Vec<PageHead> {
    let head = head_bytes(context_bytes);
    let mut heads = Vec::with_capacity(parts.len());
    let bytes = pages.first_mut(parts.len());
    for (part, page) in parts.iter().zip(bytes.chunks_exact_mut(PAGE_LEN)) {
        let (of_part, rest) = records.split_at(part.bytes);
        let (content, padding) = page[head..].split_at_mut(part.bytes);
        content.copy_from_slice(of_part);
        padding.fill(0);
        heads.push(PageHead {
            begin: Timestamp(part.begin),
            end: Timestamp(part.end),
            content_bytes: (head + part.bytes) as u64,
        });
        records = rest;
    }
    heads
}

fn write_whole(to: &mut Place<'_>, part: &Part, records: &[u8], written: &mut Written) {
    let head = PacketHead {
        begin: Timestamp(part.begin),
        end: Timestamp(part.end),
        discarded_total: to.discarded_total,
        context: to.context,
    };
    match to.writer.write_packet(to.stream, &head, records) {
        Ok(()) => written.events += part.events,
        Err(error) => written.error = Some(error),
    }
}
