//! Which fields an event has, and what each is made of.
//!
//! ```text
//!   LTTng's field       the kernel's argument       made of
//!   i32 dfd             int dfd                     the argument
//!   string filename     const char * filename       a copy of the text
//!   i32 fildes[2]       int * fildes                a copy of the bytes
//!   u16 family, …       struct sockaddr * uservaddr a copy of the address
//!   u64 buf             char * buf                  the argument: the pointer
//!   struct event        struct epoll_event * event  the argument, as event_addr
//! ```

use thalweg_model::{FieldClass, IntegerClass, Member, StructClass};

use super::address::Part;
use super::encode::Step;
use super::{Copy, CopyKind, Side, SyscallEvent, class};
use crate::format::{Element, EventFormat, Field};
use crate::lttng::{Listed, ListedClass, argument_class, listed_fields, listed_source};

/// Where the arguments begin in a record of tracefs.
const FIRST_ARGUMENT_AT: u16 = 16;

/// Fields that LTTng takes from an address.
const ADDRESS_PARTS: [(&str, Part); 5] = [
    ("family", Part::Family),
    ("dport", Part::Port),
    ("sport", Part::Port),
    ("v4addr", Part::V4),
    ("v6addr", Part::V6),
];

/// An event while it is made.
pub(super) struct Lowered<'f> {
    side: Side,
    format: &'f EventFormat,
    members: Vec<Member>,
    steps: Vec<Step>,
    copies: Vec<(Copy, &'f str)>,
}

impl<'f> Lowered<'f> {
    pub(super) fn of(side: Side, name: &str, format: &'f EventFormat) -> Self {
        let mut lowered = Self {
            side,
            format,
            members: Vec::new(),
            steps: Vec::new(),
            copies: Vec::new(),
        };
        match listed_fields(name) {
            Some(fields) => fields.into_iter().for_each(|field| lowered.listed(&field)),
            None => lowered.unlisted(),
        }
        lowered.more();
        lowered
    }

    pub(super) fn finish(mut self, name: String) -> SyscallEvent {
        for (place, (_, argument)) in self.copies.clone().into_iter().enumerate() {
            let copy = place as u8;
            self.push(class::state(argument), Step::State { copy });
        }
        SyscallEvent {
            name,
            payload: StructClass {
                min_align_bits: 0,
                members: self.members,
            },
            copies: self.copies.into_iter().map(|(copy, _)| copy).collect(),
            steps: self.steps,
        }
    }

    fn push(&mut self, member: Member, step: Step) {
        self.members.push(member);
        self.steps.push(step);
    }

    /// A field of LTTng's, if the kernel's arguments can fill it.
    fn listed(&mut self, field: &Listed) {
        if field.name == "ret" {
            return self.result(field);
        }
        let part = ADDRESS_PARTS.iter().find(|(name, _)| *name == field.name);
        if let Some((name, part)) = part
            && self.format.field(name).is_none()
        {
            return self.address_part(name, *part);
        }
        // A sequence's length comes with the sequence.
        if field.name.ends_with("_length") {
            return;
        }
        let entry = [Side::Entry.prefix(), self.call()].concat();
        if let Some(source) = listed_source(&entry, field.name, self.format)
            && let Some(index) = argument_index(source)
        {
            self.filled(field, source, index);
        }
    }

