//! Memory to work in while setting up: a signal handler's stack may be small, and nothing here
//! allocates.

use crate::sys;
use core::ptr::NonNull;
use thalweg_abi::advert::MAX_LEN;
use thalweg_filter::Room;

/// Zeroed memory is a valid one.
#[repr(C)]
pub(crate) struct Memory {
    /// A text of the kernel's.
    pub(crate) text: [u8; 1024],
    /// The bytes of a file, before they are written.
    pub(crate) output: [u8; 512],
    /// Entries of a folder.
    pub(crate) entries: [u64; 256],
    /// The text of an advert.
    pub(crate) advert: [u8; MAX_LEN],
    /// Where filters are linked.
    pub(crate) room: Room,
}

/// Pages of their own, given back when dropped.
pub(crate) struct Work(NonNull<Memory>);

impl Work {
    pub(crate) fn new() -> Option<Self> {
        let pages = sys::pages(size_of::<Memory>())?;
        NonNull::new(pages.cast()).map(Self)
    }

    pub(crate) fn memory(&mut self) -> &mut Memory {
        // SAFETY: zeroed pages of that size, which are this value's alone.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        sys::unmap(self.0.as_ptr().cast(), size_of::<Memory>());
    }
}
