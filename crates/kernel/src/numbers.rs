//! A thread's numbers, one for each pid namespace that it is in, as programs find them.

use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Register, Size};

use crate::bpf::find_offset;

/// Pid namespaces within one another that are looked at.
const LEVELS: i16 = 4;
/// What the kernel keeps of a number in each.
pub(crate) const NUMBER_BYTES: i16 = 16;

/// Where the kernel keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberOffsets {
    /// In a thread: its `struct pid`.
    pub(crate) thread_pid: i16,
    /// In that one: how deep its namespace is, and the numbers.
    pub(crate) level: i16,
    pub(crate) numbers: i16,
}

impl NumberOffsets {
    pub(crate) fn find(btf: &Btf) -> Result<Self, BtfError> {
        Ok(Self {
            thread_pid: find_offset(btf, "task_struct", "thread_pid")?,
            level: find_offset(btf, "pid", "level")?,
            numbers: find_offset(btf, "pid", "numbers")?,
        })
    }

    /// `to = ` the number of a thread in its own namespace, 0 if that is deeper than is looked at.
    /// The registers besides are lost; `level` and `to` are not `pid`.
    pub(crate) fn write_own(
        self,
        a: &mut Assembler,
        thread: Register,
        [pid, level]: [Register; 2],
        to: Register,
    ) {
        let done = a.label();
        a.load(Size::Eight, pid, (thread, self.thread_pid));
        a.load(Size::Four, level, (pid, self.level));
        for depth in 0..LEVELS {
            let next = a.label();
            a.jump_if(Condition::NotEqual, level, i32::from(depth), next);
            a.load(Size::Four, to, (pid, self.numbers + depth * NUMBER_BYTES));
            a.jump(done);
            a.bind(next);
        }
        a.set(to, 0);
        a.bind(done);
    }
}
