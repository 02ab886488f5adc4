//! Pages that outlive the process that read them.
//!
//! ```text
//!   kernel ──read──▶ | page | page | … | page | page | … |   a memfd, one landing for each who reads
//!                        ▲ whoever else holds its descriptor finds here what was read last
//! ```
//!
//! Invariant: a read is in its page whole, or not at all, at whatever instant the process is killed:
//! the kernel copies before it looks for signals.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create,
};
use rustix::mm::ProtFlags;

use crate::mapping::Mapping;

/// Pages of a memfd that [`Self::file`] made. Who has the file and does not read leaves the memory
/// alone while somebody who reads is alive.
#[derive(Debug)]
pub struct Landing {
    mapping: Mapping,
    page_bytes: usize,
}

impl Landing {
    /// A file with room for so many pages, which have the size of the machine's or a multiple.
    ///
    /// # Errors
    /// There is no memory.
    pub fn file(pages: usize, page_bytes: usize) -> io::Result<OwnedFd> {
        let file = memfd_create(
            "thalweg-pages",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        ftruncate(&file, (pages * page_bytes) as u64)?;
        // Memory that is touched behind a file's end is a fault.
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW)?;
        Ok(file)
    }

    /// Maps so many of a file's pages, behind as many for each landing before it.
    ///
    /// # Errors
    /// The file has no such pages, or could be made shorter.
    pub fn map(
        file: impl AsFd,
        index: usize,
        (pages, page_bytes): (usize, usize),
    ) -> io::Result<Self> {
        let size = rustix::fs::fstat(&file)?.st_size.cast_unsigned();
        let len = pages * page_bytes;
        let begin = (index * len) as u64;
        let is_sealed = fcntl_get_seals(&file)?.contains(SealFlags::SHRINK);
        if !is_sealed || begin + len as u64 > size {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let mapping = Mapping::new(file.as_fd(), len, begin, access)?;
        Ok(Self {
            mapping,
            page_bytes,
        })
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.mapping.len() / self.page_bytes
    }

    /// What was read last into a page.
    pub fn bytes(&self, page: usize) -> &[u8] {
        self.mapping
            .stable_bytes(page * self.page_bytes, self.page_bytes)
    }

    /// Lets the kernel read into a page, from its beginning; what is behind is zero then.
    ///
    /// # Errors
    /// The kernel's; the page is as it was.
    pub fn read(&mut self, page: usize, from: impl AsFd) -> io::Result<usize> {
        let bytes = self.page_mut(page);
        let len = rustix::io::read(from, &mut *bytes)?;
        bytes[len..].fill(0);
        Ok(len)
    }

    /// Makes a page all zero from its beginning on: what was read is needed no more.
    pub fn clear(&mut self, page: usize, len: usize) {
        self.page_mut(page)[..len].fill(0);
    }

    fn page_mut(&mut self, page: usize) -> &mut [u8] {
        let begin = page * self.page_bytes;
        &mut self.mapping.own_bytes()[begin..begin + self.page_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_was_read_is_found_by_who_holds_the_file() {
        let file = Landing::file(4, 4096).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        let mut second = Landing::map(&file, 1, (2, 4096)).unwrap();
        assert_eq!(second.pages(), 2);
        for (page, text) in [b"page", b"next"].into_iter().enumerate() {
            writer.write_all(text).unwrap();
            assert_eq!(second.read(page, &reader).unwrap(), 4);
        }
        drop(second);
        let again = Landing::map(&file, 1, (2, 4096)).unwrap();
        assert_eq!(&again.bytes(0)[..6], b"page\0\0");
        assert_eq!(&again.bytes(1)[..6], b"next\0\0");
        assert_eq!(again.bytes(1).len(), 4096);
        let first = Landing::map(&file, 0, (2, 4096)).unwrap();
        assert_eq!(first.bytes(1)[..4], [0; 4]);
    }

    #[test]
    fn a_shorter_read_leaves_nothing_of_the_longer_one() {
        let file = Landing::file(1, 4096).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        let mut page = Landing::map(&file, 0, (1, 4096)).unwrap();
        for (text, kept) in [(&b"longer"[..], &b"longer"[..]), (b"two", b"two\0\0\0")] {
            writer.write_all(text).unwrap();
            page.read(0, &reader).unwrap();
            assert_eq!(&page.bytes(0)[..6], kept);
        }
        page.clear(0, 2);
        assert_eq!(&page.bytes(0)[..3], b"\0\0o");
    }

    #[test]
    fn a_page_that_is_not_there_is_refused() {
        let file = Landing::file(1, 4096).unwrap();
        assert!(Landing::map(&file, 1, (1, 4096)).is_err());
        let unsealed = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&unsealed, 4096).unwrap();
        assert!(Landing::map(&unsealed, 0, (1, 4096)).is_err());
    }
}
