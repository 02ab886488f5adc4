//! Counters of the thread's, which the kernel keeps: a descriptor for each, opened when a thread's first
//! event needs it.
//!
//! ```text
//!   NONE ──open──▶ descriptor + 1, with the id that the kernel gave the counter
//!     └─ refused ─▶ REFUSED: 0 from then on
//! ```
//!
//! A thread's descriptors are closed when another thread gets its block. A forked child closes all that
//! it has from its parent.
//!
//! Invariant: a descriptor is read or closed only if it is still the counter: the program may have closed
//! it, and have another file with its number.

use crate::sys::{self, ErrnoKept, Fd};
use core::sync::atomic::{
    AtomicI32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many counters a thread can have.
pub(crate) const MOST: usize = 8;

const NONE: i32 = 0;
const REFUSED: i32 = i32::MIN;

/// One counter. Zeroed memory is a valid one.
#[repr(C)]
pub(crate) struct Counter {
    kind: AtomicU64,
    config: AtomicU64,
    id: AtomicU64,
    state: AtomicI32,
}

/// What is open in this process, for its children: the number and the id. What there is no room for stays
/// open in them until they execute another program.
static OPEN: [(AtomicI32, AtomicU64); 1024] =
    [const { (AtomicI32::new(NONE), AtomicU64::new(0)) }; 1024];

/// The value of a counter of this thread; `None` if there is none to be had.
pub(crate) fn read(counters: &[Counter; MOST], kind: u32, config: u64) -> Option<u64> {
    let _errno = ErrnoKept::new();
    let kind = u64::from(kind);
    let is_it = |counter: &&Counter| {
        counter.state.load(Acquire) != NONE
            && counter.kind.load(Relaxed) == kind
            && counter.config.load(Relaxed) == config
    };
    let known = counters.iter().find(is_it);
    known.or_else(|| open(counters, kind, config))?.value()
}

/// Opens a counter in a free place. A handler that interrupts this may open it as well: then the thread
/// has it twice.
fn open(counters: &[Counter; MOST], kind: u64, config: u64) -> Option<&Counter> {
    let is_free = |counter: &&Counter| counter.state.load(Relaxed) == NONE;
    let counter = counters.iter().find(is_free)?;
    let opened = sys::open_counter(kind as u32, config).map(sys::move_up);
    let id = opened.as_ref().and_then(sys::counter_id);
    counter.kind.store(kind, Relaxed);
    counter.config.store(config, Relaxed);
    counter.id.store(id.unwrap_or(0), Relaxed);
    let state = match (opened, id) {
        (Some(fd), Some(id)) => {
            remember(fd.0, id);
            let state = fd.0 + 1;
            core::mem::forget(fd);
            state
        }
        _ => REFUSED,
    };
    // ORDER(counter): Release, pairs with the Acquire load in `read`.
    counter.state.store(state, Release);
    Some(counter)
}

impl Counter {
    fn value(&self) -> Option<u64> {
        let fd = still(self.state.load(Relaxed), self.id.load(Relaxed))?;
        let mut value = [0; 8];
        let len = sys::read(&fd, &mut value);
        core::mem::forget(fd);
        (len == value.len()).then(|| u64::from_le_bytes(value))
    }

    /// Closes it, for another thread's use of its place.
    pub(crate) fn close(&self) {
        let state = self.state.swap(NONE, Relaxed);
        if state == NONE {
            return;
        }
        let _errno = ErrnoKept::new();
        drop(still(state, self.id.load(Relaxed)));
        forget(state);
    }
}

/// The descriptor, if it is still the counter's.
fn still(state: i32, id: u64) -> Option<Fd> {
    if state <= NONE {
        return None;
    }
    let fd = Fd(state - 1);
    if sys::counter_id(&fd) == Some(id) {
        return Some(fd);
    }
    core::mem::forget(fd);
    None
}

fn remember(fd: i32, id: u64) {
    for (state, known) in &OPEN {
        if state
            .compare_exchange(NONE, REFUSED, Acquire, Relaxed)
            .is_ok()
        {
            known.store(id, Relaxed);
            // ORDER(open counter): Release, pairs with the Acquire load in `close_inherited`.
            state.store(fd + 1, Release);
            return;
        }
    }
}

fn forget(closed: i32) {
    if closed > NONE {
        for (state, _) in &OPEN {
            let _ = state.compare_exchange(closed, NONE, Relaxed, Relaxed);
        }
    }
}

/// In a forked child: its parent's counters are none of its own.
pub(crate) fn close_inherited() {
    let _errno = ErrnoKept::new();
    // Only what is in use is written to: the pages are shared with the parent until then.
    let in_use = OPEN.iter().filter(|(state, _)| state.load(Relaxed) != NONE);
    for (state, id) in in_use {
        drop(still(state.load(Acquire), id.load(Relaxed)));
        state.store(NONE, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> [Counter; MOST] {
        [const {
            Counter {
                kind: AtomicU64::new(0),
                config: AtomicU64::new(0),
                id: AtomicU64::new(0),
                state: AtomicI32::new(NONE),
            }
        }; MOST]
    }

    const SOFTWARE: u32 = 1;
    const TASK_CLOCK: u64 = 1;

    #[test]
    fn a_counter_grows_and_is_opened_once() {
        let counters = none();
        let first = read(&counters, SOFTWARE, TASK_CLOCK).expect("the kernel has it");
        let state = counters[0].state.load(Relaxed);
        let second = read(&counters, SOFTWARE, TASK_CLOCK).unwrap();
        assert!(first < second, "{first} {second}");
        assert_eq!(counters[0].state.load(Relaxed), state);
        assert_eq!(counters[1].state.load(Relaxed), NONE);
        counters[0].close();
        assert!(still(state, counters[0].id.load(Relaxed)).is_none());
    }

    #[test]
    fn a_counter_that_there_is_not_is_none_and_asked_for_once() {
        let counters = none();
        assert_eq!(read(&counters, SOFTWARE, 999), None);
        assert_eq!(counters[0].state.load(Relaxed), REFUSED);
        assert_eq!(read(&counters, SOFTWARE, 999), None);
        assert_eq!(counters[1].state.load(Relaxed), NONE);
    }

    #[test]
    fn a_forked_child_has_none_of_its_parents_counters() {
        let counters = none();
        read(&counters, SOFTWARE, TASK_CLOCK).expect("the kernel has it");
        let (state, id) = (
            counters[0].state.load(Relaxed),
            counters[0].id.load(Relaxed),
        );
        // SAFETY: the child only asks the kernel, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let is_there = still(state, id).is_some();
            // SAFETY: ends this process.
            unsafe { libc::_exit(is_there.into()) };
        }
        let mut status = -1;
        // SAFETY: the status is live.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(
            still(state, id).map(core::mem::forget).is_some(),
            "the parent has it"
        );
    }

    #[test]
    fn a_descriptor_that_is_another_files_by_now_is_left_alone() {
        let counters = none();
        read(&counters, SOFTWARE, TASK_CLOCK).expect("the kernel has it");
        let fd = counters[0].state.load(Relaxed) - 1;
        // SAFETY: makes the number a copy of the standard input.
        assert_eq!(unsafe { libc::dup2(0, fd) }, fd);
        assert_eq!(read(&counters, SOFTWARE, TASK_CLOCK), None);
        counters[0].close();
        // SAFETY: asks for the flags of a number.
        assert_ne!(unsafe { libc::fcntl(fd, libc::F_GETFD) }, -1, "it is open");
        drop(Fd(fd));
    }
}
