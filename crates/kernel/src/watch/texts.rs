//! The copies of texts that a program makes, and the fields of an event with them.
//!
//! ```text
//!   | length | bytes … NUL |       in scratch memory; of a key's text the bytes are in the key
//! ```

use thalweg_bpf::Register::{R0, R1, R2, R3, R6, R7};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Operation, Size};
use thalweg_filter::Context;
use thalweg_filter::tracefs::Width;
use thalweg_kbuf::syscall_numbers;

use super::field::{EventFields, Found, Names, Pointer, TextSource, context};
use super::layout::{Layout, Part};
use crate::predicate::{Integer, Operand, Operands, Place, Text};

/// In a key's text behind the first NUL: it could not be read.
pub(super) const UNREADABLE: u8 = 1;

/// A text that is copied.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    source: TextSource,
    pub(super) text: Text,
    /// Bytes that are set to zero before.
    cleared: i16,
    /// Whether it is a part of the key.
    pub(super) is_key: bool,
    /// Whether the filter or an argument looks at it.
    pub(super) is_compared: bool,
}

/// The copies of one program.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) copies: Vec<Copied>,
    /// Numbers, and where their copies are.
    pub(super) peeks: Vec<(Pointer, Width, i16)>,
    /// Where the next one goes.
    free: i16,
}

/// Bytes in whole eights.
pub(super) const fn whole(bytes: i16) -> i16 {
    (bytes + 7) & !7
}

impl Texts {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            copies: Vec::new(),
            peeks: Vec::new(),
            free: layout.texts(),
        }
    }

    /// Bytes of scratch memory, with all copies.
    pub(super) const fn end(&self) -> i16 {
        self.free
    }

    /// Copies a text into a part of the key.
    pub(super) fn add_key(&mut self, source: TextSource, at: i16, part: Part) {
        let length = self.take(8);
        self.add(source, (at, length, part.bytes()), true);
    }

    /// Copies a text that is compared, if that is not done already.
    pub(super) fn add_compared(&mut self, source: TextSource) {
        let known = self
            .copies
            .iter_mut()
            .find(|copied| copied.source == source);
        if let Some(known) = known {
            known.is_compared = true;
            return;
        }
        let length = self.take(8);
        let bytes = whole(source.room().0);
        let at = self.take(bytes);
        self.add(source, (at, length, 0), false);
    }

    /// Copies a number, if that is not done already.
    pub(super) fn add_peek(&mut self, pointer: Pointer, width: Width) {
        if self.peek(pointer, width).is_none() {
            let at = self.take(8);
            self.peeks.push((pointer, width, at));
        }
    }

    fn peek(&self, pointer: Pointer, width: Width) -> Option<i16> {
        let mut peeks = self.peeks.iter();
        let found = peeks.find(|(one, wide, _)| (*one, *wide) == (pointer, width))?;
        Some(found.2)
    }

    /// Writes code that copies the numbers.
    pub(super) fn write_peeks(&self, a: &mut Assembler, unknown: Label) {
        for (pointer, width, at) in &self.peeks {
            let helper = match pointer.is_user {
                true => Helper::ProbeReadUser,
                false => Helper::ProbeReadKernel,
            };
            write_address(a, *pointer);
            a.set(R1, R7);
            a.add(R1, i32::from(*at));
            a.set(R2, width.bits.cast_signed() / 8);
            a.call(helper);
            a.jump_if(Condition::NotEqual, R0, 0, unknown);
        }
    }

    fn add(&mut self, source: TextSource, (at, length, cleared): (i16, i16, i16), is_key: bool) {
        let (room, may_be_cut) = source.room();
        let text = Text {
            base: R7,
            offset: at,
            room,
            length: (R7, length),
            may_be_cut,
            may_fail: true,
        };
        self.copies.push(Copied {
            source,
            text,
            cleared,
            is_key,
            is_compared: !is_key,
        });
    }

    fn take(&mut self, bytes: i16) -> i16 {
        let at = self.free;
        self.free += bytes;
        at
    }

    fn of(&self, source: TextSource) -> Option<Text> {
        let copied = self.copies.iter().find(|copied| copied.source == source)?;
        Some(copied.text)
    }
}

