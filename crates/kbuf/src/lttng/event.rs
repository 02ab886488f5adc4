//! An event of the kernel as the trace has it: its name, its class, and the way there.

use thalweg_model::{FieldClass, Member, StructClass};

use super::{generic, listing, lttng_name, probe, target};
use crate::format::{EventFormat, Field};
use crate::plan::{Op, Plan, PlanBuilder};

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
    /// Where each of them comes from, but for the lengths of sequences.
    pub sources: Vec<FieldSource>,
    pub(crate) plan: Plan,
}

/// Where a field of the trace comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSource {
    /// The field's name in the trace.
    pub name: String,
    /// The kernel's field.
    pub field: Field,
    /// How it becomes the trace's.
    pub reading: Reading,
}

/// How a field of the kernel becomes one of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A number: in the trace's bits, with this added.
    Number {
        /// What is added.
        add: i32,
    },
    /// A text, up to its NUL.
    Text,
    /// A text, of which the trace keeps as much as fits.
    CutText,
    /// Several numbers, or bytes.
    List,
    /// Letters that stand for flags.
    Letters,
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
            sources: made.sources,
            plan: made.plan.finish(),
        }
    }
}

/// A class and its plan while they are made, member by member.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) members: Vec<Member>,
    pub(crate) sources: Vec<FieldSource>,
    pub(crate) plan: PlanBuilder,
}

impl Made {
    /// Adds a member, and the step that fills it.
    pub(super) fn push(&mut self, name: &str, class: FieldClass, op: Op, from: (&Field, Reading)) {
        let (field, reading) = (from.0.clone(), from.1);
        self.sources.push(FieldSource {
            name: name.to_owned(),
            field,
            reading,
        });
        self.members.push(Member::new(name, class));
        self.plan.push(op);
    }
}
