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
mod tell;

pub use record::{ForkLayout, PacketLayout, ToldKind, ToldLayout, ToldRecord};
pub(crate) use step::ToldStep;
pub use tell::Told;
