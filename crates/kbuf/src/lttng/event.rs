//! An event of the kernel as the trace has it: its name, its class, and the way there.

use thalweg_model::{FieldClass, Member, StructClass};

use super::{generic, listing, lttng_name, probe, target};
use crate::format::{EventFormat, Field};
use crate::plan::{Op, Plan, PlanBuilder, ToldKey};
use crate::told::ToldKind;

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
    /// What programs of ours tell of it beside the kernel's record.
    pub told: Option<ToldKind>,
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
    /// A number with a label, in fewer bits than the kernel has.
    Capped,
    /// It is not in the kernel's record; the field is the key by which a program's is found.
    Told,
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
        let kind = ToldKind::of(system, &format.name);
        let is_probe = naming == Naming::Lttng && probe::name(system, &format.name).is_some();
        match listed {
            _ if is_probe => probe::lower(format, &mut made),
            Some(fields) => target::lower(&name, fields, format, kind, &mut made),
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
            told: made.key.map(ToldKey::kind),
            plan: made.plan.finish().keyed(made.key),
        }
    }

    /// The event without the fields that are told beside the kernel's record: where nobody tells them.
    pub fn forget_told(&mut self) {
        let told = self.sources.iter();
        let told = told.filter(|source| source.reading == Reading::Told);
        let names: Vec<&str> = told.map(|source| source.name.as_str()).collect();
        let members = self.payload.members.iter();
        let members = members.filter(|member| names.contains(&&*member.name));
        let lengths: Vec<String> = members.filter_map(length_of).collect();
        let is_told =
            |name: &str| names.contains(&name) || lengths.iter().any(|length| *length == *name);
        self.payload.members.retain(|member| !is_told(&member.name));
        self.sources
            .retain(|source| source.reading != Reading::Told);
        self.told = None;
        self.plan.forget_told();
    }
}

/// What a sequence's length is called.
fn length_of(member: &Member) -> Option<String> {
    match &member.class {
        FieldClass::Sequence(class) => class.length.first().cloned(),
        _ => None,
    }
}

/// A class and its plan while they are made, member by member.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) members: Vec<Member>,
    pub(crate) sources: Vec<FieldSource>,
    pub(crate) plan: PlanBuilder,
    /// By what the fields are found that are told beside the record, if there are such.
    pub(super) key: Option<ToldKey>,
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
