//! Atomics that count their steps, for tests: something can happen before each of them.
//!
//! ```text
//!   script: [(3, A), (2, B)]      step 1 · step 2 · step 3 · A · step 4 · step 5 · B · …
//! ```
//!
//! What happens is an action: one that emits is a signal handler, one that unwinds is the death of
//! the writer or, if the thread goes on afterwards, a `siglongjmp` out of the event.

use core::cell::RefCell;
use core::sync::atomic::Ordering;
use std::boxed::Box;
use std::collections::VecDeque;
use std::rc::Rc;

#[cfg(loom)]
use loom::{sync::atomic::AtomicU64 as Inner, thread_local};
#[cfg(shuttle)]
use shuttle::{sync::atomic::AtomicU64 as Inner, thread_local};
#[cfg(not(any(loom, shuttle)))]
use {core::sync::atomic::AtomicU64 as Inner, std::thread_local};

/// What happens at a step.
pub type Action = Rc<dyn Fn()>;

thread_local! {
    static SCRIPT: RefCell<VecDeque<(u64, Action)>> = RefCell::new(VecDeque::new());
}

/// Runs `body`; each action happens before the step that many steps after the previous action
/// (counted from 1). Whether all happened.
pub fn with_script<R>(script: &[(u64, Action)], body: impl FnOnce() -> R) -> (R, bool) {
    SCRIPT.with(|cell| cell.borrow_mut().extend(script.iter().cloned()));
    let result = body();
    let left = SCRIPT.with(|cell| core::mem::take(&mut *cell.borrow_mut()));
    (result, left.is_empty())
}

/// Leaves the interrupted code for good, to where [`abandoned`] was called.
pub fn abandon() {
    std::panic::resume_unwind(Box::new(Abandoned));
}

/// Runs `body`; whether an action left it.
pub fn abandoned(body: impl FnOnce()) -> bool {
    match std::panic::catch_unwind(core::panic::AssertUnwindSafe(body)) {
        Ok(()) => false,
        Err(cause) if cause.is::<Abandoned>() => true,
        Err(cause) => std::panic::resume_unwind(cause),
    }
}

struct Abandoned;

/// One step: counts, and lets happen what is due.
pub(crate) fn step() {
    let due = SCRIPT.with(|cell| {
        let mut script = cell.borrow_mut();
        let first = script.front_mut()?;
        first.0 -= 1;
        (first.0 == 0).then(|| script.pop_front())?
    });
    if let Some((_, action)) = due {
        action();
    }
}

/// A 64-bit atomic each of whose operations is a step.
#[derive(Debug)]
#[repr(transparent)]
pub struct AtomicU64(Inner);

#[allow(missing_docs, reason = "as in core")]
impl AtomicU64 {
    #[cfg(not(any(loom, shuttle)))]
    pub const fn new(value: u64) -> Self {
        Self(Inner::new(value))
    }

    #[cfg(any(loom, shuttle))]
    pub fn new(value: u64) -> Self {
        Self(Inner::new(value))
    }

    pub fn load(&self, order: Ordering) -> u64 {
        step();
        self.0.load(order)
    }

    pub fn store(&self, value: u64, order: Ordering) {
        step();
        self.0.store(value, order);
    }

    pub fn swap(&self, value: u64, order: Ordering) -> u64 {
        step();
        self.0.swap(value, order)
    }

    pub fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        step();
        self.0.fetch_add(value, order)
    }

    pub fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        step();
        self.0.fetch_or(value, order)
    }

    pub fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        step();
        self.0.fetch_and(value, order)
    }

    pub fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        step();
        self.0.compare_exchange(current, new, success, failure)
    }
}
