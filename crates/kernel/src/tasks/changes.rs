//! The programs that tell when a thread's attributes change.
//!
//! ```text
//!   end of setuid, setns, nice, … │ exec             all attributes of the thread that did it
//!   switch of threads             │ PI boost         the priority, if it is not the one that was told last
//!   a control group is entered    │ is made          its number; its number and path
//! ```
//!
//! A thread changes its users and namespaces itself, by calls that end before it goes on. Its priority
//! others change, too: of one that waits, it is seen when it is switched to.

use std::os::fd::{AsFd, BorrowedFd};

use thalweg_bpf::Register::{R0, R1, R2, R3, R6, R7, R8, R9, R10};
use thalweg_bpf::{AssembleError, Assembler, Btf, BtfError, Condition, Helper, Label, Size};
use thalweg_kbuf::{Change, GroupRecord, TaskLayout, syscall_numbers};
use thalweg_sys::BpfArray;

use super::attributes::AttributeOffsets;
use super::program::{Parts, RECORD, copy, end};
use super::wanted::Wanted;
use crate::bpf::{find_offset, look_up};

/// Calls by which a thread changes its attributes.
const CALLS: [&str; 12] = [
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "unshare",
    "setns",
    "setpriority",
    "sched_setparam",
    "sched_setscheduler",
    "sched_setattr",
];
/// The same of 32-bit programs, by number (`asm/unistd_32.h`); those of 16 and of 32 bits, and `nice`.
const COMPAT_CALLS: [i32; 19] = [
    23, 213, 46, 214, 70, 203, 71, 204, 164, 208, 170, 210, 310, 346, 97, 34, 154, 156, 351,
];
/// In a thread's `status`: it is in a call of the 32-bit table.
const TS_COMPAT: i32 = 2;
/// On the stack, below the record: a thread's number.
const KEY: i16 = RECORD - 8;

/// What the programs need besides.
pub(super) struct Changes<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) attributes: AttributeOffsets,
    pub(super) places: Places,
    /// For each thread's number, the priority that was told last.
    pub(super) told: &'a BpfArray,
}

/// Where the kernel keeps what they read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    call: i16,
    status: i16,
    /// From a control group to its number.
    group: [i16; 2],
}

impl Places {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        Ok(Self {
            call: find_offset(btf, "pt_regs", "orig_ax")?,
            status: find_offset(btf, "task_struct", "thread_info.status")?,
            group: [
                find_offset(btf, "cgroup", "kn")?,
                find_offset(btf, "kernfs_node", "id")?,
            ],
        })
    }
}

/// A program: its name, its tracepoint, its instructions.
pub(super) type Code = (&'static str, &'static str, Vec<u64>);

