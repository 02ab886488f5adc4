//! System calls with what their pointers point at: a program in the kernel copies, we name.
//!
//! ```text
//!   sys_enter_openat/format ─┐                  ┌─▶ copies: text behind argument 1   ▶ the program
//!   LTTng's listing ─────────┴─▶ SyscallEvent ──┼─▶ class: dfd, filename, flags, mode ▶ metadata
//!                                               └─▶ steps: argument 0, text 0, …
//!   record of the program ──────────────────────────▶ steps ──▶ the event's payload
//! ```
//!
//! The table of calls is not written by hand: names, arguments and their C types are those of the
//! running kernel's format files, the fields' names, types and order those of LTTng's listing. What
//! the kernel tells nowhere is data of this crate, made of its headers: the numbers, the calls of 32-bit
//! programs, the names of flags.
//!
//! Behind LTTng's fields come those that LTTng lacks: what else a pointer points at (`sun_path`,
//! `argv_strings`, …), and for each copy `NAME_copy`, which says whether it is whole.
//!
//! Invariant: no record makes this module panic, and what is appended for one is what its event's
//! class says, to the byte, whatever the record claims.

mod address;
mod class;
mod compat;
mod copy;
mod element;
mod encode;
mod event;
mod labels;
mod lower;
mod more;
mod numbers;
mod origin;
mod path;
mod record;
mod state;
mod structure;

pub use compat::{CompatCall, compat_calls};
pub use copy::{Copy, CopyKind, Length, Slot};
pub use event::{Side, SyscallEvent, SyscallOptions};
pub use numbers::{SYSCALL_LIMIT, syscall_numbers};
pub use origin::Origin;
pub use path::PathLayout;
pub use record::{RecordLayout, SyscallRecord, syscall_context};
pub use structure::{MemberClass, Structure, StructureMember};

use lower::Lowered;
