//! Executes plans.

use thalweg_model::ByteOrder;

use super::bits::{Bits, sign_extend};
use super::build::Build;
use super::clock;
use super::cursor::{MAX_VALUES, Notes};
use super::error::{DecodeError, Halt};
use super::plan::{
    Array, Fixed, Float, Integer, Length, NO_SLOT, Note, Run, RunField, Step, StructPlan, Variant,
};

/// Bits to read from, and the memory of what was read.
pub(super) struct Executor<'a, 'n> {
    pub(super) bits: Bits<'a>,
    pub(super) notes: &'n mut Notes,
}

impl<'a> Executor<'a, '_> {
    /// Decodes a structure.
    pub(super) fn structure<B: Build<'a>>(&mut self, plan: &StructPlan) -> Result<B::One, Halt> {
        self.bits.align(plan.align_bits)?;
        self.charge(plan.members)?;
        let mut members = B::many(plan.members);
        for step in &plan.steps {
            match step {
                Step::Run(run) => self.run::<B>(run, &mut members)?,
                other => {
                    let member = self.step::<B>(other)?;
                    B::push(&mut members, member);
                }
            }
        }
        Ok(B::structure(members))
    }

    fn step<B: Build<'a>>(&mut self, step: &Step) -> Result<B::One, Halt> {
        match step {
            Step::Integer(integer) => self.integer::<B>(integer),
            Step::Float(float) => self.float::<B>(float),
            Step::String => {
                self.bits.align(8)?;
                self.bits.c_string().map(B::text)
            }
            Step::Array(array) => self.array::<B>(array),
            Step::Struct(plan) => self.structure::<B>(plan),
            Step::Variant(variant) => self.variant::<B>(variant),
            Step::Run(run) => self.single::<B>(run),
        }
    }

    /// A run of one field, as an element or an option.
    fn single<B: Build<'a>>(&mut self, run: &Run) -> Result<B::One, Halt> {
        self.bits.align(run.align_bits)?;
        let bytes = self.bits.bytes(run.bytes)?;
        let field = run
            .fields
            .first()
            .map(|field| self.field::<B>(bytes, field));
        Ok(field.unwrap_or_else(|| B::unsigned(0)))
    }

    #[inline]
    fn run<B: Build<'a>>(&mut self, run: &Run, members: &mut B::Many) -> Result<(), Halt> {
        self.bits.align(run.align_bits)?;
        let bytes = self.bits.bytes(run.bytes)?;
        let fields = if B::SKIPS { &run.noted } else { &run.fields };
        for field in fields {
            let member = self.field::<B>(bytes, field);
            B::push(members, member);
        }
        Ok(())
    }

    #[inline]
    fn field<B: Build<'a>>(&mut self, run: &'a [u8], field: &RunField) -> B::One {
        let bytes = run.get(field.offset..).unwrap_or_default();
        match field.kind {
            Fixed::U8 => self.unsigned::<B>(load::<1>(bytes, ByteOrder::Little), 8, field.note),
            Fixed::U16(order) => self.unsigned::<B>(load::<2>(bytes, order), 16, field.note),
            Fixed::U32(order) => self.unsigned::<B>(load::<4>(bytes, order), 32, field.note),
            Fixed::U64(order) => self.unsigned::<B>(load::<8>(bytes, order), 64, field.note),
            Fixed::I8 => self.signed::<B>(load::<1>(bytes, ByteOrder::Little), 8, field.note),
            Fixed::I16(order) => self.signed::<B>(load::<2>(bytes, order), 16, field.note),
            Fixed::I32(order) => self.signed::<B>(load::<4>(bytes, order), 32, field.note),
            Fixed::I64(order) => self.signed::<B>(load::<8>(bytes, order), 64, field.note),
            Fixed::F32(order) => B::f32(f32::from_bits(load::<4>(bytes, order) as u32)),
            Fixed::F64(order) => B::f64(f64::from_bits(load::<8>(bytes, order))),
            Fixed::Text(length) => B::text(to_nul(bytes.get(..length).unwrap_or_default())),
        }
    }

    #[inline]
    fn unsigned<B: Build<'a>>(&mut self, value: u64, size_bits: u32, note: Note) -> B::One {
        if note != Note::NONE {
            self.note(value, size_bits, note);
        }
        B::unsigned(value)
    }

    #[inline]
    fn signed<B: Build<'a>>(&mut self, value: u64, size_bits: u32, note: Note) -> B::One {
        let value = sign_extend(value, size_bits);
        if note != Note::NONE {
            self.note(value as u64, size_bits, note);
        }
        B::signed(value)
    }

    fn note(&mut self, value: u64, size_bits: u32, note: Note) {
        if note.clock {
            self.notes.clock = clock::updated(self.notes.clock, value, size_bits);
        }
        if note.id {
            self.notes.id = Some(value);
        }
        if note.slot != NO_SLOT {
            self.notes.set(note.slot, value);
        }
    }

    fn integer<B: Build<'a>>(&mut self, integer: &Integer) -> Result<B::One, Halt> {
        self.bits.align(integer.align_bits)?;
        let value = self.bits.unsigned(integer.size_bits, integer.order)?;
        Ok(if integer.signed {
            self.signed::<B>(value, integer.size_bits, integer.note)
        } else {
            self.unsigned::<B>(value, integer.size_bits, integer.note)
        })
    }

    fn float<B: Build<'a>>(&mut self, float: &Float) -> Result<B::One, Halt> {
        self.bits.align(float.align_bits)?;
        let value = self.bits.unsigned(float.size_bits, float.order)?;
        Ok(if float.size_bits == 32 {
            B::f32(f32::from_bits(value as u32))
        } else {
            B::f64(f64::from_bits(value))
        })
    }

    fn array<B: Build<'a>>(&mut self, array: &Array) -> Result<B::One, Halt> {
        self.bits.align(array.align_bits)?;
        let claimed = match array.length {
            Length::Fixed(length) => length,
            Length::Slot(slot) => self.notes.get(slot),
        };
        let count = self.believe(claimed, array.element_bits)?;
        let Some(element) = &array.element else {
            return self.bits.bytes(count).map(|bytes| B::text(to_nul(bytes)));
        };
        self.charge(count)?;
        let mut elements = B::many(count);
        for _ in 0..count {
            let one = self.step::<B>(element)?;
            B::push(&mut elements, one);
        }
        Ok(B::list(elements))
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

    fn variant<B: Build<'a>>(&mut self, variant: &Variant) -> Result<B::One, Halt> {
        let raw = self.notes.get(variant.slot);
        let tag = if variant.signed {
            i128::from(raw as i64)
        } else {
            i128::from(raw)
        };
        let chosen = variant
            .ranges
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&tag));
        let option = chosen.and_then(|(_, _, index)| Some((*index, variant.options.get(*index)?)));
        let Some((index, step)) = option else {
            return Err(DecodeError::NoOption {
                at_bits: self.bits.at,
                tag,
            }
            .into());
        };
        self.charge(1)?;
        Ok(B::variant(index, self.step::<B>(step)?))
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

fn to_nul(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}
