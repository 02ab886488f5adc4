//! The program of an event: from its fields to its group.
//!
//! ```text
//!   own process? ─▶ which call? ─▶ seen + 1 ─▶ began? ─▶ texts ─▶ filter ─▶ key, numbers ─▶ group
//!        └───────── out ◀─┴── not it             │ no            └─ out ◀── false
//!                                        unbegun + 1        a text is not known: unknown + 1
//! ```
//!
//! Registers: R6 the event, R7 the scratch memory, R8 a call's registers.

use std::os::fd::BorrowedFd;

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R6, R7, R8, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Operation, Size};
use thalweg_filter::Expr;

use super::layout::{Counter, LATENCY, Layout, NUMBER, NUMBERS, Part};
use super::spec::{Expression, WatchError, WatchSpec};
use super::syscall::{COMPAT, Syscall};
use super::texts::Bound;
use super::update::{Tables, Update, count};
use crate::Error;
use crate::bpf::look_up;
use crate::predicate::{
    Exits, Operand, Operands, Slots, load, write_filter, write_number, write_part,
};
use crate::syscalls::OwnCheck;

/// On the stack: keys of maps, and a time.
const KEY: i16 = -4;
const EPOCH: i16 = -8;
const TIME: i16 = -16;
/// Behind what the check for own processes uses.
const SLOTS: Slots = Slots { at: -88, count: 16 };

/// In a thread's `status`: it is in a call of the 32-bit table.
const TS_COMPAT: i32 = 2;

/// Maps that programs share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maps<'m> {
    pub(super) scratch: BorrowedFd<'m>,
    /// One value: which tables are used now.
    pub(super) epoch: BorrowedFd<'m>,
    pub(super) groups: BorrowedFd<'m>,
    pub(super) buckets: BorrowedFd<'m>,
    /// When each thread's call began.
    pub(super) begins: BorrowedFd<'m>,
}

/// What a program is made of.
pub(super) struct Parts<'p> {
    pub(super) spec: &'p WatchSpec,
    pub(super) layout: &'p Layout,
    pub(super) bound: Bound<'p>,
    /// The call, if the event is one.
    pub(super) syscall: Option<&'p Syscall>,
    /// Whether its duration is asked for.
    pub(super) is_timed: bool,
    /// Whether its programs may be interrupted by others of their kind: those of programs' probes are.
    pub(super) is_interrupted: bool,
    /// What of the filter is known when a call begins.
    pub(super) early: &'p [Expr],
    /// Calls that never end.
    pub(super) endless: &'p [u32],
    /// Where a task has its name.
    pub(super) comm: i16,
    pub(super) own: OwnCheck<'p>,
    pub(super) maps: Maps<'p>,
}

/// Why a program cannot be made.
pub(super) enum Refused {
    /// The one-liner does not fit the event.
    Spec(WatchError),
    /// Something else.
    Other(Error),
}

impl From<WatchError> for Refused {
    fn from(error: WatchError) -> Self {
        Self::Spec(error)
    }
}

