//! The kernel's per-CPU trace ring, mapped (`mmap` of `trace_pipe_raw`, Linux 6.10 and later).
//!
//! ```text
//!   file offset 0          meta_page_size
//!   | trace_buffer_meta    | sub-buffer 0 | sub-buffer 1 | … | sub-buffer n-1 |
//!        reader.id ────────────────────────────▲
//! ```
//!
//! One sub-buffer, named by `reader.id`, belongs to the reader; the kernel writes the others and
//! may still append to the reader's. [`MappedRing::advance`] hands it back and takes the next.
//!
//! Invariant: what [`MappedRing::reader_page`] returns as committed never changes until `advance`,
//! which needs the ring exclusively, so no slice of it is alive then. A process that dies without
//! `advance` leaves its page in the ring: the next one that maps it finds it again.
//!
//! The layout is the kernel's `include/uapi/linux/trace_mmap.h`; the file must be opened with
//! `O_NONBLOCK`, or `advance` waits for the ring to fill.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering;

use rustix::mm::ProtFlags;

use crate::mapping::Mapping;

/// `_IO('R', 0x20)`
const TRACE_MMAP_IOCTL_GET_READER: libc::Ioctl = 0x5220;
/// Bytes of a sub-buffer's header: the time stamp and the commit word.
const HEADER_BYTES: usize = 16;
/// Offsets in `trace_buffer_meta`.
const META_PAGE_SIZE: usize = 0;
const META_SUBBUF_SIZE: usize = 8;
const META_NR_SUBBUFS: usize = 12;
const META_READER_ID: usize = 24;
const META_BYTES: usize = 32;
/// The kernel rounds it up to a page.
const META_MAP_BYTES: usize = 4096;
const _: () = assert!(META_BYTES <= META_MAP_BYTES, "what is read of it is mapped");
/// In the commit word: the kernel left the page and noted what was lost behind its records.
const MISSED_EVENTS: u64 = 1 << 31;
const COMMIT_MASK: u64 = (1 << 30) - 1;
/// Bytes of the smallest event with its header.
const MIN_EVENT_BYTES: usize = 8;

/// The sub-buffer that is the reader's.
#[derive(Clone, Copy, Debug)]
pub struct ReaderPage<'ring> {
    /// Which one; another after [`MappedRing::advance`] means that the one before was given back.
    pub id: u32,
    /// The time of its first record.
    pub stamp: u64,
    /// How far the kernel has committed, and its flags.
    pub commit: u64,
    /// The bytes behind the header that cannot change any more.
    pub data: &'ring [u8],
    /// Bytes that a sub-buffer has behind its header.
    pub capacity: usize,
}

impl ReaderPage<'_> {
    /// Whether the kernel will write no more into it.
    pub fn is_closed(&self) -> bool {
        is_closed(self.commit, self.capacity)
    }
}

/// The kernel leaves a page when an event does not fit, and then fills it with padding; where not
/// even the smallest event fits, it leaves the rest as it is.
fn is_closed(commit: u64, capacity: usize) -> bool {
    let committed = (commit & COMMIT_MASK) as usize;
    commit & MISSED_EVENTS != 0 || committed + MIN_EVENT_BYTES > capacity
}

/// A mapped per-CPU ring.
#[derive(Debug)]
pub struct MappedRing {
    file: File,
    meta: Mapping,
    pages: Mapping,
    page_bytes: usize,
    page_count: u32,
}

impl MappedRing {
    /// Maps the ring of a `trace_pipe_raw` that was opened for reading with `O_NONBLOCK`.
    ///
    /// # Errors
    /// The kernel cannot map trace rings, or describes one that no kernel should have. The file
    /// comes back, so that it can be read instead.
    pub fn map(file: File) -> Result<Self, (File, io::Error)> {
        match Self::mappings(file.as_fd()) {
            Ok((meta, pages, page_bytes, page_count)) => Ok(Self {
                file,
                meta,
                pages,
                page_bytes,
                page_count,
            }),
            Err(error) => Err((file, error)),
        }
    }

    fn mappings(file: BorrowedFd<'_>) -> io::Result<(Mapping, Mapping, usize, u32)> {
        let meta = Mapping::new(file, META_MAP_BYTES, 0, ProtFlags::READ)?;
        let offset = meta.u32_at(META_PAGE_SIZE, Ordering::Relaxed);
        let page_bytes = meta.u32_at(META_SUBBUF_SIZE, Ordering::Relaxed) as usize;
        let page_count = meta.u32_at(META_NR_SUBBUFS, Ordering::Relaxed);
        let sane = page_bytes > HEADER_BYTES && page_bytes.is_multiple_of(8);
        let total = page_bytes
            .checked_mul(page_count as usize)
            .filter(|&total| sane && total > 0);
        let Some(total) = total else {
            let text =
                format!("the kernel describes {page_count} sub-buffers of {page_bytes} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        let pages = Mapping::new(file, total, u64::from(offset), ProtFlags::READ)?;
        Ok((meta, pages, page_bytes, page_count))
    }

    /// The reader's sub-buffer as it is now.
    ///
    /// # Errors
    /// The kernel names a sub-buffer that is not there.
    pub fn reader_page(&self) -> io::Result<ReaderPage<'_>> {
        let id = self.meta.u32_at(META_READER_ID, Ordering::Relaxed);
        if id >= self.page_count {
            let text = format!("the kernel names sub-buffer {id} of {}", self.page_count);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let base = id as usize * self.page_bytes;
        let capacity = self.page_bytes - HEADER_BYTES;
        // ORDER(commit): Acquire, pairs with the kernel's write of the records before its commit.
        let commit = self.pages.u64_at(base + 8, Ordering::Acquire);
        let stamp = self.pages.u64_at(base, Ordering::Relaxed);
        // The count of lost records lies behind the last record of a page that the kernel left.
        let stable = match commit & MISSED_EVENTS {
            0 => ((commit & COMMIT_MASK) as usize).min(capacity),
            _ => capacity,
        };
        // Committed bytes of the reader's page are written by nobody until `advance`, which needs
        // `&mut self`.
        let data = self.pages.stable_bytes(base + HEADER_BYTES, stable);
        Ok(ReaderPage {
            id,
            stamp,
            commit,
            data,
            capacity,
        })
    }

    /// Takes what was written to the reader's page since the last call as read; when it was all
    /// read before, gives the page back and takes the oldest other one, if there is one.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn advance(&mut self) -> io::Result<()> {
        // SAFETY: the descriptor is open and this request takes no argument.
        let result = unsafe { libc::ioctl(self.file.as_raw_fd(), TRACE_MMAP_IOCTL_GET_READER) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

impl AsFd for MappedRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_closed_when_it_is_full_or_says_what_was_lost() {
        assert!(!is_closed(4072, 4080));
        assert!(is_closed(4080, 4080));
        assert!(is_closed(4076, 4080));
        assert!(is_closed(100 | MISSED_EVENTS, 4080));
    }

    #[test]
    fn a_file_that_cannot_be_mapped_comes_back() {
        let (_file, error) = MappedRing::map(File::open("/proc/self/stat").unwrap()).unwrap_err();
        assert_ne!(error.to_string(), "");
    }
}
