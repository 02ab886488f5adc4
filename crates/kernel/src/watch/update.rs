//! The part of a program that adds an event to its group.
//!
//! ```text
//!   key ─▶ table of the epoch: there? ─ no ─▶ put zeros ─▶ there? ─ no ─▶ lost + 1
//!                                 └── yes ──▶ count + 1, sum + number, …
//! ```
//!
//! Values are the CPU's own, and nothing of ours runs on it meanwhile: no update is lost to another.
//!
//! Registers: R7 the scratch memory, R8 the table, R9 the value.

use std::os::fd::BorrowedFd;

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R7, R8, R9};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Operation, Size};

use super::bucket;
use super::layout::{Counter, Layout, NUMBERS};
use super::spec::{Aggregate, Function};
use crate::bpf::look_up;

/// Only if there is no such key.
const NOEXIST: i32 = 1;
/// In a value: how many events there are. Behind it is a number for each aggregate.
pub(super) const COUNT: i16 = 0;

pub(super) const fn slot(aggregate: usize) -> i16 {
    8 + 8 * aggregate as i16
}

/// A table of each epoch, and the number of the epoch on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'t> {
    pub(super) groups: BorrowedFd<'t>,
    pub(super) buckets: BorrowedFd<'t>,
    pub(super) epoch: i16,
}

/// What is done with each event that passed.
pub(super) struct Update<'u> {
    pub(super) aggregates: &'u [Aggregate],
    pub(super) layout: &'u Layout,
    pub(super) tables: Tables<'u>,
}

impl Update<'_> {
    pub(super) fn write(&self, a: &mut Assembler, lost: Label) {
        self.write_find(a, self.tables.groups, lost);
        self.write_group(a);
        let buckets = self.aggregates.iter().enumerate();
        for (place, _) in buckets.filter(|(_, one)| one.function.has_buckets()) {
            self.write_bucket(a, place);
        }
    }

    /// R9 becomes the value of the key.
    fn write_find(&self, a: &mut Assembler, tables: BorrowedFd<'_>, full: Label) {
        let found = a.label();
        look_up(a, tables, self.tables.epoch, full);
        a.set(R8, R0);
        self.write_arguments(a);
        a.call(Helper::MapLookupElem);
        a.jump_if(Condition::NotEqual, R0, 0, found);
        self.write_arguments(a);
        a.set(R3, R7);
        a.add(R3, i32::from(self.layout.zeros()));
        a.set(R4, NOEXIST);
        a.call(Helper::MapUpdateElem);
        // Another CPU may have been faster: what counts is that it is there now.
        self.write_arguments(a);
        a.call(Helper::MapLookupElem);
        a.jump_if(Condition::Equal, R0, 0, full);
        a.bind(found);
        a.set(R9, R0);
    }

    fn write_arguments(&self, a: &mut Assembler) {
        a.set(R1, R8);
        a.set(R2, R7);
        a.add(R2, i32::from(self.layout.key()));
    }

    fn write_group(&self, a: &mut Assembler) {
        let extremes = self.aggregates.iter().enumerate();
        let extremes = extremes.filter_map(|(place, one)| match one.function {
            Function::Min => Some((place, i64::MAX)),
            Function::Max => Some((place, i64::MIN)),
            _ => None,
        });
        let known = a.label();
        a.load(Size::Eight, R1, (R9, COUNT));
        a.jump_if(Condition::NotEqual, R1, 0, known);
        for (place, number) in extremes {
            a.set_number(R2, number);
            a.store(Size::Eight, (R9, slot(place)), R2);
        }
        a.bind(known);
        a.add(R1, 1);
        a.store(Size::Eight, (R9, COUNT), R1);
        for (place, aggregate) in self.aggregates.iter().enumerate() {
            write_number(a, place, aggregate.function);
        }
    }

    fn write_bucket(&self, a: &mut Assembler, place: usize) {
        let (full, done) = (a.label(), a.label());
        a.load(Size::Eight, R1, (R7, NUMBERS + 8 * place as i16));
        bucket::write(a);
        a.set_number(R1, (place as i64) << 32);
        a.operate(Operation::Or, R0, R1);
        a.store(Size::Eight, (R7, self.layout.bucket()), R0);
        self.write_find(a, self.tables.buckets, full);
        a.load(Size::Eight, R1, (R9, 0));
        a.add(R1, 1);
        a.store(Size::Eight, (R9, 0), R1);
        a.jump(done);
        a.bind(full);
        count(a, Counter::LostBuckets);
        a.bind(done);
    }
}

/// What one aggregate does with its number.
fn write_number(a: &mut Assembler, place: usize, function: Function) {
    let skips = match function {
        Function::Sum | Function::Avg => None,
        Function::Min => Some(Condition::GreaterOrEqual),
        Function::Max => Some(Condition::LessOrEqual),
        Function::Count | Function::Quantiles | Function::Histogram => return,
    };
    let skip = a.label();
    a.load(Size::Eight, R1, (R7, NUMBERS + 8 * place as i16));
    a.load(Size::Eight, R2, (R9, slot(place)));
    match skips {
        Some(condition) => a.jump_if(condition, R1, R2, skip),
        None => a.operate(Operation::Add, R1, R2),
    }
    a.store(Size::Eight, (R9, slot(place)), R1);
    a.bind(skip);
}

/// Adds one to what is counted.
pub(super) fn count(a: &mut Assembler, counter: Counter) {
    a.load(Size::Eight, R1, (R7, counter.at()));
    a.add(R1, 1);
    a.store(Size::Eight, (R7, counter.at()), R1);
}
