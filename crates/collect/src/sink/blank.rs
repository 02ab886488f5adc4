//! Pages that are each a valid, empty packet: what a stream file grows by.

use thalweg_ctf::write::PacketHeader;

/// What packets are multiples of, and what a write is never cut within.
pub(super) const PAGE: u64 = 4096;
/// The same, of memory.
pub(crate) const PAGE_LEN: usize = PAGE as usize;

/// Files grow by their own length, but at least and at most by so many pages.
const MIN_PAGES: usize = 16;
const MAX_PAGES: usize = 256;

/// How many pages a file of `len` bytes grows by: tiny traces stay tiny, large ones grow rarely.
pub(super) fn growth_pages(len: u64) -> usize {
    usize::try_from(len / PAGE)
        .unwrap_or(MAX_PAGES)
        .clamp(MIN_PAGES, MAX_PAGES)
}

/// How many pages `bytes` take, at most as many as are written at once.
pub(super) fn needed_pages(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(PAGE))
        .unwrap_or(MAX_PAGES)
        .clamp(1, MAX_PAGES)
}

/// Room for the longest run of blank pages, filled anew for each use.
#[derive(Default)]
pub(super) struct BlankPages {
    bytes: Vec<u8>,
}

impl BlankPages {
    /// `pages` empty packets of one page; the first is `first`, the sequence numbers go on.
    pub(super) fn fill(&mut self, first: PacketHeader, context: &[u8], pages: usize) -> &[u8] {
        let len = pages * PAGE_LEN;
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        let mut header = PacketHeader {
            packet_bytes: PAGE,
            ..first
        };
        for page in self.bytes[..len].chunks_exact_mut(PAGE_LEN) {
            page[..PacketHeader::LEN].copy_from_slice(&header.encode());
            page[PacketHeader::LEN..][..context.len()].copy_from_slice(context);
            header.sequence += 1;
        }
        &self.bytes[..len]
    }
}

/// A page of padding.
pub(super) static PADDING: [u8; PAGE_LEN] = [0; PAGE_LEN];
