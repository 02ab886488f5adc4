//! Where pages come from: `read` of a CPU's ring, which takes whole pages out of it.
//!
//! A page lands in memory that outlives the recorder ([`Landing`]), so that a recorder that is killed
//! loses none. To map the ring would copy less and cost more: the kernel then steps over each record
//! of a page that is given back (decision 0039).
//!
//! Invariant: a page is forgotten only after the sink took it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thalweg_kbuf::{Cursor, Page, PageLayout};
use thalweg_sys::Landing;

use crate::cpu::{Emitter, Sink};
use crate::decoder::Decoder;
use crate::{DrainError, Error};

/// How far to drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// As far as the ring is filled enough for a waiter to be woken.
    Full,
    /// What is committed now, once. Writing it down makes events too: who went on until nothing
    /// is left would never end.
    Now,
    /// Everything that is committed, of a ring that records no more.
    All,
}

/// `ENODEV`.
const NO_DEVICE: i32 = rustix::io::Errno::NODEV.raw_os_error();

/// A CPU's ring.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    path: PathBuf,
    layout: PageLayout,
    page: Landing,
    /// Whether `page` may hold one that the sink has not taken.
    pending: bool,
}

impl Source {
    /// Opens a `trace_pipe_raw`. What a dead recorder has left in `page` comes first.
    pub(crate) fn open(path: &Path, layout: &PageLayout, page: Landing) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(|error| Error::io("open", path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            layout: *layout,
            page,
            pending: true,
        })
    }

    /// Hands what is there to the sink.
    pub(crate) fn drain<E>(
        &mut self,
        extent: Extent,
        decoder: &mut Decoder,
        emitter: &mut Emitter,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), DrainError<E>> {
        while self.pending || self.next(extent)? {
            self.pending = true;
            let mut is_last = false;
            match Page::parse(self.page.bytes(), &self.layout) {
                Ok(page) => {
                    // A page that is far from full is the one that was being written to; an empty one
                    // is what nobody has left here.
                    let is_open = (1..self.layout.page_bytes / 2).contains(&page.data.len());
                    is_last = extent == Extent::Now && is_open;
                    let mut cursor = Cursor::start(page.stamp);
                    emitter
                        .emit(&page, &mut cursor, decoder, sink)
                        .map_err(DrainError::Sink)?;
                }
                Err(_) => emitter.spoil_page(),
            }
            self.page.clear(self.layout.data_offset);
            self.pending = false;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Reads the next page, if there is one.
    fn next<E>(&mut self, extent: Extent) -> Result<bool, DrainError<E>> {
        if extent == Extent::Full && !self.is_ready() {
            return Ok(false);
        }
        match self.page.read(&self.file) {
            Ok(0) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // A CPU that was off at the start, and has not come yet, has no ring.
            Err(error) if error.raw_os_error() == Some(NO_DEVICE) => Ok(false),
            Err(error) => {
                let error = Error::io("read a page of", &self.path, error);
                Err(DrainError::Kernel(error))
            }
        }
    }

    /// Whether as much is there as the instance's `buffer_percent` says.
    fn is_ready(&self) -> bool {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
