//! What arguments that point at structures lead to, as far as the kernel describes those structures.
//!
//! ```text
//!   struct rlimit64 * new_rlim   ▶   new_rlim_value { rlim_cur, rlim_max }
//! ```
//!
//! Whether a call is given a structure or gives it, LTTng's listing tells: it has the pointer at the entry
//! or at the exit.

use thalweg_model::{ArrayClass, FieldClass, IntegerClass, Member, StructClass};

use super::encode::Step;
use super::lower::{Lowered, argument_index};
use super::{Copy, CopyKind, Side, Slot};
use crate::format::Field;

/// Arguments of which it is not sure that one such structure is there: several, one that is written when the
/// call fails, or only if there is something to tell, one that some kinds of the call do not have.
const UNSURE: &[(&str, &str)] = &[
    ("utimensat", "utimes"),
    ("utimes", "utimes"),
    ("futimesat", "utimes"),
    ("nanosleep", "rmtp"),
    ("clock_nanosleep", "rmtp"),
    ("wait4", "ru"),
    ("waitid", "ru"),
    ("mq_open", "u_attr"),
    ("futex", "utime"),
];

/// Arguments that LTTng has at the entry, too, though the kernel only writes there.
const OUTPUTS: &[(&str, &str)] = &[("statx", "buffer"), ("sched_getattr", "uattr")];

/// How a structure lies in a program's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Its name in C, without `struct`.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u16,
    /// Its members: name, first byte, class, in whole bytes.
    pub members: Vec<StructureMember>,
}

/// A member of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructureMember {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub offset: u16,
    /// What it is.
    pub class: MemberClass,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberClass {
    /// A number of so many bytes, with a sign or not.
    Integer(u8, bool),
    /// An address.
    Address,
    /// A text in so many bytes.
    Text(u16),
    /// So many numbers of so many bytes.
    Integers(u8, bool, u16),
}

impl MemberClass {
    /// Its bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Integer(bytes, _) => bytes.into(),
            Self::Address => 8,
            Self::Text(bytes) => bytes.into(),
            Self::Integers(bytes, _, count) => usize::from(bytes) * usize::from(count),
        }
    }

    fn class(self) -> FieldClass {
        let integer =
            |bytes: u8, signed| FieldClass::Integer(IntegerClass::le(u32::from(bytes) * 8, signed));
        match self {
            Self::Integer(bytes, signed) => integer(bytes, signed),
            Self::Address => FieldClass::hex(64),
            Self::Text(bytes) => FieldClass::text_array(bytes.into()),
            Self::Integers(bytes, signed, count) => FieldClass::Array(ArrayClass {
                element: Box::new(integer(bytes, signed)),
                length: count.into(),
            }),
        }
    }
}

impl Structure {
    fn class(&self) -> FieldClass {
        let members = self.members.iter();
        FieldClass::Struct(StructClass {
            min_align_bits: 0,
            members: members
                .map(|member| Member::new(&*member.name, member.class.class()))
                .collect(),
        })
    }

    /// Appends it; zeros where bytes are missing, and behind the end of a text.
    pub(super) fn encode(&self, bytes: &[u8], out: &mut Vec<u8>) {
        for member in &self.members {
            let (at, len) = (usize::from(member.offset), member.class.len());
            let found = bytes.get(at..at + len).unwrap_or_default();
            let end = out.len() + len;
            match member.class {
                MemberClass::Text(_) => {
                    let text = found.split(|byte| *byte == 0).next().unwrap_or_default();
                    out.extend_from_slice(text);
                }
                _ => out.extend_from_slice(found),
            }
            out.resize(end, 0);
        }
    }
}

impl<'f> Lowered<'f> {
    /// The structures behind the pointers that this side tells.
    pub(super) fn all_structures(&mut self) {
        // Those of 32-bit programs lie otherwise.
        if self.narrow {
            return;
        }
        for (source, name) in self.pointers.clone() {
            let argument = (self.call(), source.name.as_str());
            let is_early = self.side == Side::Entry && OUTPUTS.contains(&argument);
            if is_early || UNSURE.contains(&argument) {
                continue;
            }
            let known = self.structures.iter();
            let mut known = known.filter(|known| is_of(source, &known.name));
            if let (Some(structure), Some(index)) = (known.next(), argument_index(source)) {
                self.structure(structure, (&name, source), index);
            }
        }
    }

    fn structure(&mut self, known: &'f Structure, (name, source): (&str, &Field), index: u8) {
        let copy = Copy {
            limit: known.size_bytes.min(Copy::PLAIN_BYTES),
            ..Copy::of(CopyKind::Bytes, Slot::Argument(index))
        };
        let Some(copy) = self.copy(copy, &source.name) else {
            return;
        };
        let place = self.used.len() as u8;
        self.used.push(known.clone());
        let member = Member::new(format!("{name}_value"), known.class());
        self.push(member, Step::Structure { copy, place });
    }
}

/// Whether an argument points at this.
fn is_of(source: &Field, name: &str) -> bool {
    let bare = source
        .c_type
        .strip_prefix("const ")
        .unwrap_or(&source.c_type);
    let bare = bare.strip_prefix("struct ").unwrap_or(bare);
    bare.strip_suffix(" *") == Some(name)
}