impl Changes<'_> {
    /// The programs that tell what is wanted.
    pub(super) fn programs(&self, wanted: Wanted) -> Result<Vec<Code>, AssembleError> {
        let mut programs = Vec::new();
        if wanted.credentials || wanted.priority {
            programs.push(("task_call", "sys_exit", self.call()?));
            programs.push(("task_exec", "sched_process_exec", self.exec()?));
        }
        if wanted.priority {
            programs.push(("task_switch", "sched_switch", self.switch()?));
            let boost = self.boost()?;
            programs.push(("task_boost", "sched_pi_setprio", boost));
        }
        if wanted.groups {
            let attach = self.attach()?;
            programs.push(("task_group", "cgroup_attach_task", attach));
            programs.push(("group_made", "cgroup_mkdir", self.made()?));
        }
        Ok(programs)
    }

    fn write_all(&self, a: &mut Assembler) {
        self.parts.write_head(a, Change::Attributes);
        self.attributes.write(a);
        self.parts.write_record(a);
    }

    /// The arguments are the registers and the result.
    fn call(&self) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        let (hit, out) = (a.label(), a.label());
        a.load(Size::Eight, R1, (R1, 0));
        a.load(Size::Eight, R7, (R1, self.places.call));
        for (number, _) in syscall_numbers().filter(|(_, name)| CALLS.contains(name)) {
            a.jump_if(Condition::Equal, R7, number.cast_signed(), hit);
        }
        a.call(Helper::GetCurrentTaskBtf);
        a.load(Size::Four, R1, (R0, self.places.status));
        a.and(R1, TS_COMPAT);
        a.jump_if(Condition::Equal, R1, 0, out);
        for number in COMPAT_CALLS {
            a.jump_if(Condition::Equal, R7, number, hit);
        }
        a.jump(out);
        a.bind(hit);
        a.call(Helper::GetCurrentTaskBtf);
        a.set(R6, R0);
        self.write_all(a);
        a.bind(out);
        end(a)
    }

    /// The first argument is the task.
    fn exec(&self) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        a.load(Size::Eight, R6, (R1, 0));
        self.write_all(a);
        end(a)
    }

    /// The second and third argument are the thread that goes, and the one that comes.
    fn switch(&self) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        let (comes, out) = (a.label(), a.label());
        a.load(Size::Eight, R6, (R1, 8));
        a.load(Size::Eight, R9, (R1, 16));
        self.write_priority(a, comes);
        a.bind(comes);
        a.set(R6, R9);
        self.write_priority(a, out);
        a.bind(out);
        end(a)
    }

    /// Tells the priority of the task in R6, unless it is idle, or was told before.
    fn write_priority(&self, a: &mut Assembler, same: Label) {
        a.load(Size::Four, R1, (R6, self.parts.offsets.pid));
        a.jump_if(Condition::Equal, R1, 0, same);
        a.store(Size::Four, (R10, KEY), R1);
        look_up(a, self.told(), KEY, same);
        a.load(Size::Four, R1, (R6, self.attributes.prio));
        a.load(Size::Four, R2, (R6, self.attributes.static_prio));
        a.shift_left(R1, 32);
        a.add(R1, R2);
        a.load(Size::Eight, R2, (R0, 0));
        a.jump_if(Condition::Equal, R1, R2, same);
        a.store(Size::Eight, (R0, 0), R1);
        self.parts.write_head(a, Change::Priority);
        self.attributes.write_priority(a);
        self.parts.write_record(a);
    }

    fn told(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }

    /// The arguments are the task, and the one that waits for it, if any: the more urgent of both
    /// priorities will be the task's. A pointer to nothing reads as zeros.
    fn boost(&self) -> Result<Vec<u64>, AssembleError> {
        let AttributeOffsets {
            prio, normal_prio, ..
        } = self.attributes;
        let a = &mut Assembler::new();
        let (own, out) = (a.label(), a.label());
        a.load(Size::Eight, R6, (R1, 0));
        a.load(Size::Eight, R7, (R1, 8));
        self.parts.write_head(a, Change::Priority);
        self.attributes.write_priority(a);
        a.load(Size::Four, R8, (R6, normal_prio));
        a.jump_if(Condition::Equal, R7, 0, own);
        a.load(Size::Four, R1, (R7, self.parts.offsets.pid));
        a.jump_if(Condition::Equal, R1, 0, own);
        a.load(Size::Four, R1, (R7, prio));
        // Deadlines are -1.
        a.set(R2, i32::MAX);
        a.jump_if(Condition::Above, R1, R2, out);
        a.jump_if(Condition::Above, R1, R8, own);
        a.bind(out);
        a.set(R8, R1);
        a.bind(own);
        a.store(Size::Four, (R10, RECORD + TaskLayout::PRIO), R8);
        self.parts.write_record(a);
        end(a)
    }

    /// The arguments are the group, its path, the task, and whether all of its process go along.
    fn attach(&self) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        a.load(Size::Eight, R6, (R1, 16));
        a.load(Size::Eight, R7, (R1, 24));
        a.and(R7, 1);
        self.parts.write_head(a, Change::Group);
        a.load(Size::Four, R1, (R6, self.parts.offsets.tgid));
        a.store(Size::Four, (R10, RECORD + TaskLayout::PID), R1);
        a.store(Size::Four, (R10, RECORD + TaskLayout::LEVEL), R7);
        self.attributes.write_group(a);
        self.parts.write_record(a);
        end(a)
    }

    /// The arguments are the group and its path.
    fn made(&self) -> Result<Vec<u64>, AssembleError> {
        let a = &mut Assembler::new();
        a.load(Size::Eight, R6, (R1, 0));
        a.load(Size::Eight, R8, (R1, 8));
        for at in (0..GroupRecord::BYTES).step_by(8) {
            a.store(Size::Eight, (R10, RECORD + at), 0);
        }
        a.store(Size::Four, (R10, RECORD), GroupRecord::KIND);
        for step in self.places.group {
            a.load(Size::Eight, R6, (R6, step));
        }
        a.store(Size::Eight, (R10, RECORD + GroupRecord::ID), R6);
        let bytes = i32::from(GroupRecord::PATH_BYTES);
        let path = GroupRecord::PATH;
        copy(a, path, bytes, Helper::ProbeReadKernelStr, |a| {
            a.set(R3, R8);
        });
        self.parts.write_bytes(a, GroupRecord::BYTES);
        end(a)
    }
}
