//! Who writes many pages: a thread of its own, so that the next ones are put together meanwhile.
//!
//! ```text
//!   recorder: encode ── encode ── encode ──┐ settle
//!                 └ send ┐       └ send ┐  │
//!   courier:             write ────┘    write ──┘
//! ```
//!
//! One write is under way at a time. Without a thread, and where the disk has no file for one, the
//! write is done by whoever sends it.

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::disk::{Disk, HostDisk, write_all};
use super::pages::Pages;
use crate::urgency;

/// What became of a write; if it failed, how many bytes were written before.
pub(super) type Outcome = Result<(), (u64, io::Error)>;

/// So many pages, for a place in a file.
struct Parcel {
    file: File,
    pages: Pages,
    count: usize,
    at: u64,
}

/// A write that was begun.
pub(super) enum Write {
    /// It is over already.
    Done(Pages, Outcome),
    /// The courier has it.
    Away,
}

/// The thread, and the ways to it and back.
struct Worker {
    to: Sender<Parcel>,
    from: Receiver<(Pages, Outcome)>,
    thread: JoinHandle<()>,
}

/// Begins writes, and says what became of them. The thread is started at the first one.
#[derive(Default)]
pub(super) struct Courier {
    worker: Option<Worker>,
    /// No thread can be had.
    is_alone: bool,
}

impl Courier {
    /// Begins to write the first `count` pages. Before the next [`send`](Self::send), what became of
    /// this one is to be asked.
    pub(super) fn send<D: Disk>(
        &mut self,
        disk: &D,
        file: &D::File,
        (pages, count): (Pages, usize),
        at: u64,
    ) -> Write {
        let parcel = match disk.for_courier(file) {
            Some(file) => Parcel {
                file,
                pages,
                count,
                at,
            },
            None => return write_here(disk, file, (pages, count), at),
        };
        let Some(worker) = self.worker() else {
            return write_here(disk, file, (parcel.pages, count), at);
        };
        match worker.to.send(parcel) {
            Ok(()) => Write::Away,
            Err(refused) => write_here(disk, file, (refused.0.pages, count), at),
        }
    }

    fn worker(&mut self) -> Option<&Worker> {
        if self.worker.is_none() && !self.is_alone {
            self.worker = Worker::start().ok();
            self.is_alone = self.worker.is_none();
        }
        self.worker.as_ref()
    }

    /// Waits for the end of a write.
    pub(super) fn settle(&self, write: Write) -> (Pages, Outcome) {
        let gone = || {
            let error = io::Error::other("the thread that writes is gone");
            (Pages::default(), Err((0, error)))
        };
        match (write, &self.worker) {
            (Write::Done(pages, outcome), _) => (pages, outcome),
            (Write::Away, Some(worker)) => worker.from.recv().unwrap_or_else(|_| gone()),
            (Write::Away, None) => gone(),
        }
    }
}

fn write_here<D: Disk>(disk: &D, file: &D::File, (pages, count): (Pages, usize), at: u64) -> Write {
    let outcome = write_all(disk, file, &mut [IoSlice::new(pages.first(count))], at);
    Write::Done(pages, outcome)
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (to, parcels) = channel::<Parcel>();
        let (done, from) = channel();
        let work = move || {
            urgency::claim();
            for Parcel {
                file,
                pages,
                count,
                at,
            } in parcels
            {
                let bytes = IoSlice::new(pages.first(count));
                let outcome = write_all(&HostDisk, &file, &mut [bytes], at);
                drop(file);
                if done.send((pages, outcome)).is_err() {
                    return;
                }
            }
        };
        let name = "thalweg-courier".to_owned();
        let thread = thread::Builder::new().name(name).spawn(work)?;
        Ok(Self { to, from, thread })
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        if let Some(Worker { to, from, thread }) = self.worker.take() {
            drop((to, from));
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn pages_come_back_and_are_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = HostDisk.create(&folder.path().join("f")).unwrap();
        let mut courier = Courier::default();
        for turn in 0..3_u8 {
            let mut pages = Pages::new(3);
            pages.first_mut(2).fill(turn);
            let write = courier.send(&HostDisk, &file, (pages, 2), u64::from(turn) * 8192);
            assert!(matches!(write, Write::Away));
            let (pages, outcome) = courier.settle(write);
            assert!(outcome.is_ok());
            assert_eq!(pages.count(), 3);
        }
        let mut found = [9; 3];
        let read = File::open(folder.path().join("f")).unwrap();
        for (turn, byte) in (0..).zip(&mut found) {
            read.read_exact_at(std::slice::from_mut(byte), turn * 8192 + 8191)
                .unwrap();
        }
        assert_eq!(found, [0, 1, 2]);
    }

    #[test]
    fn a_write_that_fails_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        drop(HostDisk.create(&path).unwrap());
        let read_only = File::open(&path).unwrap();
        let mut courier = Courier::default();
        let write = courier.send(&HostDisk, &read_only, (Pages::new(1), 1), 0);
        let (pages, outcome) = courier.settle(write);
        assert_eq!(outcome.unwrap_err().0, 0);
        assert_eq!(pages.count(), 1);
    }
}
