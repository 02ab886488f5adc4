//! The kernel's events under LTTng's names, so that LTTng's scripts and viewers know them.
//!
//! ```text
//!   sched_waking { comm, pid, prio, target_cpu }                    the kernel's format file
//!        │            │     │     │ - 100
//!   sched_waking { comm, tid, prio, target_cpu }                    LTTng's listing
//! ```
//!
//! `listing.txt` holds LTTng's events with their fields, types and order, one a line; it is the
//! target. `rules` says which kernel field fills one of its fields when the names differ. An event
//! that LTTng does not know keeps the kernel's name, fields and types.
//!
//! Decisions:
//! - A field of the listing that neither the kernel nor a program of ours gives is left out, never
//!   invented; the order of the others stays. So a syscall's exit has `ret` alone: tracefs shows no arguments there.
//! - Where LTTng copies what an argument points to (a path, an address, a set of descriptors) and
//!   tracefs has only the pointer, the field is the pointer under the name `NAME_addr`. The name
//!   without suffix stays free for the content: a script never takes a number for a path.
//!
//! Invariant: a class made here and the plan made with it describe the same bytes.

mod classes;
mod event;
mod generic;
mod listing;
mod names;
mod nested;
mod probe;
mod rules;
mod target;
mod told;
mod value;

pub use event::{FieldSource, Naming, Reading, TraceEvent};
pub(crate) use generic::argument_class;
pub(crate) use listing::{Listed, ListedClass, fields as listed_fields};
pub use names::lttng_name;
pub use probe::PROBE_GROUP;
pub(crate) use rules::source as listed_source;

pub(crate) use event::Made;
pub(crate) use generic::integer as plain_integer;
