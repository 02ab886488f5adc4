//! A page that outlives the process that read it.
//!
//! ```text
//!   kernel ──read──▶ | page | page | page |   a memfd, one landing for each who reads
//!                        ▲ whoever else holds its descriptor finds here what was read last
//! ```
//!
//! Invariant: a read is in the memory whole, or not at all, at whatever instant the process is killed:
//! the kernel copies before it looks for signals.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create,
};
use rustix::mm::ProtFlags;

use crate::mapping::Mapping;

/// One page of a memfd that [`Self::file`] made. Who has the file and does not read leaves the memory
/// alone while somebody who reads is alive.
#[derive(Debug)]
pub struct Landing {
    mapping: Mapping,
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

    /// Maps one of a file's pages.
    ///
    /// # Errors
    /// The file has no such page, or could be made shorter.
    pub fn map(file: impl AsFd, index: usize, page_bytes: usize) -> io::Result<Self> {
        let size = rustix::fs::fstat(&file)?.st_size.cast_unsigned();
        let begin = (index * page_bytes) as u64;
        let is_sealed = fcntl_get_seals(&file)?.contains(SealFlags::SHRINK);
        if !is_sealed || begin + page_bytes as u64 > size {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let mapping = Mapping::new(file.as_fd(), page_bytes, begin, access)?;
        Ok(Self { mapping })
    }

    /// What was read last.
    pub fn bytes(&self) -> &[u8] {
        self.mapping.stable_bytes(0, self.mapping.len())
    }

    /// Lets the kernel read into it, from the beginning; what is behind is zero then.
    ///
    /// # Errors
    /// The kernel's; the page is as it was.
    pub fn read(&mut self, from: impl AsFd) -> io::Result<usize> {
        let bytes = self.mapping.own_bytes();
        let len = rustix::io::read(from, &mut *bytes)?;
        bytes[len..].fill(0);
        Ok(len)
    }

    /// Makes it all zero from the beginning on: what was read is needed no more.
    pub fn clear(&mut self, len: usize) {
        self.mapping.own_bytes()[..len].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_was_read_is_found_by_who_holds_the_file() {
        let file = Landing::file(2, 4096).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"page").unwrap();
        let mut second = Landing::map(&file, 1, 4096).unwrap();
        assert_eq!(second.read(&reader).unwrap(), 4);
        drop(second);
        let again = Landing::map(&file, 1, 4096).unwrap();
        assert_eq!(&again.bytes()[..6], b"page\0\0");
        assert_eq!(again.bytes().len(), 4096);
        assert_eq!(Landing::map(&file, 0, 4096).unwrap().bytes()[..4], [0; 4]);
    }

    #[test]
    fn a_shorter_read_leaves_nothing_of_the_longer_one() {
        let file = Landing::file(1, 4096).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        let mut page = Landing::map(&file, 0, 4096).unwrap();
        for (text, kept) in [(&b"longer"[..], &b"longer"[..]), (b"two", b"two\0\0\0")] {
            writer.write_all(text).unwrap();
            page.read(&reader).unwrap();
            assert_eq!(&page.bytes()[..6], kept);
        }
        page.clear(2);
        assert_eq!(&page.bytes()[..3], b"\0\0o");
    }

    #[test]
    fn a_page_that_is_not_there_is_refused() {
        let file = Landing::file(1, 4096).unwrap();
        assert!(Landing::map(&file, 1, 4096).is_err());
        let unsealed = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&unsealed, 4096).unwrap();
        assert!(Landing::map(&unsealed, 0, 4096).is_err());
    }
}
