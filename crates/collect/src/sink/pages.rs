//! Memory in which packets of one page each are put together.

use super::blank::PAGE_LEN;

/// Pages one behind the other, which lie at page boundaries: only such can go past the page cache.
#[derive(Debug, Default)]
pub struct Pages {
    bytes: Vec<u8>,
    /// Where the first page begins.
    base: usize,
}

impl Pages {
    /// So many pages of zeros.
    pub fn new(count: usize) -> Self {
        let bytes = vec![0; (count + 1) * PAGE_LEN];
        let base = bytes.as_ptr().align_offset(PAGE_LEN).min(PAGE_LEN);
        Self { bytes, base }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        (self.bytes.len() / PAGE_LEN).saturating_sub(1)
    }

    /// The first `count` pages.
    pub fn first(&self, count: usize) -> &[u8] {
        &self.bytes[self.base..][..count * PAGE_LEN]
    }

    /// The same, to be written to.
    pub fn first_mut(&mut self, count: usize) -> &mut [u8] {
        &mut self.bytes[self.base..][..count * PAGE_LEN]
    }

    /// Where a page begins in [`bytes_mut`](Self::bytes_mut).
    pub(crate) fn begin_of(&self, page: usize) -> usize {
        self.base + page * PAGE_LEN
    }

    /// All of the memory; the pages do not begin at its begin.
    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}
