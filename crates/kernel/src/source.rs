//! Where pages come from: the mapped ring, or `read`.
//!
//! Invariant: a page is given back (mapped) or forgotten (read) only after the sink took it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thalweg_kbuf::{Cursor, Page, PageLayout};
use thalweg_sys::MappedRing;

use crate::cpu::{Emitter, Sink};
use crate::decoder::Decoder;
use crate::{DrainError, Error};

/// How far to drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Pages that the kernel has filled.
    Full,
    /// What is committed now, once. Writing it down makes events too: who went on until nothing
    /// is left would never end.
    Now,
    /// Everything that is committed, of a ring that records no more.
    All,
}

/// A CPU's ring.
#[derive(Debug)]
pub(crate) enum Source {
    Mapped(Mapped),
    Read(Pipe),
}

impl Source {
    /// Opens a `trace_pipe_raw`; why it is not mapped comes beside.
    pub(crate) fn open(
        path: &Path,
        layout: &PageLayout,
        map: bool,
    ) -> Result<(Self, Option<String>), Error> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(|error| Error::io("open", path, error))?;
        if !map || layout.commit_bytes != 8 {
            return Ok((Self::Read(Pipe::new(file, layout)), None));
        }
        Ok(match MappedRing::map(file) {
            Ok(ring) => (Self::Mapped(Mapped { ring, at: None }), None),
            Err((file, error)) => (Self::Read(Pipe::new(file, layout)), Some(error.to_string())),
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
        match self {
            Self::Mapped(mapped) => mapped.drain(extent, decoder, emitter, sink),
            Self::Read(pipe) => pipe.drain(extent, decoder, emitter, sink),
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Mapped(mapped) => mapped.ring.as_fd(),
            Self::Read(pipe) => pipe.file.as_fd(),
        }
    }
}

/// A mapped ring and how far its reader's page has been handed on.
#[derive(Debug)]
pub(crate) struct Mapped {
    ring: MappedRing,
    /// The page and the place in it.
    at: Option<(u32, Cursor)>,
}

impl Mapped {
    /// A page that the kernel still writes to is never given back: when it is handed on as far as
    /// it is committed, the kernel answers `advance` with the same page.
    fn drain<E>(
        &mut self,
        extent: Extent,
        decoder: &mut Decoder,
        emitter: &mut Emitter,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), DrainError<E>> {
        // The first `advance` on a page that is all read may only tell the kernel so.
        let mut fruitless = 0;
        while fruitless < 2 {
            let (open, news) = self.page(extent, decoder, emitter, sink)?;
            if open && extent != Extent::All {
                return Ok(());
            }
            fruitless = if news { 0 } else { fruitless + 1 };
            self.ring
                .advance()
                .map_err(failed("take the next page of"))?;
        }
        Ok(())
    }

    /// Hands on what is new on the reader's page; whether the kernel still writes to it, and
    /// whether anything was new.
    fn page<E>(
        &mut self,
        extent: Extent,
        decoder: &mut Decoder,
        emitter: &mut Emitter,
        sink: &mut Sink<'_, E>,
    ) -> Result<(bool, bool), DrainError<E>> {
        let page = self
            .ring
            .reader_page()
            .map_err(failed("find the page of"))?;
        let mut cursor = match self.at {
            Some((id, cursor)) if id == page.id => cursor,
            _ => Cursor::start(page.stamp),
        };
        // The page that a new ring's reader has is empty and never written to: not open.
        let open = !page.is_closed() && page.commit != 0;
        let Ok(committed) = Page::from_parts(page.stamp, page.commit, page.data) else {
            if cursor.offset == 0 {
                emitter.spoil_page();
                cursor.offset = page.capacity;
            }
            self.at = Some((page.id, cursor));
            return Ok((false, false));
        };
        let news = cursor.offset < committed.data.len();
        if news && !(open && extent == Extent::Full) {
            emitter
                .emit(&committed, &mut cursor, decoder, sink)
                .map_err(DrainError::Sink)?;
            // Padding may end the page before its last byte.
            cursor.offset = committed.data.len();
        }
        self.at = Some((page.id, cursor));
        Ok((open, news))
    }
}

/// `ENODEV`.
const NO_DEVICE: i32 = rustix::io::Errno::NODEV.raw_os_error();

/// A ring that is read page by page.
#[derive(Debug)]
pub(crate) struct Pipe {
    file: File,
    layout: PageLayout,
    page: Vec<u8>,
    /// Whether `page` holds one that the sink has not taken.
    pending: bool,
}

impl Pipe {
    fn new(file: File, layout: &PageLayout) -> Self {
        let page = vec![0; layout.page_bytes];
        Self {
            file,
            layout: *layout,
            page,
            pending: false,
        }
    }

    fn drain<E>(
        &mut self,
        extent: Extent,
        decoder: &mut Decoder,
        emitter: &mut Emitter,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), DrainError<E>> {
        while self.pending || self.next(extent)? {
            self.pending = true;
            let mut is_last = false;
            match Page::parse(&self.page, &self.layout) {
                Ok(page) => {
                    // A page that is far from full is the one that was being written to.
                    is_last = extent == Extent::Now && page.data.len() < self.page.len() / 2;
                    let mut cursor = Cursor::start(page.stamp);
                    emitter
                        .emit(&page, &mut cursor, decoder, sink)
                        .map_err(DrainError::Sink)?;
                }
                Err(_) => emitter.spoil_page(),
            }
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
        match self.file.read(&mut self.page) {
            Ok(0) => Ok(false),
            Ok(len) => {
                self.page[len..].fill(0);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // A CPU that was off at the start, and has not come yet, has no ring.
            Err(error) if error.raw_os_error() == Some(NO_DEVICE) => Ok(false),
            Err(error) => Err(failed("read a page of")(error)),
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

fn failed<E>(doing: &'static str) -> impl Fn(io::Error) -> DrainError<E> {
    move |error| DrainError::Kernel(Error::io(doing, Path::new("trace_pipe_raw"), error))
}
