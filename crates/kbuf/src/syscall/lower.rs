//! Which fields an event has, and what each is made of: those of LTTng's listing.
//!
//! ```text
//!   LTTng's field       the kernel's argument       made of
//!   i32 dfd             int dfd                     the argument
//!   string filename     const char * filename       a copy of the text
//!   i32 fildes[2]       int * fildes                a copy of the bytes
//!   u16 family, …       struct sockaddr * uservaddr a copy of the address
//!   u64 buf             char * buf                  the argument: the pointer
//!   struct fds[…]       struct pollfd * ufds        a copy of the list
//! ```

use thalweg_model::{FieldClass, IntegerClass, Member, StructClass};

use super::address::Part;
use super::element::Element;
use super::encode::Step;
use super::{Copy, CopyKind, Length, Side, Slot, Structure, SyscallEvent, SyscallOptions, class};
use crate::format::{Element as Type, EventFormat, Field};
use crate::lttng::{Listed, ListedClass, argument_class, listed_fields, listed_source};

/// Where the arguments begin in a record of tracefs.
const FIRST_ARGUMENT_AT: u16 = 16;

/// Fields that LTTng takes from an address.
pub(super) const ADDRESS_PARTS: [(&str, Part); 5] = [
    ("family", Part::Family),
    ("dport", Part::Port),
    ("sport", Part::Port),
    ("v4addr", Part::V4),
    ("v6addr", Part::V6),
];

/// An event while it is made.
pub(super) struct Lowered<'f> {
    pub(super) side: Side,
    pub(super) format: &'f EventFormat,
    pub(super) options: SyscallOptions,
    /// Of a 32-bit program.
    pub(super) narrow: bool,
    pub(super) members: Vec<Member>,
    pub(super) steps: Vec<Step>,
    copies: Vec<(Copy, String)>,
    /// The structures that are known, and those that the event has.
    pub(super) structures: &'f [Structure],
    pub(super) used: Vec<Structure>,
    /// Pointers that are told as addresses, and their names in the trace.
    pub(super) pointers: Vec<(&'f Field, String)>,
    /// Which argument is told under which name.
    pub(super) told: Vec<(u8, String)>,
}

impl<'f> Lowered<'f> {
    pub(super) fn of(
        side: Side,
        format: &'f EventFormat,
        (options, structures): (SyscallOptions, &'f [Structure]),
        narrow: bool,
    ) -> Self {
        let mut lowered = Self {
            side,
            format,
            options,
            narrow,
            members: Vec::new(),
            steps: Vec::new(),
            copies: Vec::new(),
            structures,
            used: Vec::new(),
            pointers: Vec::new(),
            told: Vec::new(),
        };
        let name = [side.prefix(), lowered.call()].concat();
        match listed_fields(&name) {
            Some(fields) => fields.into_iter().for_each(|field| lowered.listed(&field)),
            None => lowered.unlisted(),
        }
        lowered.more();
        lowered
    }

    pub(super) fn finish(mut self, name: String) -> SyscallEvent {
        for (place, (_, what)) in self.copies.clone().into_iter().enumerate() {
            let copy = place as u8;
            self.push(class::state(&what), Step::State { copy });
        }
        SyscallEvent {
            name,
            payload: StructClass {
                min_align_bits: 0,
                members: self.members,
            },
            copies: self.copies.into_iter().map(|(copy, _)| copy).collect(),
            structures: self.used,
            steps: self.steps,
        }
    }

    pub(super) fn push(&mut self, member: Member, step: Step) {
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
        if self.listed_set(field) {
            return;
        }
        let entry = [Side::Entry.prefix(), self.call()].concat();
        if let Some(source) = listed_source(&entry, field.name, self.format)
            && let Some(index) = argument_index(source)
        {
            self.filled(field, source, index);
        }
    }

    pub(super) fn call(&self) -> &'f str {
        let name = self.format.name.as_str();
        name.strip_prefix("sys_enter_").unwrap_or(name)
    }

    fn result(&mut self, field: &Listed) {
        if let ListedClass::Integer(class) = &field.class {
            let class = FieldClass::Integer(class.clone());
            self.push(Member::new(field.name, class), Step::Result);
        }
    }

    /// A part of what LTTng tells of a set of descriptors; whether it is one.
    fn listed_set(&mut self, field: &Listed) -> bool {
        let u8_class = FieldClass::uint(8);
        match field.name {
            "fds_length" => {
                if let Some((copy, element)) = self.set() {
                    let count = Member::new(field.name, FieldClass::uint(32));
                    let bytes = 4;
                    self.push(
                        count,
                        Step::Count {
                            copy,
                            element,
                            bytes,
                        },
                    );
                }
            }
            "fds" | "event" if matches!(field.class, ListedClass::Nested(_)) => {
                let Some((copy, element)) = self.set() else {
                    return true;
                };
                let (class, bytes) = (element.class(), 4);
                let (member, step) = match field.name {
                    "fds" => (
                        class::list(field.name, class, "fds_length"),
                        Step::List {
                            copy,
                            element,
                            bytes,
                        },
                    ),
                    _ => (
                        Member::new(field.name, class),
                        Step::First { copy, element },
                    ),
                };
                self.push(member, step);
            }
            "overflow" => {
                let copies = self.sets();
                self.push(Member::new(field.name, u8_class), Step::Overflow { copies });
            }
            "readfds" | "writefds" | "exceptfds" => self.bit_set(field.name),
            // The length of a sequence comes with it.
            name => return name.ends_with("_length"),
        }
        true
    }

