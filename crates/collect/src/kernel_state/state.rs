//! A recording's state dump on its way to disk.

use std::time::Instant;

use super::WantedState;
use super::taker::{Batch, PATIENCE, Ready, Taker};
use crate::clock::SessionClock;
use crate::kernel_disk::KernelDisk;
use crate::sink::SinkError;

/// The dump, from its declaration on.
pub(crate) struct KernelState {
    clock: SessionClock,
    wanted: WantedState,
    ids: Vec<u32>,
    /// One is asked for while one is being taken.
    again: bool,
    taker: Option<Taker>,
    /// Processes that there was no time for.
    left: u64,
}

impl KernelState {
    /// One that is not begun yet.
    pub(crate) fn new(clock: SessionClock, wanted: WantedState) -> Self {
        Self {
            clock,
            wanted,
            again: false,
            ids: Vec::new(),
            taker: None,
            left: 0,
        }
    }

    /// Declares its events.
    pub(crate) fn declare(&mut self, disk: &mut KernelDisk, begin: u64) -> Result<(), SinkError> {
        self.ids = disk.declare_state(begin)?;
        Ok(())
    }

    /// Begins: what happens from now on is recorded otherwise. If one is being taken, another follows.
    pub(crate) fn begin(&mut self) {
        match self.taker {
            Some(_) => self.again = true,
            None => self.taker = Taker::begin(self.clock.clone(), self.wanted),
        }
    }

    /// Writes what is ready; whether there is more to come.
    pub(crate) fn drain(&mut self, disk: &mut KernelDisk) -> bool {
        while let Some(taker) = &self.taker {
            match taker.ready() {
                Ready::Batch(batch) => self.take(batch, disk),
                Ready::NotYet => return true,
                Ready::Over => {
                    self.taker = None;
                    if std::mem::take(&mut self.again) {
                        self.begin();
                    }
                }
            }
        }
        false
    }

    /// Writes what is left to come, and waits for it.
    pub(crate) fn drain_all(&mut self, disk: &mut KernelDisk) {
        let end = Instant::now() + 2 * PATIENCE;
        while let Some(batch) = self.taker.as_ref().and_then(|taker| taker.next(end)) {
            self.take(batch, disk);
        }
        self.taker = None;
    }

    fn take(&mut self, batch: Batch, disk: &mut KernelDisk) {
        match batch {
            Batch::Events(events) => disk.take_state(&self.ids, &events),
            Batch::Left(left) => self.left += left,
        }
    }

    /// What a user should know of it.
    pub(crate) fn note(&self) -> Option<String> {
        let (left, seconds) = (self.left, PATIENCE.as_secs());
        (left > 0).then(|| {
            format!("the kernel's state dump took {seconds} s and had no time for all of {left} processes")
        })
    }
}
