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

use crate::code::{Code, Extra, MAX_FIELDS, MAX_VALUES, code};
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

/// A value, or where its text is.
#[derive(Clone, Copy)]
enum Slot<'v> {
    Value(Value<'v>),
    Copied(usize, usize),
}

/// The values so far: which fields, of which types.
#[derive(Clone)]
struct Collected<'v> {
    codes: ArrayVec<Code, MAX_VALUES>,
    slots: ArrayVec<Slot<'v>, MAX_VALUES>,
}

/// What is done with all values.
pub(crate) type Then<'t> = &'t mut dyn FnMut(&[Code], &[Value<'_>]);

/// Collects values of ours, and those of the fields; `then` gets all of them.
#[inline]
pub(crate) fn collect(extras: &[(Extra, u64)], fields: &impl Fields, then: Then<'_>) {
    let mut texts = Texts::new();
    let mut collected = Collected {
        codes: ArrayVec::new_const(),
        slots: ArrayVec::new_const(),
    };
    for (extra, value) in extras {
        collected.push(extra.code(), Slot::Value(Value::U64(*value)));
    }
    let mut collector = Collector {
        fields,
        collected,
        texts: &mut texts,
        known: 0,
        seen: 0,
        is_done: false,
        then,
    };
    fields.visit(&mut collector);
    collector.finish();
}

impl<'v> Collected<'v> {
    /// There is room for ours, and for as many fields as are taken.
    #[inline]
    fn push(&mut self, code: Code, slot: Slot<'v>) {
        self.codes.push(code);
        self.slots.push(slot);
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
    fn finish(self) {
        if self.is_done {
            return;
        }
        let texts = &*self.texts;
        let values = self.collected.slots.iter().map(|slot| match slot {
            Slot::Value(value) => *value,
            Slot::Copied(from, to) => Value::Text(texts.get(*from, *to)),
        });
        let values: ArrayVec<Value<'_>, MAX_VALUES> = values.collect();
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
    fn add(&mut self, field: &Field, value: Value<'static>) {
        if let Some(index) = self.take(field) {
            let code = code(index, value.kind());
            self.collected.push(code, Slot::Value(value));
        }
    }

    #[inline]
    fn add_text(&mut self, field: &Field, text: &str) {
        if let Some(index) = self.take(field) {
            match self.texts.copy(text) {
                Some((from, to)) => {
                    let slot = Slot::Copied(from, to);
                    self.collected.push(code(index, Kind::Text), slot);
                }
                None => self.go_on_with(index, Value::Text(text)),
            }
        }
    }

    fn add_formatted(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        if let Some(index) = self.take(field) {
            let (from, to) = self.texts.format(text);
            let slot = Slot::Copied(from, to);
            self.collected.push(code(index, Kind::Text), slot);
        }
    }

    /// Visits the other fields while a value lives.
    #[cold]
    fn go_on_with(&mut self, index: u16, value: Value<'_>) {
        let mut collected = self.collected.clone();
        collected.push(code(index, value.kind()), Slot::Value(value));
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
        self.add(field, Value::U64(value));
    }

    #[inline]
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::I64(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
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