    fn call(&self) -> &'f str {
        let name = self.format.name.as_str();
        name.strip_prefix("sys_enter_").unwrap_or(name)
    }

    fn result(&mut self, field: &Listed) {
        if let ListedClass::Integer(class) = &field.class {
            let class = FieldClass::Integer(class.clone());
            self.push(Member::new(field.name, class), Step::Result);
        }
    }

    fn filled(&mut self, field: &Listed, source: &'f Field, index: u8) {
        let name = field.name;
        match &field.class {
            ListedClass::Integer(class) if is_pointer(source) && class.size_bits < 64 => {
                let class = FieldClass::Integer(class.clone());
                self.pointed(name, class, source, index);
            }
            ListedClass::Integer(integer) => {
                let class = FieldClass::Integer(integer.clone());
                self.argument(name, class, integer, index);
            }
            ListedClass::Enum(labelled) => {
                let class = FieldClass::Enum(labelled.clone());
                self.argument(name, class, &labelled.integer, index);
            }
            ListedClass::String if is_pointer(source) => self.text(name, source, index),
            ListedClass::Array(element, length) if is_pointer(source) => {
                let class = FieldClass::Array(thalweg_model::ArrayClass {
                    element: Box::new(FieldClass::Integer(element.clone())),
                    length: *length,
                });
                self.pointed(name, class, source, index);
            }
            _ => self.pointer(&format!("{name}_addr"), index),
        }
    }

    fn argument(&mut self, name: &str, class: FieldClass, integer: &IntegerClass, index: u8) {
        let bytes = (integer.size_bits / 8) as u8;
        self.push(Member::new(name, class), Step::Argument { index, bytes });
    }

    fn pointer(&mut self, name: &str, index: u8) {
        let step = Step::Argument { index, bytes: 8 };
        self.push(Member::new(name, FieldClass::hex(64)), step);
    }

    /// A copy, and its place; `None` if there is no room for one more.
    fn copy(&mut self, copy: Copy, source: &'f Field) -> Option<u8> {
        let known = self.copies.iter().position(|(known, _)| *known == copy);
        if known.is_none() && self.copies.len() < Copy::MOST {
            self.copies.push((copy, &source.name));
            return Some(self.copies.len() as u8 - 1);
        }
        known.map(|place| place as u8)
    }

    fn text(&mut self, name: &str, source: &'f Field, index: u8) {
        if let Some(copy) = self.copy(Copy::of(CopyKind::Text, index), source) {
            self.push(Member::new(name, FieldClass::string()), Step::Text { copy });
        }
    }

    /// What an argument points at, of a fixed length.
    fn pointed(&mut self, name: &str, class: FieldClass, source: &'f Field, index: u8) {
        let Some(len) = length_of(&class).filter(|len| u32::from(*len) <= Copy::PLAIN_BYTES) else {
            return;
        };
        let copy = Copy {
            limit: len.into(),
            ..Copy::of(CopyKind::Bytes, index)
        };
        if let Some(copy) = self.copy(copy, source) {
            self.push(Member::new(name, class), Step::Bytes { copy, len });
        }
    }

    /// A call that LTTng does not know: the kernel's names, and straight types.
    fn unlisted(&mut self) {
        if self.side == Side::Exit {
            self.push(Member::new("ret", FieldClass::int(64)), Step::Result);
            return;
        }
        for field in &self.format.fields {
            let Some(index) = argument_index(field) else {
                continue;
            };
            let integer = argument_class(field);
            match field.c_type.as_str() {
                "const char *" if field.name != "buf" => self.text(&field.name, field, index),
                _ => self.argument(
                    &field.name,
                    FieldClass::Integer(integer.clone()),
                    &integer,
                    index,
                ),
            }
        }
    }

    /// What LTTng lacks: addresses where it has the pointer only, and the strings of a new program.
    fn more(&mut self) {
        let fields = &self.format.fields;
        let addressed = self.address().is_some();
        if addressed {
            for (name, part) in ADDRESS_PARTS {
                let has_port = self.has("dport") || self.has("sport");
                let (name, is_there) = match part {
                    Part::Port => ("port", has_port || self.has("port")),
                    _ => (name, self.has(name)),
                };
                if !is_there {
                    self.address_part(name, part);
                }
            }
            self.address_part("sun_path", Part::Path);
        }
        let strings =
            |field: &&Field| field.c_type == "const char *const *" && field.name == "argv";
        if self.side == Side::Entry
            && let Some(field) = fields.iter().find(strings)
        {
            self.strings(field);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    fn strings(&mut self, source: &'f Field) {
        let index = argument_index(source);
        let copy = index.and_then(|index| self.copy(Copy::of(CopyKind::Strings, index), source));
        if let Some(copy) = copy {
            let name = format!("{}_strings", source.name);
            let members = class::sequence(&name, FieldClass::string());
            self.members.extend(members);
            self.steps.push(Step::Strings { copy });
        }
    }

    fn address_part(&mut self, name: &str, part: Part) {
        let Some((copy, source)) = self.address() else {
            return;
        };
        let Some(copy) = self.copy(copy, source) else {
            return;
        };
        match part {
            Part::Family => self.members.push(Member::new(name, FieldClass::uint(16))),
            Part::Port => self.members.push(Member::new(name, class::network(16))),
            Part::V4 => self
                .members
                .extend(class::sequence(name, class::network(8))),
            Part::V6 => self
                .members
                .extend(class::sequence(name, class::network(16))),
            Part::Path => self.members.push(Member::new(name, FieldClass::string())),
        }
        self.steps.push(Step::Address { copy, part });
    }

    /// The address that the call has at this side: its length is an argument when the program gives
    /// it, and behind an argument when the kernel does.
    fn address(&self) -> Option<(Copy, &'f Field)> {
        let fields = &self.format.fields;
        let at = fields
            .iter()
            .position(|field| field.c_type == "struct sockaddr *")?;
        let (source, length) = (&fields[at], fields.get(at + 1)?);
        let kind = match (self.side, is_pointer(length)) {
            (Side::Entry, false) => CopyKind::CountedBytes,
            (Side::Exit, true) => CopyKind::PointedBytes,
            _ => return None,
        };
        let copy = Copy {
            length_argument: argument_index(length)?,
            ..Copy::of(kind, argument_index(source)?)
        };
        Some((copy, source))
    }
}

/// Which argument a field of tracefs is; what it copies itself is none.
fn argument_index(field: &Field) -> Option<u8> {
    let from_first = field.offset.checked_sub(FIRST_ARGUMENT_AT)?;
    let is_argument = field.size_bytes == 8 && from_first.is_multiple_of(8) && !field.is_dynamic();
    u8::try_from(from_first / 8)
        .ok()
        .filter(|index| is_argument && *index < 6)
}

fn is_pointer(field: &Field) -> bool {
    matches!(field.element, Element::Pointer { .. })
}

/// Bytes of a class of whole bytes.
fn length_of(class: &FieldClass) -> Option<u8> {
    let bits = match class {
        FieldClass::Integer(class) => u64::from(class.size_bits),
        FieldClass::Array(class) => {
            let element = u64::from(length_of(&class.element)?) * 8;
            element.checked_mul(class.length)?
        }
        _ => return None,
    };
    u8::try_from(bits / 8).ok()
}
