//! The threads whose calls are recorded, if not all, or are not: a number for each thread that there can be.
//!
//! ```text
//!   fork: [child] = [parent]      exit: [thread] = 0      a call: out, if [thread] is 0
//! ```
//!
//! Two programs of their own keep it. Numbers are those of the first pid namespace.

use std::os::fd::{AsFd, BorrowedFd};

use thalweg_bpf::Register::{R0, R1, R6, R7, R10};
use thalweg_bpf::{
    AssembleError, Assembler, Attached, Btf, Condition, Kind, Label, Program, Register, Size,
};
use thalweg_sys::BpfArray;

use crate::bpf::{LICENSE, find_offset, look_up, thread_numbers};
use crate::{Error, Track};

/// On the stack: a thread's number.
const KEY: i16 = -4;

/// The threads, and the programs that keep them up to date for as long as this lives.
#[derive(Debug)]
pub(super) struct Tracked {
    array: BpfArray,
    /// Calls of these threads are recorded, or all but theirs.
    are_wanted: bool,
    _programs: [(Program, Attached); 2],
}

impl Tracked {
    pub(super) fn start(btf: &Btf, track: &Track, are_wanted: bool) -> Result<Self, Error> {
        let failed = |source| Error::BpfMap { source };
        let array = BpfArray::new(4, thread_numbers()).map_err(failed)?;
        let pid = find_offset(btf, "task_struct", "pid")?;
        let load = |name, tracepoint, code: Vec<u64>| -> Result<_, Error> {
            let tracepoint = btf.find(Kind::Typedef, tracepoint)?;
            let program = Program::load(name, &code, LICENSE, tracepoint)?;
            let attached = program.attach()?;
            Ok((program, attached))
        };
        let fork = fork(array.as_fd(), pid)?;
        let exit = exit(array.as_fd(), pid)?;
        let programs = [
            load("track_exit", "btf_trace_sched_process_exit", exit)?,
            load("track_fork", "btf_trace_sched_process_fork", fork)?,
        ];
        track.put(|threads| {
            let one = 1_u32.to_ne_bytes();
            let mut threads = threads.iter();
            threads.try_for_each(|thread| array.write(*thread, &one).map_err(failed))
        })?;
        Ok(Self {
            array,
            are_wanted,
            _programs: programs,
        })
    }

    /// What a program's code needs to know.
    pub(super) fn check(&self) -> TrackedCheck<'_> {
        TrackedCheck {
            array: self.array.as_fd(),
            are_wanted: self.are_wanted,
        }
    }
}

/// The same, for a program's code.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrackedCheck<'a> {
    array: BorrowedFd<'a>,
    are_wanted: bool,
}

impl TrackedCheck<'_> {
    /// Writes code that goes on at `out` if the running thread is not wanted; `ids` holds what the kernel
    /// says of process and thread.
    pub(super) fn write(self, a: &mut Assembler, ids: Register, out: Label) {
        a.store(Size::Four, (R10, KEY), ids);
        look_up(a, self.array, KEY, out);
        a.load(Size::Four, R1, (R0, 0));
        let unwanted = match self.are_wanted {
            true => Condition::Equal,
            false => Condition::NotEqual,
        };
        a.jump_if(unwanted, R1, 0, out);
    }
}

/// The arguments are the parent and the child.
fn fork(array: BorrowedFd<'_>, pid: i16) -> Result<Vec<u64>, AssembleError> {
    let a = &mut Assembler::new();
    let out = a.label();
    a.load(Size::Eight, R7, (R1, 8));
    a.load(Size::Eight, R6, (R1, 0));
    value_of(a, array, (R6, pid), out);
    a.load(Size::Four, R6, (R0, 0));
    value_of(a, array, (R7, pid), out);
    a.store(Size::Four, (R0, 0), R6);
    end(a, out)
}

/// The argument is the thread that ends.
fn exit(array: BorrowedFd<'_>, pid: i16) -> Result<Vec<u64>, AssembleError> {
    let a = &mut Assembler::new();
    let out = a.label();
    a.load(Size::Eight, R6, (R1, 0));
    value_of(a, array, (R6, pid), out);
    a.store(Size::Four, (R0, 0), 0);
    end(a, out)
}

fn end(a: &mut Assembler, out: Label) -> Result<Vec<u64>, AssembleError> {
    a.bind(out);
    a.set(R0, 0);
    a.exit();
    std::mem::take(a).finish()
}

/// `R0 = ` the place of the number of a thread.
fn value_of(a: &mut Assembler, array: BorrowedFd<'_>, (task, pid): (Register, i16), out: Label) {
    a.load(Size::Four, R1, (task, pid));
    a.store(Size::Four, (R10, KEY), R1);
    look_up(a, array, KEY, out);
}
