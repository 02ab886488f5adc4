//! The header of an event, and the short way through those that most tracers write.
//!
//! ```text
//!   compact   | id 5 | time 27 |        large   | id 16 | time 32 |      in one little-endian word
//! ```
//!
//! A header of another form, the long form of these (an id that says so), and one that is at no byte
//! go the common way.

use thalweg_model::ByteOrder;

use super::clock;
use super::cursor::Notes;
use super::error::Halt;
use super::plan::{Fixed, Integer, NO_SLOT, Run, Step, StructPlan};
use super::run::Executor;
use super::sink::Nothing;

/// How to read a header.
#[derive(Clone, Debug)]
pub(super) struct Header {
    plan: StructPlan,
    short: Option<Short>,
}

/// An id and a time in one word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    bytes: usize,
    id_bits: u32,
    /// Where the id is kept, if fields need it.
    id_slot: u32,
    time_bits: u32,
    /// Ids of the short form.
    first: u64,
    last: u64,
}

impl Header {
    pub(super) fn new(plan: StructPlan) -> Self {
        let short = short_form(&plan);
        Self { plan, short }
    }

    /// Reads a header: what it notes is all that remains.
    pub(super) fn read(&self, exec: &mut Executor<'_, '_, Nothing>) -> Result<(), Halt> {
        exec.structure(&self.plan)
    }

    /// The short form, if there is one.
    pub(super) const fn short(&self) -> Option<&Short> {
        self.short.as_ref()
    }
}

impl Short {
    /// The id, and how many bytes were read; `None` if the header has not the short form. What it says
    /// is noted.
    #[inline]
    pub(super) fn read(&self, bytes: &[u8], notes: &mut Notes) -> Option<(u64, usize)> {
        let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
        let id = word & low(self.id_bits);
        if !(self.first..=self.last).contains(&id) {
            return None;
        }
        notes.set(self.id_slot, id);
        let time = word >> self.id_bits & low(self.time_bits);
        notes.clock = clock::updated(notes.clock, time, self.time_bits);
        Some((id, self.bytes))
    }
}

/// The low bits of a word: at least 1, less than 64.
const fn low(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// The short form of an id and a variant that it chooses from.
fn short_form(plan: &StructPlan) -> Option<Short> {
    let [id, Step::Variant(variant)] = &*plan.steps else {
        return None;
    };
    let id = integer(id)?;
    let (first, last, option) = *variant.ranges.first()?;
    let Step::Struct(chosen) = variant.options.get(option)? else {
        return None;
    };
    let [time] = &*chosen.steps else { return None };
    let time = integer(time)?;
    let total_bits = id.size_bits + time.size_bits;
    let begin_bits = u64::from(id.size_bits);
    let is_one_word = total_bits <= 64
        && total_bits.is_multiple_of(8)
        && plan.align_bits <= 8
        && begin_bits.is_multiple_of(chosen.align_bits.max(time.align_bits));
    let is_chosen_by_id = id.note.id && !variant.signed && variant.slot == id.note.slot;
    let shows_time = time.note.clock && time.note.slot == NO_SLOT;
    (is_one_word && is_chosen_by_id && shows_time).then_some(Short {
        bytes: (total_bits / 8) as usize,
        id_bits: id.size_bits,
        id_slot: id.note.slot,
        time_bits: time.size_bits,
        first: u64::try_from(first).ok()?,
        last: u64::try_from(last).ok()?,
    })
}

/// An unsigned little-endian integer.
fn integer(step: &Step) -> Option<Integer> {
    let found = match step {
        Step::Integer(integer) => *integer,
        Step::Run(run) => of_run(run)?,
        _ => return None,
    };
    (!found.signed && found.order == ByteOrder::Little).then_some(found)
}

fn of_run(run: &Run) -> Option<Integer> {
    let [field] = run.fields.as_slice() else {
        return None;
    };
    let order = match field.kind {
        Fixed::U8 => ByteOrder::Little,
        Fixed::U16(order) | Fixed::U32(order) => order,
        _ => return None,
    };
    Some(Integer {
        align_bits: run.align_bits,
        size_bits: field.kind.bytes() as u32 * 8,
        signed: false,
        order,
        note: field.note,
    })
}
