//! An event of a system call: its name, its class, what to copy for it, and the way from a record to
//! its payload.

use thalweg_model::{ArrayClass, FieldClass, Member, StructClass};

use super::encode::Step;
use super::numbers::event_names;
use super::{Copy, Lowered, Structure};
use crate::format::EventFormat;

/// When in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// Before the kernel does anything.
    Entry = 0,
    /// When it has done all.
    Exit = 1,
}

impl Side {
    /// What the names of its events begin with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Entry => "syscall_entry_",
            Self::Exit => "syscall_exit_",
        }
    }
}

/// What events say beyond LTTng's fields, when it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyscallOptions {
    /// So many bytes of what is read, written, sent and received, [`Copy::PLAIN_BYTES`] at most.
    pub data_bytes: u16,
    /// The path of each descriptor.
    pub fd_paths: bool,
}

/// An event of a system call as the trace will have it.
#[derive(Clone, Debug)]
pub struct SyscallEvent {
    /// The event's name in the trace.
    pub name: String,
    /// The fields in the trace.
    pub payload: StructClass,
    /// What the program in the kernel copies for it.
    pub copies: Vec<Copy>,
    pub(super) structures: Vec<Structure>,
    pub(super) steps: Vec<Step>,
}

impl SyscallEvent {
    /// The event of a call; `format` is that of its `sys_enter_…`.
    pub fn new(side: Side, format: &EventFormat, options: SyscallOptions) -> Self {
        Self::with_structures(side, format, options, &[])
    }

    /// The same, with what pointers at these structures lead to.
    pub fn with_structures(
        side: Side,
        format: &EventFormat,
        options: SyscallOptions,
        structures: &[Structure],
    ) -> Self {
        let call = format.name.strip_prefix("sys_enter_");
        let name = [side.prefix(), call.unwrap_or(&format.name)].concat();
        Lowered::of(side, format, (options, structures), false).finish(name)
    }

    /// The event of a call of 32-bit programs; `format` says its arguments, and may be that of
    /// another call.
    pub fn compat(side: Side, call: &str, format: &EventFormat, options: SyscallOptions) -> Self {
        let name = ["compat_", side.prefix(), call].concat();
        Lowered::of(side, format, (options, &[]), true).finish(name)
    }

    /// The event of calls that have no number in this program, or no event in the kernel; `compat`:
    /// of 32-bit programs.
    pub fn unknown(side: Side, compat: bool) -> Self {
        let number = Member::new("id", FieldClass::int(32));
        let result = Member::new("ret", FieldClass::int(64));
        let arguments = FieldClass::Array(ArrayClass {
            element: Box::new(FieldClass::uint(64)),
            length: 6,
        });
        let arguments = Member::new("args", arguments);
        let (members, steps) = match side {
            Side::Entry => (vec![number, arguments], vec![Step::Number, Step::Arguments]),
            Side::Exit => (
                vec![number, result, arguments],
                vec![Step::Number, Step::Result, Step::Arguments],
            ),
        };
        let compat = if compat { "compat_" } else { "" };
        Self {
            name: format!("{compat}{}unknown", side.prefix()),
            payload: StructClass {
                min_align_bits: 0,
                members,
            },
            copies: Vec::new(),
            structures: Vec::new(),
            steps,
        }
    }

    /// When in a call it is.
    pub fn side(&self) -> Side {
        let name = self.name.trim_start_matches("compat_");
        match name.starts_with(Side::Exit.prefix()) {
            true => Side::Exit,
            false => Side::Entry,
        }
    }

    /// The names, behind `sys_enter_`, that the kernel's event of a call may have.
    pub fn kernel_names(call: &str) -> Vec<String> {
        event_names(call)
    }
}
