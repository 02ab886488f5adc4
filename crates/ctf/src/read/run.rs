//! Executes plans.

use thalweg_model::{ByteOrder, Node};

use super::bits::{Bits, sign_extend};
use super::cursor::{MAX_VALUES, Notes};
use super::error::{DecodeError, Halt};
use super::plan::{
    Array, Fixed, Float, Integer, Length, Note, Run, RunField, Step, StructPlan, Variant,
};
use super::sink::Sink;

/// Bits to read from, the memory of what was read, and where values go.
pub(super) struct Executor<'a, 'n, S> {
    pub(super) bits: Bits<'a>,
    pub(super) notes: &'n mut Notes,
    pub(super) sink: &'n mut S,
}

impl<S: Sink> Executor<'_, '_, S> {
    /// Decodes a structure.
    pub(super) fn structure(&mut self, plan: &StructPlan) -> Result<(), Halt> {
        self.bits.align(plan.align_bits)?;
        self.charge(plan.members)?;
        let opened = self.sink.open(Node::structure(0));
        for step in &plan.steps {
            match step {
                Step::Run(run) => self.run(run)?,
                other => self.step(other)?,
            }
        }
        self.sink.close(opened);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Halt> {
        match step {
            Step::Integer(integer) => self.integer(integer),
            Step::Float(float) => self.float(float),
            Step::String => self.string(),
            Step::Array(array) => self.array(array),
            Step::Struct(plan) => self.structure(plan),
            Step::Variant(variant) => self.variant(variant),
            Step::Run(run) => self.run(run),
        }
    }

    #[inline]
    fn run(&mut self, run: &Run) -> Result<(), Halt> {
        self.bits.align(run.align_bits)?;
        let (at, bytes) = self.bits.bytes(run.bytes)?;
        if S::SKIPS {
            run.noted
                .iter()
                .for_each(|field| self.field(at, bytes, field));
        } else {
            run.fields
                .iter()
                .for_each(|field| self.field(at, bytes, field));
        }
        Ok(())
    }

    #[inline]
    fn field(&mut self, at: usize, run: &[u8], field: &RunField) {
        let bytes = run.get(field.offset..).unwrap_or_default();
        match field.kind {
            Fixed::U8 => self.unsigned(load::<1>(bytes, ByteOrder::Little), 8, field.note),
            Fixed::U16(order) => self.unsigned(load::<2>(bytes, order), 16, field.note),
            Fixed::U32(order) => self.unsigned(load::<4>(bytes, order), 32, field.note),
            Fixed::U64(order) => self.unsigned(load::<8>(bytes, order), 64, field.note),
            Fixed::I8 => self.signed(load::<1>(bytes, ByteOrder::Little), 8, field.note),
            Fixed::I16(order) => self.signed(load::<2>(bytes, order), 16, field.note),
            Fixed::I32(order) => self.signed(load::<4>(bytes, order), 32, field.note),
            Fixed::I64(order) => self.signed(load::<8>(bytes, order), 64, field.note),
            Fixed::F32(order) => {
                self.sink.node(Node::f32(load::<4>(bytes, order) as u32));
            }
            Fixed::F64(order) => {
                self.sink.node(Node::f64(load::<8>(bytes, order)));
            }
            Fixed::Text(length) => {
                self.sink.node(Node::room(at + field.offset, length as u32));
            }
        }
    }

    #[inline]
    fn unsigned(&mut self, value: u64, size_bits: u32, note: Note) {
        if note != Note::NONE {
            self.notes.take(value, size_bits, note);
        }
        self.sink.node(Node::unsigned(value));
    }

    #[inline]
    fn signed(&mut self, value: u64, size_bits: u32, note: Note) {
        let value = sign_extend(value, size_bits);
        if note != Note::NONE {
            self.notes.take(value as u64, size_bits, note);
        }
        self.sink.node(Node::signed(value));
    }

    fn integer(&mut self, integer: &Integer) -> Result<(), Halt> {
        self.bits.align(integer.align_bits)?;
        let value = self.bits.unsigned(integer.size_bits, integer.order)?;
        if integer.signed {
            self.signed(value, integer.size_bits, integer.note);
        } else {
            self.unsigned(value, integer.size_bits, integer.note);
        }
        Ok(())
    }

    fn float(&mut self, float: &Float) -> Result<(), Halt> {
        self.bits.align(float.align_bits)?;
        let value = self.bits.unsigned(float.size_bits, float.order)?;
        if float.size_bits == 32 {
            self.sink.node(Node::f32(value as u32));
        } else {
            self.sink.node(Node::f64(value));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Halt> {
        self.bits.align(8)?;
        let (at, text) = self.bits.c_string()?;
        self.sink.node(Node::text(at, text.len() as u32));
        Ok(())
    }

    fn array(&mut self, array: &Array) -> Result<(), Halt> {
        self.bits.align(array.align_bits)?;
        let claimed = match array.length {
            Length::Fixed(length) => length,
            Length::Slot(slot) => self.notes.get(slot),
        };
        let count = self.believe(claimed, array.element_bits)?;
        let Some(element) = &array.element else {
            let (at, bytes) = self.bits.bytes(count)?;
            self.sink.node(Node::room(at, bytes.len() as u32));
            return Ok(());
        };
        self.charge(count)?;
        let opened = self.sink.open(Node::list(0));
        for _ in 0..count {
            self.step(element)?;
        }
        self.sink.close(opened);
        Ok(())
    }

    /// A claimed number of elements, if the content can hold them.
    fn believe(&self, claimed: u64, element_bits: u64) -> Result<usize, DecodeError> {
        let left_bits = self.bits.left_bits();
        let room = left_bits
            .checked_div(element_bits)
            .unwrap_or(MAX_VALUES as u64);
        let count = usize::try_from(claimed).ok().filter(|_| claimed <= room);
        let at_bits = self.bits.at;
        count.ok_or(DecodeError::LengthBeyondContent {
            at_bits,
            claimed,
            left_bits,
        })
    }

    fn charge(&mut self, values: usize) -> Result<(), DecodeError> {
        let left = self.notes.budget.checked_sub(values);
        self.notes.budget = left.ok_or(DecodeError::TooManyValues(MAX_VALUES))?;
        Ok(())
    }

    fn variant(&mut self, variant: &Variant) -> Result<(), Halt> {
        let raw = self.notes.get(variant.slot);
        let option = variant.choose(raw);
        let option = option.and_then(|index| Some((index, variant.options.get(index)?)));
        let Some((index, step)) = option else {
            return Err(DecodeError::NoOption {
                at_bits: self.bits.at,
                tag: variant.tag(raw),
            }
            .into());
        };
        self.charge(1)?;
        let opened = self.sink.open(Node::variant(index as u32, 0));
        self.step(step)?;
        self.sink.close(opened);
        Ok(())
    }
}

#[inline]
fn load<const N: usize>(bytes: &[u8], order: ByteOrder) -> u64 {
    let mut room = [0; 8];
    let field = bytes.first_chunk::<N>().copied().unwrap_or([0; N]);
    match order {
        ByteOrder::Little => {
            room[..N].copy_from_slice(&field);
            u64::from_le_bytes(room)
        }
        ByteOrder::Big => {
            room[8 - N..].copy_from_slice(&field);
            u64::from_be_bytes(room)
        }
    }
}
