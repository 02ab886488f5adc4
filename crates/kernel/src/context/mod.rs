//! Contexts of the kernel's events: what is said of the thread that was running, beside the event.
//!
//! ```text
//!   record's head ─▶ tid, flags, counts ───────────────────┐
//!                     └─▶ tasks: who that was at that time ─┴─▶ bytes in front of the payload
//! ```

mod kind;
mod known;
mod writer;

pub use kind::{KernelContext, KernelContexts};
pub(crate) use known::Known;
pub(crate) use writer::ContextWriter;
