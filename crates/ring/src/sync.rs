//! Where atomics come from: `core`, or a model checker that runs the same code.
//!
//! Tests and model checkers get atomics that count their steps (`crate::step`), so that a signal,
//! a death or a jump can be put before each of them.

#[cfg(any(test, loom, shuttle))]
pub use crate::step::AtomicU64;
#[cfg(not(any(test, loom, shuttle)))]
pub use core::sync::atomic::AtomicU64;

#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::fence;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::fence;
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::fence;

pub(crate) use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// Keeps the compiler from moving memory accesses across: what a signal handler of the same
/// thread must find in order. The processor keeps its own thread's order by itself.
#[inline(always)]
pub(crate) fn handler_fence() {
    core::sync::atomic::compiler_fence(SeqCst);
}
