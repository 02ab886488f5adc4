//! What programs of ours tell beside a record of the kernel's, where that lacks fields of LTTng's.
//!
//! ```text
//!   sched_process_fork   | comm | parent | comm | child |      the kernel's record, in the ring
//!        └── the same tracepoint ─▶ program ─▶ processes, namespaces, numbers of the child
//!                                              │ found by the child's number and the time
//!   sched_process_fork   { parent_comm, …, vtids, child_pid, child_ns_inum }
//! ```
//!
//! Invariant: what is not told reads as not known: -1 for a process, 0 for a namespace, no numbers, no
//! header. Nothing is guessed.

mod packet;
mod record;
mod step;

pub use record::{ForkLayout, PacketLayout, ToldKind, ToldLayout, ToldRecord};
pub(crate) use step::ToldStep;

/// Who has what programs have told.
pub trait Told: std::fmt::Debug + Send {
    /// Hands over what was told of a record of this kind and key that was made at a time; nothing if
    /// nobody knows. It is called once.
    fn tell(&mut self, what: (ToldKind, u64), at: u64, take: &mut dyn FnMut(&[u8]));
}