    /// Descriptors as bits.
    fn bit_set(&mut self, name: &'static str) {
        let Some(copy) = self.bits_of(name) else {
            return;
        };
        self.counted(copy, name, Element::Byte, 1);
    }

    /// A list, and in front of it its length, a number of so many bytes.
    pub(super) fn counted(&mut self, copy: u8, name: &str, element: Element, bytes: u8) {
        let length = format!("_{name}_length");
        let list = class::list(name, element.class(), &length);
        self.push(
            Member::new(length, FieldClass::uint(8 * u32::from(bytes))),
            Step::Count {
                copy,
                element,
                bytes,
            },
        );
        self.push(
            list,
            Step::List {
                copy,
                element,
                bytes,
            },
        );
    }

    fn bits_of(&mut self, name: &str) -> Option<u8> {
        let entry = [Side::Entry.prefix(), self.call()].concat();
        let source = listed_source(&entry, name, self.format)?;
        let copy = Copy {
            length: Length::Int(Slot::Argument(0)),
            unit: 0,
            limit: Copy::SET_BYTES,
            ..Copy::of(CopyKind::Bytes, Slot::Argument(argument_index(source)?))
        };
        self.copy(copy, &source.name)
    }

    /// The copy of the descriptors that `poll` and `epoll` are about.
    fn set(&mut self) -> Option<(u8, Element)> {
        let fields = &self.format.fields;
        let of_type = |c_type: &str| fields.iter().find(|field| field.c_type == c_type);
        let is_exit = self.side == Side::Exit;
        let (source, element, length) = if let Some(source) = of_type("struct pollfd *") {
            let element = if is_exit {
                Element::Polled
            } else {
                Element::Poll
            };
            (source, element, Length::Int(Slot::Argument(1)))
        } else {
            let length = if is_exit {
                Length::Long(Slot::Result)
            } else {
                Length::Limit
            };
            (of_type("struct epoll_event *")?, Element::Epoll, length)
        };
        let unit = element.len() as u8;
        let limit = match length {
            Length::Limit => unit.into(),
            _ => Copy::LIST_BYTES / u16::from(unit) * u16::from(unit),
        };
        let copy = Copy {
            length,
            unit,
            limit,
            ..Copy::of(CopyKind::Bytes, Slot::Argument(argument_index(source)?))
        };
        Some((self.copy(copy, &source.name)?, element))
    }

    /// A bit for each copy of a set.
    fn sets(&mut self) -> u8 {
        if let Some((copy, _)) = self.set() {
            return 1 << copy;
        }
        let names = ["readfds", "writefds", "exceptfds"];
        let copies = names.map(|name| self.bits_of(name).map_or(0, |copy| 1 << copy));
        copies.iter().fold(0, |all, bit| all | bit)
    }

    fn filled(&mut self, field: &Listed, source: &'f Field, index: u8) {
        let name = field.name;
        match &field.class {
            ListedClass::Integer(class) if is_pointer(source) && class.size_bits < 64 => {
                let class = FieldClass::Integer(class.clone());
                self.pointed(name, class, source, index);
            }
            ListedClass::Integer(integer) => {
                if is_pointer(source) {
                    self.pointers.push((source, name.to_owned()));
                }
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
        self.told.push((index, name.to_owned()));
        self.push(Member::new(name, class), Step::Argument { index, bytes });
    }

    fn pointer(&mut self, name: &str, index: u8) {
        let step = Step::Argument { index, bytes: 8 };
        self.push(Member::new(name, FieldClass::hex(64)), step);
    }

    /// A copy, and its place; `None` if there is no room for one more.
    pub(super) fn copy(&mut self, copy: Copy, what: &str) -> Option<u8> {
        let copy = Copy {
            narrow: self.narrow,
            ..copy
        };
        let known = self.copies.iter().position(|(known, _)| *known == copy);
        if known.is_none() && self.copies.len() < Copy::MOST {
            self.copies.push((copy, what.to_owned()));
            return Some(self.copies.len() as u8 - 1);
        }
        known.map(|place| place as u8)
    }

    fn text(&mut self, name: &str, source: &'f Field, index: u8) {
        let copy = Copy::of(CopyKind::Text, Slot::Argument(index));
        if let Some(copy) = self.copy(copy, &source.name) {
            self.push(Member::new(name, FieldClass::string()), Step::Text { copy });
        }
    }

    /// What an argument points at, of a fixed length.
    fn pointed(&mut self, name: &str, class: FieldClass, source: &'f Field, index: u8) {
        let Some(len) = length_of(&class) else {
            return;
        };
        let copy = Copy {
            limit: len.into(),
            ..Copy::of(CopyKind::Bytes, Slot::Argument(index))
        };
        if let Some(copy) = self.copy(copy, &source.name) {
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
}

/// Which argument a field of tracefs is; what it copies itself is none.
pub(super) fn argument_index(field: &Field) -> Option<u8> {
    let from_first = field.offset.checked_sub(FIRST_ARGUMENT_AT)?;
    let is_argument = field.size_bytes == 8 && from_first.is_multiple_of(8) && !field.is_dynamic();
    u8::try_from(from_first / 8)
        .ok()
        .filter(|index| is_argument && *index < 6)
}

pub(super) fn is_pointer(field: &Field) -> bool {
    matches!(field.element, Type::Pointer { .. })
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
