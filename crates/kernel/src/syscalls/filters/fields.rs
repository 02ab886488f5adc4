//! The fields of a call's event, as a program finds them before and after the copies.

use thalweg_bpf::Register;
use thalweg_bpf::Register::{R6, R7, R8, R9};
use thalweg_filter::tracefs::Width;
use thalweg_filter::{Context, Expr};
use thalweg_kbuf::{Origin, RecordLayout, SyscallEvent};
use thalweg_model::{ByteOrder, FieldClass, IntegerClass};

use super::contexts::TaskContexts;
use super::prepare::{Preparation, SLOT, SLOTS, TEXT_LENGTH};
use crate::predicate::{Integer, Operand, Operands, Place, Text};

/// Of a text that the record has, so many bytes are looked at.
const TEXT_ROOM: i16 = 512;

/// The fields that filters of an event name.
#[derive(Debug)]
pub(super) struct CallFields<'e> {
    event: &'e SyscallEvent,
    contexts: &'e TaskContexts,
    used: Vec<(String, Operand)>,
    /// What is to be done before parts of filters that need copies.
    pub(super) preparations: Vec<Preparation>,
    /// Registers that point at copies, but for the first copy's.
    bases: Vec<u8>,
    slots: i16,
}

impl<'e> CallFields<'e> {
    /// Those that these expressions name.
    pub(super) fn new(
        event: &'e SyscallEvent,
        contexts: &'e TaskContexts,
        filters: &[&Expr],
    ) -> Self {
        let mut fields = Self {
            event,
            contexts,
            used: Vec::new(),
            preparations: Vec::new(),
            bases: Vec::new(),
            slots: 0,
        };
        for name in filters.iter().flat_map(|filter| filter.fields()) {
            if fields.used.iter().all(|(known, _)| known != name)
                && let Some(operand) = fields.find(name)
            {
                fields.used.push((name.to_owned(), operand));
            }
        }
        fields
    }

    /// What makes code for one event good for another one.
    pub(super) fn key(&self) -> String {
        format!("{:?} {:?}", self.used, self.preparations)
    }

    /// Whether an expression needs what is copied.
    pub(super) fn needs_copies(&self, part: &Expr) -> bool {
        part.fields().any(|name| {
            let mut origins = self.event.origins();
            let origin = origins.find(|(known, ..)| *known == name);
            matches!(
                origin,
                Some((
                    ..,
                    Origin::Text(_) | Origin::Bytes(_) | Origin::Family(_) | Origin::Port(_)
                ))
            )
        })
    }

    fn find(&mut self, name: &str) -> Option<Operand> {
        let event = self.event;
        let (_, class, origin) = event.origins().find(|(known, ..)| *known == name)?;
        Some(match origin {
            Origin::Number => record(RecordLayout::NUMBER, 32, class),
            Origin::Result => record(RecordLayout::RESULT, 64, class),
            Origin::Argument(index) => {
                record(RecordLayout::ARGUMENTS + 8 * i16::from(index), 64, class)
            }
            Origin::Arguments => {
                let first = Place::Memory(R7, RecordLayout::ARGUMENTS);
                Operand::List(Integer::plain(first, 64, false), 6)
            }
            Origin::Text(copy) => self.text(copy),
            Origin::Bytes(copy) => self.bytes(copy, class),
            Origin::Family(copy) => self.prepared(2, |slot| Preparation::Family { copy, slot }),
            Origin::Port(copy) => self.prepared(2, |slot| Preparation::Port { copy, slot }),
            Origin::Made => {
                closed("the programs for system calls copy it, and do not look into it")
            }
        })
    }

    fn text(&mut self, copy: u8) -> Operand {
        let Some(base) = self.base(copy) else {
            return closed("the filter needs too many texts at once");
        };
        let preparation = Preparation::Text { copy, base };
        if !self.preparations.contains(&preparation) {
            self.preparations.push(preparation);
        }
        let head = if copy == 0 { RecordLayout::COPIES } else { 0 };
        Operand::Text(Text {
            base,
            offset: head + RecordLayout::COPY_HEAD,
            room: TEXT_ROOM,
            length: (R7, TEXT_LENGTH - 8 * i16::from(copy)),
            may_be_cut: true,
            may_fail: false,
        })
    }

    /// What points at a copy's head, or for the first one at the record.
    fn base(&mut self, copy: u8) -> Option<Register> {
        if copy == 0 {
            return Some(R7);
        }
        let known = self.bases.iter().position(|known| *known == copy);
        let place = known.unwrap_or_else(|| {
            self.bases.push(copy);
            self.bases.len() - 1
        });
        [R6, R8, R9].get(place).copied()
    }

    /// Integers that a pointer leads to.
    fn bytes(&mut self, copy: u8, class: &FieldClass) -> Operand {
        let (integer, length) = match class {
            FieldClass::Integer(integer) => (integer, None),
            FieldClass::Array(array) => match (&*array.element, u32::try_from(array.length)) {
                (FieldClass::Integer(integer), Ok(length)) => (integer, Some(length)),
                _ => return closed("it is no list of integers"),
            },
            _ => return closed("it is no integer"),
        };
        if integer.byte_order != ByteOrder::Little {
            return closed("its bytes have another order");
        }
        let bytes = integer.size_bits / 8 * length.unwrap_or(1);
        let Ok(len) = u8::try_from(bytes) else {
            return closed("it is too large");
        };
        let Some(slot) = self.take(len) else {
            return closed("the filter needs too many fields at once");
        };
        let preparation = Preparation::Bytes { copy, len, slot };
        self.preparations.push(preparation);
        let place = Place::Memory(R7, slot);
        let integer = Integer::plain(place, integer.size_bits, integer.signed);
        match length {
            None => Operand::Integer(integer),
            Some(length) => Operand::List(integer, length),
        }
    }

    /// A number without a sign that is put into a slot.
    fn prepared(&mut self, bytes: u32, preparation: impl FnOnce(i16) -> Preparation) -> Operand {
        let Some(slot) = self.take(8) else {
            return closed("the filter needs too many fields at once");
        };
        self.preparations.push(preparation(slot));
        let place = Place::Memory(R7, slot);
        Operand::Integer(Integer::plain(place, 8 * bytes, false))
    }

    /// The lowest byte of so many in front of the record.
    fn take(&mut self, len: u8) -> Option<i16> {
        let slots = i16::from(len.div_ceil(8));
        self.slots += slots;
        (self.slots <= SLOTS).then_some(SLOT - 8 * (self.slots - 1))
    }
}

impl Operands for CallFields<'_> {
    fn operand(&self, name: &str) -> Option<Operand> {
        let found = self.used.iter().find(|(known, _)| known == name);
        found.map(|(_, operand)| operand.clone())
    }

    fn context(&self, context: Context) -> Option<Operand> {
        self.contexts.operand(context)
    }

    fn names(&self) -> Vec<&str> {
        self.event.origins().map(|(name, ..)| name).collect()
    }
}

/// A number in the fixed part of the record.
fn record(at: i16, bits: u32, class: &FieldClass) -> Operand {
    let integer: &IntegerClass = match class {
        FieldClass::Integer(class) => class,
        FieldClass::Enum(class) => &class.integer,
        _ => return closed("it is no integer"),
    };
    Operand::Integer(Integer {
        place: Place::Memory(R7, at),
        kernel: Width {
            bits,
            signed: bits == 32,
        },
        trace: Width {
            bits: integer.size_bits,
            signed: integer.signed,
        },
        add: 0,
    })
}

fn closed(why: &str) -> Operand {
    Operand::Closed(why.to_owned())
}