impl Copied {
    /// Writes code that copies it. `comm` is where a task has its name.
    pub(super) fn write(&self, a: &mut Assembler, comm: i16) {
        for at in (0..self.cleared).step_by(8) {
            a.store(Size::Eight, (R7, self.text.offset + at), 0);
        }
        let room = i32::from(self.text.room);
        // The kernel fills up a name with zeros.
        if self.source == TextSource::Comm && !self.is_compared {
            self.write_target(a, room);
            a.call(Helper::GetCurrentComm);
            return;
        }
        let helper = match self.source {
            TextSource::Pointer(pointer) if pointer.is_user => Helper::ProbeReadUserStr,
            _ => Helper::ProbeReadKernelStr,
        };
        self.write_source(a, comm);
        self.write_target(a, room);
        a.call(helper);
        a.add(R0, -1);
        a.store(Size::Eight, self.text.length, R0);
        if self.is_key && matches!(self.source, TextSource::Pointer(_)) {
            let read = a.label();
            a.jump_if(Condition::GreaterOrEqual, R0, 0, read);
            a.store(Size::One, (R7, self.text.offset), 0);
            let behind = (R7, self.text.offset + 1);
            a.store(Size::One, behind, i32::from(UNREADABLE));
            a.bind(read);
        }
    }

    fn write_target(&self, a: &mut Assembler, room: i32) {
        a.set(R1, R7);
        a.add(R1, i32::from(self.text.offset));
        a.set(R2, room);
    }

    /// R3 becomes its address.
    fn write_source(&self, a: &mut Assembler, comm: i16) {
        match self.source {
            TextSource::Comm => {
                a.call(Helper::GetCurrentTaskBtf);
                a.set(R3, R0);
                a.add(R3, i32::from(comm));
            }
            TextSource::Record(at, _) => {
                a.set(R3, R6);
                a.add(R3, i32::from(at));
            }
            TextSource::Location(at, is_relative) => {
                a.load(Size::Four, R1, (R6, at));
                a.and(R1, 0xffff);
                a.set(R3, R6);
                a.operate(Operation::Add, R3, R1);
                if is_relative {
                    a.add(R3, i32::from(at) + 4);
                }
            }
            TextSource::Pointer(pointer) => write_address(a, pointer),
        }
    }
}

/// R3 becomes an address.
fn write_address(a: &mut Assembler, pointer: Pointer) {
    a.load(Size::Eight, R3, (pointer.base, pointer.at));
    if pointer.add != 0 {
        a.add(R3, pointer.add);
    }
}

/// An event's fields, with the places of their texts.
pub(super) struct Bound<'b> {
    pub(super) event: &'b dyn EventFields,
    pub(super) texts: &'b Texts,
    /// The names of all events of the watch.
    pub(super) events: &'b [String],
}

impl Bound<'_> {
    fn bind(&self, found: Found) -> Operand {
        match found {
            Found::Number(number) => Operand::Integer(number),
            Found::List(first, length) => Operand::List(first, length),
            Found::Text(source) => match self.texts.of(source) {
                Some(text) => Operand::Text(text),
                // Nothing looks at it but the check of kinds.
                None => Operand::Closed("it was not copied".to_owned()),
            },
            Found::Peek(pointer, width) => match self.texts.peek(pointer, width) {
                Some(at) => {
                    let place = Place::Memory(R7, at);
                    Operand::Integer(Integer::plain(place, width.bits, width.signed))
                }
                None => Operand::Closed("it was not copied".to_owned()),
            },
            Found::Names(number, names) => Operand::Names(number, self.names_of(names)),
            Found::Closed(why) => Operand::Closed(why),
        }
    }

    fn names_of(&self, names: Names) -> Vec<(i64, String)> {
        match names {
            Names::Syscalls => syscall_numbers()
                .map(|(number, name)| (i64::from(number), name.to_owned()))
                .collect(),
            Names::Events => (0..).zip(self.events.iter().cloned()).collect(),
        }
    }
}

impl Operands for Bound<'_> {
    fn operand(&self, name: &str) -> Option<Operand> {
        self.event.find(name).map(|found| self.bind(found))
    }

    fn context(&self, name: Context) -> Option<Operand> {
        context(name).map(|found| self.bind(found))
    }

    fn names(&self) -> Vec<&str> {
        self.event.names()
    }
}
