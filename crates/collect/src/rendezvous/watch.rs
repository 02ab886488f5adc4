//! Tells when a folder has something new.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify;
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::path::Path;

/// A watch over folders. What has changed is found by looking: an overflow loses nothing.
#[derive(Debug)]
pub(crate) struct Watch {
    inotify: OwnedFd,
}

impl Watch {
    pub(crate) fn new() -> Result<Self, Errno> {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        Ok(Self {
            inotify: inotify::init(flags)?,
        })
    }

    pub(crate) fn add(&self, folder: &Path) -> Result<(), Errno> {
        let what = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CREATE;
        inotify::add_watch(&self.inotify, folder, what).map(drop)
    }

    /// Whether anything has changed since this was asked last.
    pub(crate) fn take_changes(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut changed = false;
        while reader.next().is_ok() {
            changed = true;
        }
        changed
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
