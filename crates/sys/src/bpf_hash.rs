//! Tables that programs fill: keys, each with a value for each CPU, or one.
//!
//! ```text
//!   key | value of CPU 0 | value of CPU 1 | …      each value rounded up to 8 bytes
//! ```
//!
//! Invariant: the kernel reads and writes exactly the buffers whose lengths were computed here.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::bpf::{Attr, create_map};

const TYPE_HASH: u32 = 1;
const TYPE_PERCPU_HASH: u32 = 5;
const LOOKUP_AND_DELETE_BATCH: libc::c_long = 25;

/// Entries that are taken at once; the kernel wants room for all that share a bucket.
const BATCH: usize = 1024;

/// A table with room for a number of keys that is fixed when it is made.
#[derive(Debug)]
pub struct BpfHash {
    fd: OwnedFd,
    key_bytes: usize,
    /// Of all CPUs.
    value_bytes: usize,
}

impl BpfHash {
    /// A table with one value for a key.
    ///
    /// # Errors
    /// The kernel refuses: no right to it, no memory, or no such map.
    pub fn new(key_bytes: u32, value_bytes: u32, entries: u32) -> io::Result<Self> {
        Self::of_type(TYPE_HASH, (key_bytes, value_bytes), entries, 1)
    }

    /// A table with a value for each of `cpus`, which is how many the kernel calls possible.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn for_each_cpu(
        key_bytes: u32,
        value_bytes: u32,
        entries: u32,
        cpus: u32,
    ) -> io::Result<Self> {
        Self::of_type(TYPE_PERCPU_HASH, (key_bytes, value_bytes), entries, cpus)
    }

    fn of_type(kind: u32, sizes: (u32, u32), entries: u32, cpus: u32) -> io::Result<Self> {
        let fd = create_map(kind, sizes, entries)?;
        Ok(Self {
            fd,
            key_bytes: sizes.0 as usize,
            value_bytes: sizes.1.next_multiple_of(8) as usize * cpus as usize,
        })
    }

    /// Takes every entry out of the table: its key, and the values of all CPUs in their order. No program
    /// may use the table meanwhile, if none is to be missed.
    ///
    /// # Errors
    /// The kernel has no such command (before Linux 5.6), or no memory.
    pub fn drain(&self, mut each: impl FnMut(&[u8], &[u8])) -> io::Result<()> {
        let mut batch = Batch::new(self, BATCH);
        loop {
            let done = match batch.take(self) {
                Ok(()) => false,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => {
                    batch = Batch::new(self, batch.room * 2);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let keys = batch.keys.chunks_exact(self.key_bytes);
            let values = batch.values.chunks_exact(self.value_bytes);
            let entries = keys.zip(values).take(batch.count as usize);
            entries.for_each(|(key, value)| each(key, value));
            // What was taken is gone: it is begun from the front again.
            batch.count = 0;
            if done {
                return Ok(());
            }
        }
    }
}

impl AsFd for BpfHash {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Room for some entries, and where to go on.
struct Batch {
    room: usize,
    /// Entries in it.
    count: u32,
    keys: Vec<u8>,
    values: Vec<u8>,
    /// What the kernel says of where it stopped; it begins at the front without.
    token: [u8; 64],
    goes_on: bool,
}

impl Batch {
    fn new(table: &BpfHash, room: usize) -> Self {
        Self {
            room,
            count: 0,
            keys: vec![0; table.key_bytes * room],
            values: vec![0; table.value_bytes * room],
            token: [0; 64],
            goes_on: false,
        }
    }

    fn take(&mut self, table: &BpfHash) -> io::Result<()> {
        let before = self.token;
        let attr = Attr::new()
            .pointer(8, self.token.as_mut_ptr())
            .pointer(16, self.keys.as_mut_ptr())
            .pointer(24, self.values.as_mut_ptr())
            .u32(32, u32::try_from(self.room).unwrap_or(u32::MAX))
            .fd(36, table.as_fd());
        let attr = match self.goes_on {
            true => attr.pointer(0, before.as_ptr()),
            false => attr,
        };
        // SAFETY: there is room for `room` keys and values of the table's sizes, and for the token, which
        // is 4 bytes of a hash.
        let (result, count) = unsafe { attr.call_and_read(LOOKUP_AND_DELETE_BATCH, 32) };
        let is_end = matches!(&result, Err(error) if error.raw_os_error() == Some(libc::ENOENT));
        // With any other error the kernel has written no entry.
        self.count = if result.is_ok() || is_end { count } else { 0 };
        self.goes_on = result.is_ok();
        result.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_has_no_entries() {
        let Ok(table) = BpfHash::new(4, 8, 16) else {
            eprintln!("no right to make a map here");
            return;
        };
        let mut entries = 0;
        table.drain(|_, _| entries += 1).unwrap();
        assert_eq!(entries, 0);
    }
}
