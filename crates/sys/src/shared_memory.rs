//! Memory of another process, mapped: words that anybody may change at any time.

use rustix::fd::AsFd;
use rustix::fs::{SealFlags, fcntl_get_seals, fstat};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::AtomicU64;

/// A mapped memfd that is sealed against shrinking, so that touching it cannot fault.
#[derive(Debug)]
pub struct SharedMemory {
    base: NonNull<AtomicU64>,
    len: usize,
}

// SAFETY: the mapping is not tied to a thread, and all access to it is through atomics.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// Maps all of `file`, which must be a memfd of `len` bytes with the seals.
    pub fn map(file: impl AsFd, len: usize) -> Result<Self, Errno> {
        let needed = SealFlags::SHRINK | SealFlags::GROW;
        if !fcntl_get_seals(&file)?.contains(needed) {
            return Err(Errno::PERM);
        }
        if fstat(&file)?.st_size != i64::try_from(len).map_err(|_| Errno::OVERFLOW)? {
            return Err(Errno::INVAL);
        }
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::NORESERVE;
        // SAFETY: the kernel chooses an address that nobody uses.
        let base = unsafe { mmap(std::ptr::null_mut(), len, protection, flags, file, 0) }?;
        let base = NonNull::new(base.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { base, len })
    }

    /// All words of the memory. Words without memory behind them get some when they are touched.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: mapped and page-aligned as long as `self` lives; the seals keep the file from
        // shrinking; atomics may be shared with whoever else writes there.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.len / 8) }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: our own mapping, and every borrow of it has ended.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{MemfdFlags, fcntl_add_seals, ftruncate, memfd_create};
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn only_sealed_memory_of_the_right_size_is_mapped() {
        let file = memfd_create("test", MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, 8192).unwrap();
        assert_eq!(SharedMemory::map(&file, 8192).err(), Some(Errno::PERM));
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW).unwrap();
        assert_eq!(SharedMemory::map(&file, 4096).err(), Some(Errno::INVAL));
        let one = SharedMemory::map(&file, 8192).unwrap();
        let other = SharedMemory::map(&file, 8192).unwrap();
        one.words()[1023].store(7, Relaxed);
        assert_eq!(other.words()[1023].load(Relaxed), 7);
    }
}
