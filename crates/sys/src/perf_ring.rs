//! The ring that the kernel writes samples and other records of perf events to, mapped.
//!
//! ```text
//!   page 0                          data: 2^n pages
//!   | … | head | tail | from | bytes |  record | record | … | reco      a record may go on
//!         1024   1032   1040   1048    ▲ tail            ▲ head          at the beginning
//! ```
//!
//! Invariant: what lies between tail and head never changes until [`PerfRing::release`], which needs the
//! ring exclusively, so no slice of it is alive then.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

use rustix::mm::ProtFlags;

use crate::mapping::Mapping;
use crate::perf_event::PerfEvent;

const HEAD: usize = 1024;
const TAIL: usize = 1032;
const DATA_OFFSET: usize = 1040;
const DATA_SIZE: usize = 1048;

/// The ring of an event, and this process as its reader.
#[derive(Debug)]
pub struct PerfRing {
    event: PerfEvent,
    pages: Mapping,
    data_at: usize,
    data_bytes: u64,
    position: u64,
}

impl PerfRing {
    /// Gives the event a ring of `bytes`, a power of two and a multiple of the page's size.
    ///
    /// # Errors
    /// The kernel refuses: no memory, or no right to so much.
    pub fn new(event: PerfEvent, bytes: u32) -> io::Result<Self> {
        let page = rustix::param::page_size();
        let len = page + bytes as usize;
        let both = ProtFlags::READ | ProtFlags::WRITE;
        let pages = Mapping::new(event.as_fd(), len, 0, both)?;
        let offset = pages.u64_at(DATA_OFFSET, Ordering::Relaxed);
        let size = pages.u64_at(DATA_SIZE, Ordering::Relaxed);
        if (offset, size) != (page as u64, bytes.into()) {
            let text = format!("the kernel describes a ring of {size} bytes at {offset}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Self {
            event,
            pages,
            data_at: page,
            data_bytes: size,
            position: 0,
        })
    }

    /// The event whose ring it is.
    pub fn event(&self) -> &PerfEvent {
        &self.event
    }

    /// How far is read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How far is written.
    pub fn written(&self) -> u64 {
        // ORDER(perf-head): Acquire, pairs with the kernel's barrier between records and head.
        let head = self.pages.u64_at(HEAD, Ordering::Acquire);
        // The kernel keeps it so; a claim all the same.
        let most = self.position + self.data_bytes;
        head.clamp(self.position, most)
    }

    /// The bytes between two positions, neither before [`Self::position`] nor behind
    /// [`Self::written`]; the second part is behind the ring's end, at its beginning.
    ///
    /// # Panics
    /// The positions are not so.
    pub fn bytes(&self, from: u64, to: u64) -> [&[u8]; 2] {
        let known = self.position <= from && from <= to && to <= self.written();
        assert!(known, "positions of finished records");
        let (at, len) = ((from % self.data_bytes) as usize, (to - from) as usize);
        let first = len.min(self.data_bytes as usize - at);
        // The kernel writes here again when the position behind it is released.
        let part = |at, len| self.pages.stable_bytes(self.data_at + at, len);
        [part(at, first), part(0, len - first)]
    }

    /// Gives the room before a position back to the kernel.
    pub fn release(&mut self, to: u64) {
        self.position = to;
        // ORDER(perf-tail): Release, pairs with the kernel's control dependency on the tail.
        self.pages.store_u64(TAIL, to, Ordering::Release);
    }
}

impl AsFd for PerfRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perf_event::{PerfAttr, PerfTarget};

    const SOFTWARE: u32 = 1;
    const PAGE_FAULTS: u64 = 2;
    const SAMPLE: u32 = 9;
    const LOST: u32 = 2;

    /// A record is a head of 8 bytes and the address: 16 bytes, of which a page has 256.
    #[test]
    fn a_ring_holds_what_fits_and_goes_on_at_its_beginning() {
        let attr = PerfAttr {
            kind: SOFTWARE,
            config: PAGE_FAULTS,
            period: 1,
            sample_type: PerfAttr::SAMPLE_IP,
            flags: PerfAttr::DISABLED | PerfAttr::EXCLUDE_KERNEL,
            ..PerfAttr::default()
        };
        let event = PerfEvent::open(&attr, PerfTarget::Thread(0)).unwrap();
        let mut ring = PerfRing::new(event, 4096).unwrap();
        let fault = |count: usize| {
            ring.event().enable().unwrap();
            let room = vec![1_u8; count * 4096];
            ring.event().disable().unwrap();
            room.len()
        };
        fault(500);
        let written = ring.written();
        let [first, second] = ring.bytes(0, written);
        assert!(second.is_empty() && first.len() as u64 == written);
        assert_eq!(first.len() / 16, 255, "the last byte stays free");
        assert_eq!(first[..4], SAMPLE.to_ne_bytes());
        ring.release(written);
        assert_eq!(ring.position(), ring.written());
        ring.event().enable().unwrap();
        let room = vec![1_u8; 10 * 4096];
        ring.event().disable().unwrap();
        let parts = ring.bytes(written, ring.written());
        assert_eq!(parts[0].len(), 16, "the rest of the ring, {}", room.len());
        assert_eq!(parts[0][..4], LOST.to_ne_bytes());
        assert!(parts[1].len() >= 10 * 16);
    }
}
