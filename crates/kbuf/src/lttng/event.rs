//! An event of the kernel as the trace has it: its name, its class, and the way there.

use thalweg_model::{Member, StructClass};

use super::{generic, listing, lttng_name, probe, target};
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
        let is_probe = naming == Naming::Lttng && probe::name(system, &format.name).is_some();
        match listed {
            _ if is_probe => probe::lower(format, &mut made),
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
pub(super) struct Made {
    pub(super) members: Vec<Member>,
    pub(super) plan: PlanBuilder,
}