impl Parts<'_> {
    /// The program that counts.
    pub(super) fn assemble(&self) -> Result<Vec<u64>, Refused> {
        let a = &mut Assembler::new();
        let (end, out) = (a.label(), a.label());
        let (unknown, lost) = (a.label(), a.label());
        self.write_front(a, end, out);
        count(a, Counter::Seen);
        if self.is_timed {
            self.write_latency(a, out)?;
        }
        self.bound.texts.write_peeks(a, unknown);
        self.write_texts(a, true);
        if let Some(filter) = &self.spec.filter {
            let exits = Exits {
                fails: out,
                unknown,
            };
            write_filter(a, &filter.filter, &self.bound, SLOTS, exits)
                .map_err(|refusal| filter.refused(refusal))?;
        }
        count(a, Counter::Passed);
        self.write_texts(a, false);
        self.write_key(a, unknown)?;
        self.write_numbers(a, unknown)?;
        self.write_update(a, lost);
        a.jump(out);
        let ends = [(unknown, Counter::Unknown), (lost, Counter::Lost)];
        for (label, counter) in ends {
            if !a.is_used(label) {
                continue;
            }
            a.bind(label);
            count(a, counter);
            a.jump(out);
        }
        self.write_end(a, end, out);
        finish(a)
    }

    /// The program that notes when a call begins.
    pub(super) fn assemble_begin(&self) -> Result<Vec<u64>, Refused> {
        let a = &mut Assembler::new();
        let (end, out) = (a.label(), a.label());
        self.write_front(a, end, out);
        self.write_early(a, out)?;
        for number in self.endless.iter().filter(|_| self.syscall.is_some()) {
            a.load(Size::Eight, R1, (R7, NUMBER));
            a.jump_if(Condition::Equal, R1, number.cast_signed(), out);
        }
        a.call(Helper::KtimeGetNs);
        a.store(Size::Eight, (R10, TIME), R0);
        self.write_thread(a);
        a.set(R3, R10);
        a.add(R3, i32::from(TIME));
        a.set(R4, 0);
        a.call(Helper::MapUpdateElem);
        a.jump_if(Condition::Equal, R0, 0, out);
        count(a, Counter::LostBegins);
        self.write_end(a, end, out);
        finish(a)
    }

    /// Gives the scratch memory back from `out` on, and ends from `end` on.
    fn write_end(&self, a: &mut Assembler, end: Label, out: Label) {
        a.bind(out);
        if self.is_interrupted {
            a.store(Size::Eight, (R7, Counter::Busy.at()), 0);
        }
        a.bind(end);
        a.set(R0, 0);
        a.exit();
    }

    /// Finds the scratch memory, and the number of the call; out, if it is none of those wanted.
    fn write_front(&self, a: &mut Assembler, end: Label, out: Label) {
        a.set(R6, R1);
        a.call(Helper::GetCurrentPidTgid);
        self.own.write(a, end);
        a.call(Helper::GetSmpProcessorId);
        a.store(Size::Four, (R10, KEY), R0);
        look_up(a, self.maps.scratch, KEY, end);
        a.set(R7, R0);
        if self.is_interrupted {
            let free = a.label();
            a.set(R1, 1);
            a.exchange((R7, Counter::Busy.at()), R1);
            a.jump_if(Condition::Equal, R1, 0, free);
            a.set(R1, 1);
            a.add_atomically((R7, Counter::Interrupted.at()), R1);
            a.jump(end);
            a.bind(free);
        }
        let Some(syscall) = self.syscall else {
            return;
        };
        let plain = a.label();
        a.load(Size::Eight, R8, (R6, 0));
        a.call(Helper::GetCurrentTaskBtf);
        a.load(Size::Four, R2, (R0, syscall.offsets.status));
        match syscall.is_exit {
            false => a.load(Size::Four, R1, (R6, 8)),
            true => a.load(Size::Four, R1, (R8, syscall.offsets.number)),
        }
        a.and(R2, TS_COMPAT);
        a.jump_if(Condition::Equal, R2, 0, plain);
        a.set_number(R3, COMPAT);
        a.operate(Operation::Add, R1, R3);
        a.bind(plain);
        if let Some((number, _)) = &syscall.call {
            a.jump_if(Condition::NotEqual, R1, number.cast_signed(), out);
        }
        a.store(Size::Eight, (R7, NUMBER), R1);
    }

    /// What of the filter can be told when a call begins.
    fn write_early(&self, a: &mut Assembler, out: Label) -> Result<(), Refused> {
        let exits = Exits {
            fails: out,
            unknown: out,
        };
        for part in self.early {
            let written = write_part(a, part, &self.bound, SLOTS, exits);
            let filter = self.spec.filter.as_ref();
            written.map_err(|refusal| match filter {
                Some(filter) => filter.refused(refusal),
                None => WatchError::at(1, refusal.to_string()),
            })?;
        }
        Ok(())
    }

    /// How long the call took; out, if it began before the watch.
    fn write_latency(&self, a: &mut Assembler, out: Label) -> Result<(), Refused> {
        let (known, unbegun) = (a.label(), a.label());
        self.write_early(a, out)?;
        self.write_thread(a);
        a.call(Helper::MapLookupElem);
        a.jump_if(Condition::Equal, R0, 0, unbegun);
        a.load(Size::Eight, R1, (R0, 0));
        a.store(Size::Eight, (R7, LATENCY), R1);
        self.write_thread(a);
        a.call(Helper::MapDeleteElem);
        a.call(Helper::KtimeGetNs);
        a.load(Size::Eight, R1, (R7, LATENCY));
        a.operate(Operation::Subtract, R0, R1);
        a.store(Size::Eight, (R7, LATENCY), R0);
        a.jump(known);
        a.bind(unbegun);
        count(a, Counter::Unbegun);
        a.jump(out);
        a.bind(known);
        Ok(())
    }

    /// R1 and R2 become the map of begins and the thread's number in it.
    fn write_thread(&self, a: &mut Assembler) {
        a.call(Helper::GetCurrentPidTgid);
        a.store(Size::Four, (R10, KEY), R0);
        a.load_map(R1, self.maps.begins);
        a.set(R2, R10);
        a.add(R2, i32::from(KEY));
    }

    fn write_texts(&self, a: &mut Assembler, are_compared: bool) {
        let copies = self.bound.texts.copies.iter();
        for copied in copies.filter(|copied| copied.is_compared == are_compared) {
            copied.write(a, self.comm);
        }
    }

    fn write_key(&self, a: &mut Assembler, unknown: Label) -> Result<(), Refused> {
        if self.spec.keys.is_empty() {
            a.store(Size::Eight, (R7, self.layout.key()), 0);
        }
        for (index, key) in self.spec.keys.iter().enumerate() {
            match (self.layout.parts[index], plain_operand(key, &self.bound)) {
                // It is copied there.
                (Part::Text(_), Some(Operand::Text(_))) => continue,
                (Part::Number, Some(Operand::Names(number, _))) => load(a, number),
                (Part::Number, _) => self.write_number(a, key, unknown)?,
                (Part::Text(_), _) => {
                    // An unknown field is told as such.
                    self.write_number(a, key, unknown)?;
                    let why = format!("`{}` is a text in other events", key.text);
                    return Err(WatchError::at(key.before + 1, why).into());
                }
            }
            a.store(Size::Eight, (R7, self.layout.part(index)), R0);
        }
        Ok(())
    }

    fn write_numbers(&self, a: &mut Assembler, unknown: Label) -> Result<(), Refused> {
        for (place, aggregate) in (0..).zip(&self.spec.aggregates) {
            if let Some(argument) = &aggregate.argument {
                self.write_number(a, argument, unknown)?;
                a.store(Size::Eight, (R7, NUMBERS + 8 * place), R0);
            }
        }
        Ok(())
    }

    fn write_number(
        &self,
        a: &mut Assembler,
        expression: &Expression,
        unknown: Label,
    ) -> Result<(), Refused> {
        let exits = Exits {
            fails: unknown,
            unknown,
        };
        let written = write_number(a, &expression.filter, &self.bound, SLOTS, exits);
        Ok(written.map_err(|refusal| expression.refused(refusal))?)
    }

    fn write_update(&self, a: &mut Assembler, lost: Label) {
        a.load_first_value(R1, self.maps.epoch);
        a.load(Size::Four, R2, (R1, 0));
        a.store(Size::Four, (R10, EPOCH), R2);
        let update = Update {
            aggregates: &self.spec.aggregates,
            layout: self.layout,
            tables: Tables {
                groups: self.maps.groups,
                buckets: self.maps.buckets,
                epoch: EPOCH,
            },
        };
        update.write(a, lost);
    }
}

/// What an expression is that is a field or a context and nothing else.
pub(super) fn plain_operand<O: Operands>(key: &Expression, operands: &O) -> Option<Operand> {
    match &key.filter.expr().node {
        thalweg_filter::Node::Field { name, index: None } => operands.operand(name),
        thalweg_filter::Node::Context(context) => operands.context(*context),
        _ => None,
    }
}

fn finish(a: &mut Assembler) -> Result<Vec<u64>, Refused> {
    let finished = std::mem::take(a).finish();
    finished.map_err(|error| Refused::Other(error.into()))
}
