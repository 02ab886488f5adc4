//! Memory that the kernel writes to while we read it.
//!
//! Invariant: a word is read and written by one atomic access; a slice is only made of bytes of which
//! the caller knows that the kernel is done with them.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A shared mapping of a file of the kernel's.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
    is_writable: bool,
}

// SAFETY: the mapping belongs to the process, not to a thread, and its words are accessed atomically.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`; every access through `&self` is an atomic one, or a slice of bytes that
// nobody writes while it is borrowed.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn new(
        file: BorrowedFd<'_>,
        len: usize,
        offset: u64,
        access: ProtFlags,
    ) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing of ours.
        let base = unsafe { mmap(ptr::null_mut(), len, access, MapFlags::SHARED, file, offset) }?;
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self {
            base,
            len,
            is_writable: access.contains(ProtFlags::WRITE),
        })
    }

    pub(crate) fn u32_at(&self, at: usize, order: Ordering) -> u32 {
        assert!(
            at.is_multiple_of(4) && at + 4 <= self.len,
            "an aligned word in the mapping"
        );
        // SAFETY: in bounds by the check above.
        let word = unsafe { self.base.add(at) }.cast::<AtomicU32>();
        // SAFETY: aligned by the check above, because mappings begin at pages; it lives as long as
        // `self`. The kernel's writes are no Rust accesses, and this one is atomic.
        unsafe { word.as_ref() }.load(order)
    }

    pub(crate) fn u64_at(&self, at: usize, order: Ordering) -> u64 {
        self.word(at).load(order)
    }

    pub(crate) fn store_u64(&self, at: usize, value: u64, order: Ordering) {
        assert!(self.is_writable, "the mapping may be written to");
        self.word(at).store(value, order);
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(
            at.is_multiple_of(8) && at + 8 <= self.len,
            "an aligned word in the mapping"
        );
        // SAFETY: in bounds by the check above.
        let word = unsafe { self.base.add(at) }.cast::<AtomicU64>();
        // SAFETY: as in `u32_at`.
        unsafe { word.as_ref() }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All bytes of a mapping that nobody else writes to: the caller knows why.
    pub(crate) fn own_bytes(&mut self) -> &mut [u8] {
        assert!(self.is_writable, "the mapping may be written to");
        // SAFETY: the mapping lives as long as `self`, which is borrowed exclusively, and the caller
        // knows that no other process writes there: this crate's one caller has a memfd of its own,
        // which others only hold while it lives.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    /// Bytes that the kernel does not write to while the slice lives: the caller knows why.
    pub(crate) fn stable_bytes(&self, at: usize, len: usize) -> &[u8] {
        assert!(
            at <= self.len && len <= self.len - at,
            "bytes in the mapping"
        );
        // SAFETY: in bounds by the check above.
        let begin = unsafe { self.base.add(at) };
        // SAFETY: the mapping lives as long as `self`, and the caller knows that these bytes do not
        // change: one of this crate's callers reads what the kernel has handed over, and hands it back
        // by a call that needs it exclusively; the other's memory is its own.
        unsafe { std::slice::from_raw_parts(begin.as_ptr(), len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `new` made, and no borrow of it outlives `self`. That
        // it could fail matters to nobody: the address range then stays reserved.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}
