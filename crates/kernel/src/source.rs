//! Where pages come from: `read` of a CPU's ring, which takes whole pages out of it.
//!
//! Pages land in memory that outlives the recorder ([`Landing`]), so that a recorder that is killed
//! loses none. Some are read before they are taken apart, so that they are written together. To map the ring would copy less and cost more: the kernel then steps over each record
//! of a page that is given back (decision 0039).
//!
//! Invariant: a page is forgotten only after the sink took it.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thalweg_kbuf::{Page, PageError, PageLayout};
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
    landing: Landing,
    /// How many pages there are at least when the ring is said to be full enough.
    burst: usize,
    /// The pages of the landing that the sink has not taken.
    pending: Range<usize>,
}

impl Source {
    /// Opens a `trace_pipe_raw`. What a dead recorder has left in `landing` comes first.
    pub(crate) fn open(
        path: &Path,
        layout: &PageLayout,
        landing: Landing,
        burst: usize,
    ) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(|error| Error::io("open", path, error))?;
        let pending = 0..landing.pages();
        Ok(Self {
            file,
            path: path.to_owned(),
            layout: *layout,
            landing,
            burst: burst.clamp(1, pending.end),
            pending,
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
        loop {
            let is_more = !self.pending.is_empty() || self.fill(extent)?;
            self.hand(decoder, emitter, sink)
                .map_err(DrainError::Sink)?;
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Hands the pages that have landed to the sink.
    fn hand<E>(
        &mut self,
        decoder: &mut Decoder,
        emitter: &mut Emitter,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        emitter.begin();
        for place in self.pending.clone() {
            if self.page(place).is_ok_and(|page| emitter.is_apart(&page)) {
                emitter.hand(sink)?;
                self.forget(place);
            }
            match self.page(place) {
                Ok(page) => emitter.add(&page, decoder),
                Err(_) => emitter.spoil_page(),
            }
        }
        emitter.hand(sink)?;
        self.forget(self.pending.end);
        Ok(())
    }

    /// The sink has taken the pages before `place`.
    fn forget(&mut self, place: usize) {
        for taken in self.pending.start..place {
            self.landing.clear(taken, self.layout.data_offset);
        }
        self.pending.start = place;
    }

    /// Reads pages, if there are some; whether there may be more.
    fn fill<E>(&mut self, extent: Extent) -> Result<bool, DrainError<E>> {
        self.pending = 0..0;
        let most = match extent {
            Extent::Full if !self.is_ready() => return Ok(false),
            Extent::Full => self.burst,
            Extent::Now | Extent::All => self.landing.pages(),
        };
        while self.pending.end < most {
            if !self.read()? {
                return Ok(false);
            }
            if extent == Extent::Now && self.is_open(self.pending.end - 1) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a page is far from full: it was the one that was being written to.
    fn is_open(&self, place: usize) -> bool {
        let page = self.page(place);
        page.is_ok_and(|page| page.data.len() < self.layout.page_bytes / 2)
    }

    fn page(&self, place: usize) -> Result<Page<'_>, PageError> {
        Page::parse(self.landing.bytes(place), &self.layout)
    }

    /// Reads the next page, if there is one.
    fn read<E>(&mut self) -> Result<bool, DrainError<E>> {
        match self.landing.read(self.pending.end, &self.file) {
            Ok(0) => Ok(false),
            Ok(_) => {
                self.pending.end += 1;
                Ok(true)
            }
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
