//! The fields of a system call's entry or exit.
//!
//! Registers: R6 the tracepoint's arguments, R7 the scratch memory, R8 the call's registers.

use thalweg_bpf::Register::{R6, R7, R8};
use thalweg_bpf::{Btf, BtfError};
use thalweg_filter::tracefs::Width;
use thalweg_kbuf::{Field, Reading};
use thalweg_model::FieldClass;

use super::field::{COMMON, EventFields, Found, Names, Pointer, TextSource, common};
use super::layout::{LATENCY, NUMBER};
use crate::KernelEvent;
use crate::bpf::find_offset;
use crate::predicate::{Integer, Place};

/// The registers in which a call's arguments lie.
const ARGUMENTS: [&str; 6] = ["di", "si", "dx", "r10", "r8", "r9"];
/// In a record of tracefs: where the arguments begin, eight bytes each.
const RECORD_ARGUMENTS: u16 = 16;

/// Calls of 32-bit programs have numbers of their own: from here on.
pub(super) const COMPAT: i64 = 1 << 20;

/// Where the kernel keeps what the programs read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    arguments: [i16; 6],
    pub(super) number: i16,
    pub(super) status: i16,
}

impl Offsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let mut arguments = [0; 6];
        for (offset, register) in arguments.iter_mut().zip(ARGUMENTS) {
            *offset = find_offset(btf, "pt_regs", register)?;
        }
        Ok(Self {
            arguments,
            number: find_offset(btf, "pt_regs", "orig_ax")?,
            status: find_offset(btf, "task_struct", "thread_info.status")?,
        })
    }
}

/// All calls, or one.
#[derive(Clone, Debug)]
pub(super) struct Syscall {
    /// Whether it is looked at when it ends.
    pub(super) is_exit: bool,
    /// Whether its duration is asked for.
    pub(super) is_timed: bool,
    /// The one: its number, and the event of its entry.
    pub(super) call: Option<(u32, KernelEvent)>,
    pub(super) offsets: Offsets,
}

/// Fields that only the end of a call has.
pub(super) const OF_EXITS: [&str; 2] = ["ret", "latency"];

/// How long a call took.
pub(super) const fn timed() -> Integer {
    Integer::plain(Place::Memory(R7, LATENCY), 64, true)
}

impl EventFields for Syscall {
    fn find(&self, name: &str) -> Option<Found> {
        let scratch = |at| Integer::plain(Place::Memory(R7, at), 64, true);
        match name {
            "syscall" => Some(Found::Names(scratch(NUMBER), Names::Syscalls)),
            "ret" => {
                let place = Place::Memory(R6, 8);
                Some(Found::Number(Integer::plain(place, 64, true)))
            }
            "latency" => Some(Found::Number(timed())),
            _ => self.argument(name).or_else(|| common(name)),
        }
    }

    fn names(&self) -> Vec<&str> {
        let call = self.call.iter();
        let arguments = call.flat_map(|(_, event)| &event.sources);
        arguments
            .map(|source| source.name.as_str())
            .chain(["syscall"])
            .chain(OF_EXITS)
            .chain(COMMON)
            .collect()
    }
}

impl Syscall {
    fn argument(&self, name: &str) -> Option<Found> {
        let (_, event) = self.call.as_ref()?;
        let mut sources = event.sources.iter();
        let source = sources.find(|source| source.name == name || source.field.name == name)?;
        let Some(offset) = self.offset(&source.field) else {
            return Some(Found::Closed("it lies in no register".to_owned()));
        };
        let place = Place::Memory(R8, offset);
        let kernel = Width {
            bits: 64,
            signed: false,
        };
        if matches!(source.field.c_type.as_str(), "const char *" | "char *") {
            let pointer = Pointer {
                base: R8,
                at: offset,
                add: 0,
                is_user: true,
            };
            return Some(Found::Text(TextSource::Pointer(pointer)));
        }
        let members = &event.payload.members;
        let class = members.iter().find(|member| member.name == source.name);
        let class = match &class?.class {
            FieldClass::Integer(class) => class,
            FieldClass::Enum(class) => &class.integer,
            _ => return Some(Found::Closed("it is no integer".to_owned())),
        };
        let Reading::Number { add } = source.reading else {
            return Some(Found::Closed("it is no integer".to_owned()));
        };
        let trace = Width {
            bits: class.size_bits,
            signed: class.signed,
        };
        Some(Found::Number(Integer {
            place,
            kernel,
            trace,
            add,
        }))
    }

    fn offset(&self, field: &Field) -> Option<i16> {
        let at = field.offset.checked_sub(RECORD_ARGUMENTS)? / 8;
        self.offsets.arguments.get(usize::from(at)).copied()
    }
}
