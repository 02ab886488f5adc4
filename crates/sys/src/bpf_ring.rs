//! The ring buffer that BPF programs write to, mapped.
//!
//! ```text
//!   consumer page       producer page     data                       the same data again
//!   | position |        | position |      | len | - | bytes … |      so that no record is cut
//!     ours to write       the kernel's      u32   u32   padded to 8
//! ```
//!
//! Invariant: what lies between the two positions and is not busy never changes until
//! [`BpfRing::release`], which needs the ring exclusively, so no slice of it is alive then.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;

use rustix::mm::ProtFlags;

use crate::bpf::create_ring;
use crate::mapping::Mapping;

/// In a record's length: it is still being written.
const BUSY: u32 = 1 << 31;
/// In a record's length: its writer thought better of it.
const DISCARDED: u32 = 1 << 30;
const HEADER_BYTES: u64 = 8;
/// x86-64 has no other.
const PAGE_BYTES: usize = 4096;

/// A ring buffer, and this process as its reader.
#[derive(Debug)]
pub struct BpfRing {
    fd: OwnedFd,
    consumer: Mapping,
    producer: Mapping,
    data_bytes: u64,
    position: u64,
}

/// A record in the ring.
#[derive(Clone, Copy, Debug)]
pub struct BpfRecord<'ring> {
    /// Its bytes; none if its writer discarded it.
    pub data: &'ring [u8],
    /// The position behind it.
    pub end: u64,
}

impl BpfRing {
    /// A ring of `bytes`, a power of two and a multiple of the page's size.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(bytes: u32) -> io::Result<Self> {
        let fd = create_ring(bytes)?;
        let both = ProtFlags::READ | ProtFlags::WRITE;
        let consumer = Mapping::new(fd.as_fd(), PAGE_BYTES, 0, both)?;
        let len = PAGE_BYTES + 2 * bytes as usize;
        let producer = Mapping::new(fd.as_fd(), len, PAGE_BYTES as u64, ProtFlags::READ)?;
        Ok(Self {
            fd,
            consumer,
            producer,
            data_bytes: bytes.into(),
            position: 0,
        })
    }

    /// How far is read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How far is written, also what is not finished.
    pub fn written(&self) -> u64 {
        // ORDER(bpf-reserve): Acquire, pairs with the kernel's release of the position.
        self.producer.u64_at(0, Ordering::Acquire)
    }

    /// The record at a position, if it is there and finished.
    pub fn record(&self, at: u64) -> Option<BpfRecord<'_>> {
        let written = self.written();
        if written.wrapping_sub(at) < HEADER_BYTES {
            return None;
        }
        let place = (at % self.data_bytes) as usize;
        let header = PAGE_BYTES + place;
        // ORDER(bpf-commit): Acquire, pairs with the kernel's exchange of the length.
        let word = self.producer.u32_at(header, Ordering::Acquire);
        if word & BUSY != 0 {
            return None;
        }
        let len = u64::from(word & !DISCARDED);
        let end = at + HEADER_BYTES + len.next_multiple_of(8);
        // The kernel keeps it so; a claim all the same.
        if written.wrapping_sub(end) > self.data_bytes {
            return None;
        }
        let len = if word & DISCARDED == 0 { len } else { 0 };
        // The kernel writes here again when the position behind it is released.
        let data = self
            .producer
            .stable_bytes(header + HEADER_BYTES as usize, len as usize);
        Some(BpfRecord { data, end })
    }

    /// Gives the room before a position back to the kernel.
    pub fn release(&mut self, to: u64) {
        self.position = to;
        // ORDER(bpf-release): Release, pairs with the kernel's acquire of the consumer's position.
        self.consumer.store_u64(0, to, Ordering::Release);
    }
}

impl AsFd for BpfRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
