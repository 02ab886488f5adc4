//! The program at `sched_process_fork`: processes, pid namespaces, and the child's numbers in them.
//!
//! Registers: R6 the parent, R7 the child, then what is read of one of both; R8 a `struct pid`, R9 its level.

use thalweg_bpf::Register::{R1, R3, R6, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Size};
use thalweg_kbuf::{ForkLayout, ToldKind, ToldLayout};

use super::program::{RECORD, copy, write_head};
use crate::bpf::find_offset;
use crate::numbers::{NUMBER_BYTES, NumberOffsets};

/// On the stack, below the record: a number of a thread, and the namespace that it is of.
const NUMBER: i16 = RECORD - 16;

/// Where the kernel keeps what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pid: i16,
    tgid: i16,
    numbers: NumberOffsets,
    inode: i16,
}

impl Offsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let task = |path| find_offset(btf, "task_struct", path);
        Ok(Self {
            pid: task("pid")?,
            tgid: task("tgid")?,
            numbers: NumberOffsets::find(btf)?,
            inode: find_offset(btf, "pid_namespace", "ns.inum")?,
        })
    }
}

/// The arguments are parent and child.
pub(super) fn write(a: &mut Assembler, offsets: Offsets) {
    a.load(Size::Eight, R6, (R1, 0));
    a.load(Size::Eight, R7, (R1, 8));
    write_head(a, ToldKind::Fork, ForkLayout::MOST_BYTES);
    a.load(Size::Four, R1, (R7, offsets.pid));
    a.store(Size::Eight, (R10, RECORD + ToldLayout::KEY), R1);
    a.load(Size::Four, R1, (R6, offsets.tgid));
    a.store(Size::Four, (R10, RECORD + ForkLayout::PARENT_PID), R1);
    a.load(Size::Four, R1, (R7, offsets.tgid));
    a.store(Size::Four, (R10, RECORD + ForkLayout::CHILD_PID), R1);
    a.load(Size::Eight, R8, (R6, offsets.numbers.thread_pid));
    write_numbers(a, offsets, ForkLayout::PARENT_NS);
    a.load(Size::Eight, R8, (R7, offsets.numbers.thread_pid));
    write_numbers(a, offsets, ForkLayout::CHILD_NS);
    // Up to the last number; the child's level is the one that was read last.
    a.set(R3, R9);
    a.shift_left(R3, 2);
    a.add(R3, i32::from(ForkLayout::NUMBERS + 4));
}

/// The namespace of the `struct pid` in R8, and its numbers from the first namespace down to that; R9 is
/// its level then.
fn write_numbers(a: &mut Assembler, offsets: Offsets, namespace: i16) {
    let (found, none, done) = (a.label(), a.label(), a.label());
    a.jump_if(Condition::Equal, R8, 0, none);
    a.load(Size::Four, R9, (R8, offsets.numbers.level));
    a.store(Size::Four, (R10, RECORD + ForkLayout::LEVEL), R9);
    for level in 0..ForkLayout::LEVELS {
        copy(a, NUMBER, i32::from(NUMBER_BYTES), |a| {
            a.set(R3, R8);
            a.add(
                R3,
                i32::from(offsets.numbers.numbers + NUMBER_BYTES * level),
            );
        });
        a.load(Size::Four, R1, (R10, NUMBER));
        a.store(
            Size::Four,
            (R10, RECORD + ForkLayout::NUMBERS + 4 * level),
            R1,
        );
        a.jump_if(Condition::Equal, R9, i32::from(level), found);
    }
    a.bind(none);
    a.set(R9, 0);
    a.store(
        Size::Four,
        (R10, RECORD + ForkLayout::LEVEL),
        i32::from(ForkLayout::LEVELS),
    );
    a.jump(done);
    a.bind(found);
    copy(a, RECORD + namespace, 4, |a| {
        a.load(Size::Eight, R3, (R10, NUMBER + 8));
        a.add(R3, i32::from(offsets.inode));
    });
    a.bind(done);
}
