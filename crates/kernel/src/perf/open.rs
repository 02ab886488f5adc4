//! Events opened for whom they are about: whole CPUs, or tracked threads.
//!
//! ```text
//!   everything: one for each CPU            tracked: one for each thread and CPU, which what the thread
//!                                           starts inherits
//! ```
//!
//! A thread that begins between two looks at the list may have inherited the events or not: then all are
//! opened anew, until no thread has begun meanwhile.

use std::io;

use rustix::io::Errno;
use thalweg_sys::{PerfAttr, PerfEvent, PerfTarget};

use super::refusal::Asked;
use crate::{Error, Track};

/// Tries, until no thread begins meanwhile.
const TRIES: u32 = 20;

/// Whose doings are counted and sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerfScope {
    /// Everybody's, on each CPU.
    Everything,
    /// Those of some threads and of all that they start.
    Tracked(Track),
}

impl PerfScope {
    /// Opens what `open` does for the threads; whether no thread began meanwhile.
    pub(super) fn settle<T>(
        &self,
        mut open: impl FnMut(Option<&[u32]>) -> Result<T, Error>,
    ) -> Result<(T, bool), Error> {
        let Self::Tracked(track) = self else {
            return Ok((open(None)?, true));
        };
        let mut tries = 0;
        loop {
            let threads = track.threads(true)?;
            let list: Vec<u32> = threads.iter().copied().collect();
            let opened = open(Some(&list))?;
            let is_settled = track.threads(false)?.is_subset(&threads);
            tries += 1;
            if is_settled || tries == TRIES {
                return Ok((opened, is_settled));
            }
        }
    }
}

/// An event on each of the CPUs: the CPU's, or each thread's there.
pub(super) fn open_on(
    cpus: &[u32],
    threads: Option<&[u32]>,
    attr: &PerfAttr,
    asked: Asked<'_>,
) -> Result<Vec<(u32, PerfEvent)>, Error> {
    let mut opened = Vec::new();
    for &cpu in cpus {
        let Some(threads) = threads else {
            let event = PerfEvent::open(attr, PerfTarget::Cpu(cpu));
            opened.push((cpu, event.map_err(|error| asked.refused(&error))?));
            continue;
        };
        let attr = PerfAttr {
            flags: attr.flags | PerfAttr::INHERIT,
            ..*attr
        };
        for &thread in threads {
            match PerfEvent::open(&attr, PerfTarget::ThreadOnCpu(thread, cpu)) {
                Ok(event) => opened.push((cpu, event)),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(asked.refused(&error)),
            }
        }
    }
    Ok(opened)
}

/// Whether the thread has ended.
pub(super) fn is_gone(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::SRCH)
}
