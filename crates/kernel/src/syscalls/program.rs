//! The program of one side: from a call to a record in the ring of its CPU.
//!
//! ```text
//!   own process? ─▶ number, compat ─▶ row: wanted? ─▶ record ─▶ filter ─▶ copies ─▶ filter ─▶ seen + 1 ─▶ ring
//!        └─────────────── out ◀────────────┘──────────────────────┘─────────────────────┘         full: lost + 1
//! ```
//!
//! Registers: R6 the tracepoint's arguments, R7 the record, R8 the call's row, R9 the record's length.

use std::os::fd::BorrowedFd;

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Label, Register, Size};
use thalweg_kbuf::{RecordLayout, SYSCALL_LIMIT, Side};

use super::attributes::Attributes;
use super::calls::Calls;
use super::copies;
use super::files::FileOffsets;
use super::filters::{FRONT, Variants};
use super::own::OwnCheck;
use super::stacks;
use super::tracked::TrackedCheck;
use crate::bpf::{find_offset, look_up};
use crate::{Error, Stacks};

/// The registers in which a call's arguments lie.
const ARGUMENTS: [&str; 6] = ["di", "si", "dx", "r10", "r8", "r9"];
/// The same for 32-bit programs, whose registers have 32 bits.
const COMPAT_ARGUMENTS: [&str; 6] = ["bx", "cx", "dx", "si", "di", "bp"];

/// In a thread's `status`: it is in a call of the 32-bit table.
const TS_COMPAT: i32 = 2;

/// What a program counts on a CPU: where in the value, and how long that is.
pub(super) const SEEN: i16 = 0;
pub(super) const LOST: i16 = 8;
const UNWOKEN: i16 = 16;
/// What a program keeps there while it runs: the verifier forgets what it knows of a number that comes
/// back from a map, so that the ways to it become one.
pub(super) const SCRATCH: i16 = 24;
/// Where filters find the copies: from the record's begin on.
pub(super) const PLACES: i16 = SCRATCH + 48;
pub(super) const STATE_BYTES: u32 = 104;

/// Slots of the stack.
const KEY: i16 = -4;
const CPU: i16 = -8;
pub(super) const STATE: i16 = -16;
const NUMBER: i16 = -68;
const IS_COMPAT: i16 = -72;

const NO_WAKEUP: i32 = 1;
const FORCE_WAKEUP: i32 = 2;

/// Where the kernel keeps what the programs read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    arguments: [i16; 6],
    compat_arguments: [i16; 6],
    number: i16,
    status: i16,
}

impl Offsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let find = |structure, path| find_offset(btf, structure, path);
        let registers = |names: [&'static str; 6]| -> Result<[i16; 6], BtfError> {
            let mut offsets = [0; 6];
            for (offset, register) in offsets.iter_mut().zip(names) {
                *offset = find("pt_regs", register)?;
            }
            Ok(offsets)
        };
        Ok(Self {
            arguments: registers(ARGUMENTS)?,
            compat_arguments: registers(COMPAT_ARGUMENTS)?,
            number: find("pt_regs", "orig_ax")?,
            status: find("task_struct", "thread_info.status")?,
        })
    }
}

/// What a program is made of.
pub(super) struct Parts<'a> {
    pub(super) side: Side,
    pub(super) offsets: Offsets,
    /// The processes that are left out.
    pub(super) own: OwnCheck<'a>,
    /// The threads that are recorded, if not all; and those that are not.
    pub(super) tracked: &'a [TrackedCheck<'a>],
    /// What else threads must be.
    pub(super) attributes: &'a Attributes,
    /// The reader is woken after so many bytes.
    pub(super) wake_bytes: u32,
    pub(super) rows: BorrowedFd<'a>,
    pub(super) state: BorrowedFd<'a>,
    pub(super) records: BorrowedFd<'a>,
    pub(super) rings: BorrowedFd<'a>,
    /// Where the kernel keeps the names of open files, if they are wanted.
    pub(super) files: Option<FileOffsets>,
    /// What calls must pass.
    pub(super) filters: &'a Variants<'a>,
    pub(super) stacks: Stacks,
}

