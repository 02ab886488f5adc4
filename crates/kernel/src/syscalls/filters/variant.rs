//! Code for filters: each variant once, and the way to that of a call's row.

use thalweg_bpf::Register::{R0, R1, R2, R3, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Size};
use thalweg_filter::tracefs::Refusal;
use thalweg_filter::{Context, Expr};
use thalweg_kbuf::{RecordLayout, Side};

use super::super::calls::Calls;
use super::super::copies::LENGTH;
use super::super::program::STATE;
use super::contexts::{NAME_BYTES, NAME_LENGTH, TaskContexts};
use super::fields::CallFields;
use crate::predicate::{Exits, Slots, write_part};

/// Room for what waits for its operator.
const SLOTS: Slots = Slots { at: -200, count: 8 };

/// So few variants are told apart one after the other.
const FEW: usize = 4;

/// The filters of an event, or of several that need the same code.
#[derive(Debug)]
pub(super) struct Variant<'e> {
    fields: CallFields<'e>,
    /// Parts that all must be true: on what is known before the copies, and behind them.
    early: Vec<Expr>,
    late: Vec<Expr>,
}

impl<'e> Variant<'e> {
    pub(super) fn new(fields: CallFields<'e>, parts: Vec<Expr>) -> Self {
        let (late, early) = parts
            .into_iter()
            .partition(|part| fields.needs_copies(part));
        Self {
            fields,
            early,
            late,
        }
    }

    /// What makes two the same.
    pub(super) fn key(&self) -> String {
        format!("{} {:?} {:?}", self.fields.key(), self.early, self.late)
    }

    /// Whether a program can test a part.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let a = &mut Assembler::new();
        let out = a.label();
        self.write_early(a, 0, out)?;
        self.write_late(a, out)
    }

    fn write_early(&self, a: &mut Assembler, comm: i16, out: Label) -> Result<(), Refusal> {
        let asks = |part: &Expr| part.asks_for(Context::Procname);
        // It stays there.
        if self.early.iter().chain(&self.late).any(asks) {
            write_name(a, comm);
        }
        self.write_parts(a, &self.early, out)
    }

    fn write_late(&self, a: &mut Assembler, out: Label) -> Result<(), Refusal> {
        for preparation in &self.fields.preparations {
            preparation.write(a, out);
        }
        self.write_parts(a, &self.late, out)
    }

    /// What is not known well enough is not held against an event.
    fn write_parts(&self, a: &mut Assembler, parts: &[Expr], out: Label) -> Result<(), Refusal> {
        for part in parts {
            let unknown = a.label();
            let exits = Exits {
                fails: out,
                unknown,
            };
            write_part(a, part, &self.fields, SLOTS, exits)?;
            a.bind(unknown);
        }
        Ok(())
    }
}

/// The thread's name comes to its place in the record, and its length in front.
fn write_name(a: &mut Assembler, comm: i16) {
    a.call(Helper::GetCurrentTaskBtf);
    a.set(R3, R0);
    a.add(R3, i32::from(comm));
    a.set(R1, R7);
    a.add(R1, i32::from(RecordLayout::COMM));
    a.set(R2, i32::from(NAME_BYTES));
    a.call(Helper::ProbeReadKernelStr);
    let some = a.label();
    a.jump_if(Condition::Greater, R0, 0, some);
    a.set(R0, 1);
    a.bind(some);
    a.add(R0, -1);
    a.store(Size::Eight, (R7, NAME_LENGTH), R0);
}

/// All variants of one side; a row has a variant's place and one, or 0.
#[derive(Debug)]
pub(in crate::syscalls) struct Variants<'e> {
    pub(super) all: Vec<Variant<'e>>,
    pub(super) contexts: &'e TaskContexts,
}

impl Variants<'_> {
    /// Whether there are filters that need copies.
    pub(in crate::syscalls) fn has_late(&self) -> bool {
        self.all.iter().any(|variant| !variant.late.is_empty())
    }

    /// Writes code that goes on at `out` if what is known before the copies makes a filter false.
    pub(in crate::syscalls) fn write_early(
        &self,
        a: &mut Assembler,
        side: Side,
        out: Label,
    ) -> Result<(), Refusal> {
        let comm = self.contexts.comm;
        self.write(a, side, |variant, a| variant.write_early(a, comm, out))
    }

    /// The same for what is known behind them; R6, R8 and R9 are lost, and R9 comes back.
    pub(in crate::syscalls) fn write_late(
        &self,
        a: &mut Assembler,
        side: Side,
        out: Label,
    ) -> Result<(), Refusal> {
        self.write(a, side, |variant, a| variant.write_late(a, out))?;
        a.load(Size::Eight, R1, (R10, STATE));
        a.load(Size::Eight, R9, (R1, LENGTH));
        Ok(())
    }

    fn write(
        &self,
        a: &mut Assembler,
        side: Side,
        write: impl Fn(&Variant<'_>, &mut Assembler) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self.all.is_empty() {
            return Ok(());
        }
        let pass = a.label();
        a.load(Size::Two, R1, (R8, Calls::filter_at(side as i16)));
        a.jump_if(Condition::Equal, R1, 0, pass);
        let ways: Vec<(i32, Label)> = (1..).zip(self.all.iter().map(|_| a.label())).collect();
        write_ways(a, &ways, pass);
        for (variant, (_, label)) in self.all.iter().zip(ways) {
            a.bind(label);
            write(variant, a)?;
            a.jump(pass);
        }
        a.bind(pass);
        Ok(())
    }
}

/// Goes on at the label of R1.
fn write_ways(a: &mut Assembler, ways: &[(i32, Label)], other: Label) {
    if ways.len() <= FEW {
        for (number, label) in ways {
            a.jump_if(Condition::Equal, R1, *number, *label);
        }
        return a.jump(other);
    }
    let (low, high) = ways.split_at(ways.len() / 2);
    let above = a.label();
    a.jump_if(Condition::Above, R1, high[0].0 - 1, above);
    write_ways(a, low, other);
    a.bind(above);
    write_ways(a, high, other);
}
