//! Where atomics come from: `core`, or a model checker that runs the same code.

#[cfg(loom)]
pub use loom::sync::atomic::AtomicU64;
#[cfg(shuttle)]
pub use shuttle::sync::atomic::AtomicU64;

#[cfg(not(any(loom, shuttle)))]
pub use core::sync::atomic::AtomicU64;

#[cfg(loom)]
pub(crate) use loom::sync::atomic::fence;
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::fence;

#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::fence;

pub(crate) use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// Keeps the compiler from moving memory accesses across: what a signal handler of the same
/// thread must find in order. The processor keeps its own thread's order by itself.
#[inline(always)]
pub(crate) fn handler_fence() {
    core::sync::atomic::compiler_fence(SeqCst);
}