impl Parts<'_> {
    /// The program.
    pub(super) fn assemble(&self) -> Result<Vec<u64>, Error> {
        let a = &mut Assembler::new();
        let (out, lost) = (a.label(), a.label());
        a.set(R6, R1);
        stacks::keep_arguments(a, self.stacks);
        self.own.write_stopped(a, out);
        a.call(Helper::GetCurrentPidTgid);
        a.set(R9, R0);
        self.own.write(a, out);
        for tracked in self.tracked {
            tracked.write(a, R9, out);
        }
        self.attributes.write(a, out);
        self.write_number(a);
        self.write_row(a, out);
        self.write_state(a, out);
        self.write_numbers(a);
        let refused = |why| Error::KernelFilter {
            event: "system calls".to_owned(),
            why,
        };
        let early = self.filters.write_early(a, self.side, out);
        early.map_err(refused)?;
        self.write_head(a);
        let has_late = self.filters.has_late();
        copies::write(a, self.side, self.files, has_late);
        if has_late {
            let late = self.filters.write_late(a, self.side, out);
            late.map_err(refused)?;
        }
        a.load(Size::Eight, R1, (R10, STATE));
        count(a, R1, SEEN);
        stacks::write(a, self.stacks, lost);
        self.write_output(a, out, lost);
        a.bind(lost);
        a.load(Size::Eight, R1, (R10, STATE));
        count(a, R1, LOST);
        a.bind(out);
        a.set(R0, 0);
        a.exit();
        Ok(std::mem::take(a).finish()?)
    }

    /// Number and table of the call, to the stack.
    fn write_number(&self, a: &mut Assembler) {
        match self.side {
            Side::Entry => a.load(Size::Eight, R1, (R6, 8)),
            Side::Exit => {
                a.load(Size::Eight, R1, (R6, 0));
                a.load(Size::Eight, R1, (R1, self.offsets.number));
            }
        }
        a.store(Size::Four, (R10, NUMBER), R1);
        a.call(Helper::GetCurrentTaskBtf);
        a.load(Size::Four, R1, (R0, self.offsets.status));
        a.and(R1, TS_COMPAT);
        a.store(Size::Four, (R10, IS_COMPAT), R1);
    }

    /// The call's row; out, if it is not wanted.
    fn write_row(&self, a: &mut Assembler, out: Label) {
        let (numbered, long) = (a.label(), a.label());
        a.load(Size::Four, R2, (R10, NUMBER));
        a.set(R1, SYSCALL_LIMIT.cast_signed());
        a.jump_if(Condition::Above, R1, R2, numbered);
        a.set(R2, R1);
        a.bind(numbered);
        a.load(Size::Four, R1, (R10, IS_COMPAT));
        a.jump_if(Condition::Equal, R1, 0, long);
        a.add(R2, Calls::COMPAT.cast_signed());
        a.bind(long);
        a.store(Size::Four, (R10, KEY), R2);
        look_up(a, self.rows, KEY, out);
        a.set(R8, R0);
        a.load(Size::One, R1, (R8, 0));
        a.and(R1, 1 << self.side as i32);
        a.jump_if(Condition::Equal, R1, 0, out);
    }

    /// Finds the room for the call's record.
    fn write_state(&self, a: &mut Assembler, out: Label) {
        a.call(Helper::GetSmpProcessorId);
        a.store(Size::Four, (R10, CPU), R0);
        look_up(a, self.state, CPU, out);
        a.store(Size::Eight, (R10, STATE), R0);
        look_up(a, self.records, CPU, out);
        a.set(R7, R0);
        a.add(R7, i32::from(FRONT));
    }

    /// The numbers of the record's fixed part.
    fn write_numbers(&self, a: &mut Assembler) {
        a.store(Size::Eight, (R7, RecordLayout::IDS), R9);
        a.load(Size::Four, R1, (R10, NUMBER));
        a.store(Size::Four, (R7, RecordLayout::NUMBER), R1);
        a.store(Size::Four, (R7, RecordLayout::SIDE), self.side as i32);
        a.load(Size::Four, R1, (R10, IS_COMPAT));
        a.store(Size::One, (R7, RecordLayout::COMPAT), R1);
        let (compat, told) = (a.label(), a.label());
        a.jump_if(Condition::NotEqual, R1, 0, compat);
        self.write_arguments(a, Size::Eight, self.offsets.arguments);
        a.jump(told);
        a.bind(compat);
        self.write_arguments(a, Size::Four, self.offsets.compat_arguments);
        a.bind(told);
        match self.side {
            Side::Entry => a.set(R1, 0),
            Side::Exit => a.load(Size::Eight, R1, (R6, 8)),
        }
        a.store(Size::Eight, (R7, RecordLayout::RESULT), R1);
    }

    /// Its name and its time.
    fn write_head(&self, a: &mut Assembler) {
        a.set(R1, R7);
        a.add(R1, i32::from(RecordLayout::COMM));
        a.set(R2, 16);
        a.call(Helper::GetCurrentComm);
        a.call(Helper::KtimeGetNs);
        a.store(Size::Eight, (R7, RecordLayout::TIME), R0);
    }

    fn write_arguments(&self, a: &mut Assembler, size: Size, offsets: [i16; 6]) {
        a.load(Size::Eight, R1, (R6, 0));
        for (place, offset) in (0..).zip(offsets) {
            a.load(size, R2, (R1, offset));
            a.store(Size::Eight, (R7, RecordLayout::ARGUMENTS + 8 * place), R2);
        }
    }

    /// Hands the record over; the reader is woken now and then.
    fn write_output(&self, a: &mut Assembler, out: Label, lost: Label) {
        let quiet = a.label();
        // It always fits; the verifier of Linux 6.1 does not see that otherwise.
        a.set(R1, copies::RECORD_BYTES.cast_signed());
        a.jump_if(Condition::Above, R9, R1, lost);
        look_up(a, self.rings, CPU, lost);
        a.load(Size::Eight, R5, (R10, STATE));
        a.load(Size::Eight, R2, (R5, UNWOKEN));
        a.add(R2, R9);
        a.set(R4, NO_WAKEUP);
        a.set(R3, self.wake_bytes.cast_signed());
        a.jump_if(Condition::Above, R3, R2, quiet);
        a.set(R2, 0);
        a.set(R4, FORCE_WAKEUP);
        a.bind(quiet);
        a.store(Size::Eight, (R5, UNWOKEN), R2);
        a.set(R1, R0);
        a.set(R2, R7);
        a.set(R3, R9);
        a.call(Helper::RingbufOutput);
        a.jump_if(Condition::Equal, R0, 0, out);
    }
}

/// Adds one to a number of the CPU's own: nothing else of this program runs on it meanwhile.
fn count(a: &mut Assembler, state: Register, at: i16) {
    a.load(Size::Eight, R2, (state, at));
    a.add(R2, 1);
    a.store(Size::Eight, (state, at), R2);
}
