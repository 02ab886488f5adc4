//! The values of one event of `tracing`: visited once, on the stack.
//!
//! ```text
//!   visitor: 7 ─▶ slot   "Ada" ─▶ copied into the texts   "very long …" ─▶ kept by a second visitor,
//!                                                            which goes on behind it while it lives
//! ```
//!
//! A visitor gets text for the time of one call only. What is too long to be copied is kept by
//! staying in that call: the fields are visited again from there, without those that are known.
//! So nothing is allocated, nothing is cut but what had to be formatted, and what `Debug` shows, which
//! may differ from call to call and may itself emit events, is asked for once.

use arrayvec::ArrayVec;
use core::fmt;
use std::error::Error;
use thalweg::dynamic::{Kind, Value};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Record};

use crate::code::{Code, Extra, MAX_FIELDS, MAX_VALUES, code, decoded};
use crate::texts::Texts;

/// What has fields to visit.
pub(crate) trait Fields {
    fn visit(&self, visitor: &mut dyn Visit);
}

impl Fields for tracing_core::Event<'_> {
    #[inline]
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

impl Fields for Attributes<'_> {
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

impl Fields for Record<'_> {
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

/// Has no fields.
pub(crate) struct NoFields;

impl Fields for NoFields {
    #[inline]
    fn visit(&self, _: &mut dyn Visit) {}
}

/// The bits of a number; from where to where a text was copied; or the number of a long value and
/// [`LONG`]. Words, because what was stored as words a moment ago is quickly loaded as words only.
#[derive(Clone, Copy)]
struct Slot(u64, u64);

const LONG: u64 = u64::MAX;

/// The values so far: which fields, of which types.
#[derive(Clone)]
struct Collected<'v> {
    codes: ArrayVec<Code, MAX_VALUES>,
    slots: ArrayVec<Slot, MAX_VALUES>,
    long: ArrayVec<Value<'v>, MAX_VALUES>,
}

/// What is done with all values.
pub(crate) type Then<'t> = &'t mut dyn FnMut(&[Code], &[Value<'_>]);

/// Collects values of ours, and those of the fields; `then` gets all of them.
#[inline]
pub(crate) fn collect(extras: &[(Extra, u64)], fields: &impl Fields, then: Then<'_>) {
    let mut texts = Texts::new();
    // Filled where it lies: to move it is to copy it whole, which costs more than the event. And
    // not `new_const`, which fills the unused room.
    let mut collector = Collector {
        fields,
        collected: Collected {
            codes: ArrayVec::new(),
            slots: ArrayVec::new(),
            long: ArrayVec::new(),
        },
        texts: &mut texts,
        known: 0,
        seen: 0,
        is_done: false,
        then,
    };
    for (extra, value) in extras {
        collector.collected.push(extra.code(), Slot(*value, 0));
    }
    fields.visit(&mut collector);
    collector.finish();
}

impl<'v> Collected<'v> {
    /// There is room for ours, and for as many fields as are taken.
    #[inline]
    fn push(&mut self, code: Code, slot: Slot) {
        self.codes.push(code);
        self.slots.push(slot);
    }

    fn push_long(&mut self, code: Code, value: Value<'v>) {
        self.push(code, Slot(self.long.len() as u64, LONG));
        self.long.push(value);
    }

    /// The value in a slot.
    #[inline]
    fn value<'a>(&'a self, code: Code, slot: Slot, texts: &'a Texts) -> Value<'a> {
        if slot.1 == LONG {
            return self.long[slot.0 as usize];
        }
        match decoded(code).1 {
            Kind::U64 => Value::U64(slot.0),
            Kind::I64 => Value::I64(slot.0.cast_signed()),
            Kind::F64 => Value::F64(f64::from_bits(slot.0)),
            Kind::Bool => Value::Bool(slot.0 != 0),
            _ => Value::Text(texts.get(slot.0 as usize, slot.1 as usize)),
        }
    }
}

/// Visits the fields behind the first `known` ones.
struct Collector<'c, 'v, F> {
    fields: &'c F,
    collected: Collected<'v>,
    texts: &'c mut Texts,
    known: usize,
    seen: usize,
    /// A second visitor has gone on.
    is_done: bool,
    then: Then<'c>,
}

impl<F: Fields> Collector<'_, '_, F> {
    #[inline]
    fn finish(&mut self) {
        if self.is_done {
            return;
        }
        let mut values: ArrayVec<Value<'_>, MAX_VALUES> = ArrayVec::new();
        let Collected { codes, slots, .. } = &self.collected;
        for (code, slot) in codes.iter().zip(slots) {
            values.push(self.collected.value(*code, *slot, self.texts));
        }
        (self.then)(&self.collected.codes, &values);
    }

    /// The index of a field, if its value is to be collected by this visitor.
    #[inline]
    fn take(&mut self, field: &Field) -> Option<u16> {
        self.seen += 1;
        let is_new = !self.is_done && self.seen > self.known;
        (is_new && field.index() < MAX_FIELDS).then_some(field.index() as u16)
    }

    #[inline]
    fn add(&mut self, field: &Field, kind: Kind, bits: u64) {
        if let Some(index) = self.take(field) {
            self.collected.push(code(index, kind), Slot(bits, 0));
        }
    }

    #[inline]
    fn add_text(&mut self, field: &Field, text: &str) {
        if let Some(index) = self.take(field) {
            match self.texts.copy(text) {
                Some(place) => self.add_copied(index, place),
                None => self.go_on_with(index, Value::Text(text)),
            }
        }
    }

    fn add_formatted(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        if let Some(index) = self.take(field) {
            let place = self.texts.format(text);
            self.add_copied(index, place);
        }
    }

    #[inline]
    fn add_copied(&mut self, index: u16, (from, to): (usize, usize)) {
        let slot = Slot(from as u64, to as u64);
        self.collected.push(code(index, Kind::Text), slot);
    }

    /// Visits the other fields while a value lives.
    #[cold]
    fn go_on_with(&mut self, index: u16, value: Value<'_>) {
        let mut collected = self.collected.clone();
        collected.push_long(code(index, value.kind()), value);
        let mut next = Collector {
            fields: self.fields,
            collected,
            texts: self.texts,
            known: self.seen,
            seen: 0,
            is_done: false,
            then: self.then,
        };
        self.fields.visit(&mut next);
        next.finish();
        self.is_done = true;
    }
}

/// An error, and what it comes from.
struct Chain<'e>(&'e (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(out, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl<F: Fields> Visit for Collector<'_, '_, F> {
    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Kind::U64, value);
    }

    #[inline]
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Kind::I64, value.cast_unsigned());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Kind::F64, value.to_bits());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Kind::Bool, u64::from(value));
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        if let Some(index) = self.take(field) {
            self.go_on_with(index, Value::Bytes(value));
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add_formatted(field, format_args!("{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add_formatted(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add_formatted(field, format_args!("{}", Chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_formatted(field, format_args!("{value:?}"));
    }
}
