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
//! - A field of the listing that the kernel does not give is left out, never invented; the order
//!   of the others stays. So a syscall's exit has `ret` alone: tracefs shows no arguments there.
//! - Where LTTng copies what an argument points to (a path, an address, a set of descriptors) and
//!   tracefs has only the pointer, the field is the pointer under the name `NAME_addr`. The name
//!   without suffix stays free for the content: a script never takes a number for a path.
//!
//! Invariant: a class made here and the plan made with it describe the same bytes.

mod classes;
mod generic;
mod listing;
mod names;
mod rules;
mod target;

pub use names::lttng_name;

use thalweg_model::{Member, StructClass};

use crate::format::EventFormat;
use crate::plan::{Plan, PlanBuilder};

/// Whose names events and fields have in the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// LTTng's, where it knows the event.
    #[default]
    Lttng,
    /// The kernel's, always.
    Kernel,
}

/// An event of the kernel as the trace will have it.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    /// The kernel's subsystem.
    pub system: String,
    /// The kernel's name for the event.
    pub kernel_name: String,
    /// The event's name in the trace.
    pub name: String,
    /// The number that begins its records.
    pub type_id: u16,
    /// The fields in the trace.
    pub payload: StructClass,
    pub(crate) plan: Plan,
}

impl TraceEvent {
    /// The event of a `format` file in `system`.
    pub fn new(system: &str, format: &EventFormat, naming: Naming) -> Self {
        let name = match naming {
            Naming::Lttng => lttng_name(system, &format.name),
            Naming::Kernel => format.name.clone(),
        };
        let listed = match naming {
            Naming::Lttng => listing::fields(&name),
            Naming::Kernel => None,
        };
        let mut made = Made::default();
        match listed {
            Some(fields) => target::lower(&name, fields, format, &mut made),
            None => generic::lower(system, format, &mut made),
        }
        Self {
            system: system.to_owned(),
            kernel_name: format.name.clone(),
            name,
            type_id: format.id,
            payload: StructClass {
                min_align_bits: 0,
                members: made.members,
            },
            plan: made.plan.finish(),
        }
    }
}

/// A class and its plan while they are made, member by member.
#[derive(Debug, Default)]
struct Made {
    members: Vec<Member>,
    plan: PlanBuilder,
}
