//! What the rest of this folder stands on: the writer, its room on the stack, and where it goes on.

use thalweg_bpf::Register::R10;
use thalweg_bpf::{Assembler, Label, Register, Size};
use thalweg_filter::tracefs::Refusal;
use thalweg_filter::{Expr, Filter, Problem};

use super::operand::{Kinds, Operands};

/// Where a program goes on when it has no plain answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exits {
    /// The filter is false, or a number has no value, as behind a division by zero.
    pub(crate) fails: Label,
    /// A text is not known well enough to tell.
    pub(crate) unknown: Label,
}

/// Room on the stack for what waits for its operator: eights of bytes, from `at` downwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots {
    /// Where the first of them begins.
    pub(crate) at: i16,
    /// How many there are.
    pub(crate) count: i16,
}

/// Writes code that falls through if the filter passes.
///
/// # Errors
/// It does not fit the fields, or no program can test it.
pub(crate) fn write_filter<O: Operands + ?Sized>(
    a: &mut Assembler,
    filter: &Filter,
    operands: &O,
    slots: Slots,
    exits: Exits,
) -> Result<(), Refusal> {
    check(filter, operands)?;
    let expr = filter.folded();
    Writer::new(a, operands, slots, exits).jump(&expr, false, exits.fails)
}

/// Writes code that sets R0 to the value of an expression.
///
/// # Errors
/// It does not fit the fields, or is no number that a program can compute.
pub(crate) fn write_number<O: Operands + ?Sized>(
    a: &mut Assembler,
    expression: &Filter,
    operands: &O,
    slots: Slots,
    exits: Exits,
) -> Result<(), Refusal> {
    match check(expression, operands) {
        Err(Refusal::Unfit(thalweg_filter::Error {
            column,
            problem: Problem::NoTruth(found),
        })) => {
            let why = format!("a number is needed here, and this is {found}");
            return Err(Refusal::Beyond { column, why });
        }
        checked => checked?,
    }
    let expr = expression.folded();
    Writer::new(a, operands, slots, exits).number(&expr)
}

/// Writes code that falls through if a part of a filter, which was checked and folded, is true.
///
/// # Errors
/// No program can test it.
pub(crate) fn write_part<O: Operands + ?Sized>(
    a: &mut Assembler,
    part: &Expr,
    operands: &O,
    slots: Slots,
    exits: Exits,
) -> Result<(), Refusal> {
    Writer::new(a, operands, slots, exits).jump(part, false, exits.fails)
}

/// Whether a filter fits the fields.
///
/// # Errors
/// What does not.
pub(crate) fn check<O: Operands + ?Sized>(filter: &Filter, operands: &O) -> Result<(), Refusal> {
    let Err(errors) = filter.check(&Kinds::new(operands)) else {
        return Ok(());
    };
    let is_missing =
        |error: &&thalweg_filter::Error| matches!(error.problem, Problem::UnknownField { .. });
    let first = errors.iter().find(is_missing).or(errors.first());
    Err(Refusal::Unfit(first.expect("there is one").clone()))
}

pub(super) fn beyond(expr: &Expr, why: impl Into<String>) -> Refusal {
    Refusal::Beyond {
        column: expr.column,
        why: why.into(),
    }
}

/// Writes the code of one expression.
pub(super) struct Writer<'w, O: ?Sized> {
    pub(super) a: &'w mut Assembler,
    pub(super) operands: &'w O,
    pub(super) exits: Exits,
    slots: Slots,
    /// Slots that are taken.
    taken: i16,
}

impl<'w, O: Operands + ?Sized> Writer<'w, O> {
    fn new(a: &'w mut Assembler, operands: &'w O, slots: Slots, exits: Exits) -> Self {
        Self {
            a,
            operands,
            exits,
            slots,
            taken: 0,
        }
    }

    /// Keeps a register's value in a slot while `write` is at work; gives the slot's place.
    pub(super) fn keep(
        &mut self,
        register: Register,
        expr: &Expr,
        write: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<i16, Refusal> {
        if self.taken == self.slots.count {
            let count = self.slots.count;
            return Err(beyond(
                expr,
                format!("more than {count} values wait for their operator"),
            ));
        }
        let at = self.slots.at - 8 * self.taken;
        self.a.store(Size::Eight, (R10, at), register);
        self.taken += 1;
        write(self)?;
        self.taken -= 1;
        Ok(at)
    }
}
