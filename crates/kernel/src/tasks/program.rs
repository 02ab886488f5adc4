//! The programs that write of threads: at fork, at a rename, at the end.
//!
//! ```text
//!   record on the stack, zeros ─▶ what is read of the task ─▶ ring
//!                                                              │ full: lost + 1
//! ```
//!
//! Registers: R6 the task, R8 the name of a rename.

use std::os::fd::BorrowedFd;

use thalweg_bpf::Register::{R0, R1, R2, R3, R6, R8, R10};
use thalweg_bpf::{AssembleError, Assembler, Btf, BtfError, Condition, Helper, Size};
use thalweg_kbuf::{Change, TaskLayout};

use super::attributes::AttributeOffsets;
use crate::bpf::{find_offset, write_to_ring};
use crate::numbers::NumberOffsets;

/// Where the record is on the stack.
pub(super) const RECORD: i16 = -TaskLayout::FULL_BYTES;

/// Where the kernel keeps what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pub(super) pid: i16,
    pub(super) tgid: i16,
    real_parent: i16,
    comm: i16,
    numbers: NumberOffsets,
    nsproxy: i16,
    namespace: i16,
    inode: i16,
}

impl Offsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let task = |path| find_offset(btf, "task_struct", path);
        Ok(Self {
            pid: task("pid")?,
            tgid: task("tgid")?,
            real_parent: task("real_parent")?,
            comm: task("comm")?,
            numbers: NumberOffsets::find(btf)?,
            nsproxy: task("nsproxy")?,
            namespace: find_offset(btf, "nsproxy", "pid_ns_for_children")?,
            inode: find_offset(btf, "pid_namespace", "ns.inum")?,
        })
    }
}

/// What a program is made of.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) offsets: Offsets,
    /// If they are wanted.
    pub(super) attributes: Option<AttributeOffsets>,
    pub(super) ring: BorrowedFd<'a>,
    /// One value: how many records found no room.
    pub(super) lost: BorrowedFd<'a>,
}

impl Parts<'_> {
    /// The program for a beginning, a rename or an end.
    pub(super) fn assemble(self, change: Change) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        match change {
            // The arguments are parent and child.
            Change::Begin => a.load(Size::Eight, R6, (R1, 8)),
            // Task and new name; task.
            _ => a.load(Size::Eight, R6, (R1, 0)),
        }
        if change == Change::Rename {
            a.load(Size::Eight, R8, (R1, 8));
        }
        self.write_head(a, change);
        match change {
            Change::Begin => self.write_begin(a),
            Change::Rename => copy(a, TaskLayout::NAME, 16, Helper::ProbeReadKernelStr, |a| {
                a.set(R3, R8);
            }),
            _ => {}
        }
        if let (Change::Begin, Some(attributes)) = (change, self.attributes) {
            attributes.write(a);
        }
        self.write_record(a);
        end(a)
    }

    /// Bytes of a record.
    fn bytes(self) -> i16 {
        match self.attributes {
            Some(_) => TaskLayout::FULL_BYTES,
            None => TaskLayout::BYTES,
        }
    }

    /// The record with zeros, what has changed, and of which task: that in R6.
    pub(super) fn write_head(self, a: &mut Assembler, change: Change) {
        for at in (0..self.bytes()).step_by(8) {
            a.store(Size::Eight, (R10, RECORD + at), 0);
        }
        a.store(Size::Four, (R10, RECORD + TaskLayout::KIND), change as i32);
        a.load(Size::Four, R1, (R6, self.offsets.pid));
        a.store(Size::Four, (R10, RECORD + TaskLayout::TID), R1);
    }

    fn write_begin(self, a: &mut Assembler) {
        let Offsets {
            tgid,
            real_parent,
            comm,
            ..
        } = self.offsets;
        a.load(Size::Four, R1, (R6, tgid));
        a.store(Size::Four, (R10, RECORD + TaskLayout::PID), R1);
        a.load(Size::Eight, R1, (R6, real_parent));
        a.load(Size::Four, R1, (R1, tgid));
        a.store(Size::Four, (R10, RECORD + TaskLayout::PPID), R1);
        copy(a, TaskLayout::NAME, 16, Helper::ProbeReadKernel, |a| {
            a.set(R3, R6);
            a.add(R3, i32::from(comm));
        });
        self.write_namespace(a);
    }

    /// The namespace of a new thread is the one in which it would start others.
    fn write_namespace(self, a: &mut Assembler) {
        let Offsets {
            numbers,
            nsproxy,
            namespace,
            inode,
            ..
        } = self.offsets;
        let (no_proxy, done) = (a.label(), a.label());
        a.load(Size::Eight, R1, (R6, nsproxy));
        a.jump_if(Condition::Equal, R1, 0, no_proxy);
        a.load(Size::Eight, R1, (R1, namespace));
        a.load(Size::Four, R1, (R1, inode));
        a.store(Size::Four, (R10, RECORD + TaskLayout::NAMESPACE), R1);
        a.bind(no_proxy);
        a.load(Size::Eight, R8, (R6, numbers.thread_pid));
        a.jump_if(Condition::Equal, R8, 0, done);
        a.load(Size::Four, R1, (R8, numbers.level));
        a.store(Size::Four, (R10, RECORD + TaskLayout::LEVEL), R1);
        let bytes = i32::from(TaskLayout::LEVELS * TaskLayout::NUMBER_BYTES);
        copy(
            a,
            TaskLayout::NUMBERS,
            bytes,
            Helper::ProbeReadKernel,
            |a| {
                a.set(R3, R8);
                a.add(R3, i32::from(numbers.numbers));
            },
        );
        a.bind(done);
    }

    /// Hands the record over.
    pub(super) fn write_record(self, a: &mut Assembler) {
        self.write_bytes(a, self.bytes());
    }

    /// Hands so many bytes over, as soon as they have their time.
    pub(super) fn write_bytes(self, a: &mut Assembler, bytes: i16) {
        a.call(Helper::KtimeGetNs);
        a.store(Size::Eight, (R10, RECORD + TaskLayout::TIME), R0);
        a.set(R3, i32::from(bytes));
        write_to_ring(a, RECORD, self.ring, self.lost);
    }
}

/// The end of a program.
pub(super) fn end(a: &mut Assembler) -> Result<Vec<u64>, AssembleError> {
    a.set(R0, 0);
    a.exit();
    std::mem::take(a).finish()
}

/// Copies bytes of the kernel's into the record; `from` sets R3.
pub(super) fn copy(
    a: &mut Assembler,
    to: i16,
    bytes: i32,
    helper: Helper,
    from: impl Fn(&mut Assembler),
) {
    a.set(R1, R10);
    a.add(R1, i32::from(RECORD + to));
    a.set(R2, bytes);
    from(a);
    a.call(helper);
}
