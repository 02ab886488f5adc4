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
//! running kernel's format files, the fields' names, types and order those of LTTng's listing. Only
//! the numbers are data of this crate, as the kernel tells them nowhere.
//!
//! Behind LTTng's fields come those that LTTng lacks: what else a pointer points at (`sun_path`,
//! `argv_strings`, …), and for each copy `NAME_copy`, which says whether it is whole.
//!
//! Invariant: no record makes this module panic, and what is appended for one is what its event's
//! class says, to the byte, whatever the record claims.

mod address;
mod class;
mod copy;
mod encode;
mod event;
mod lower;
mod numbers;
mod record;

pub use copy::{Copy, CopyKind};
pub use event::{Side, SyscallEvent};
pub use numbers::{SYSCALL_LIMIT, syscall_numbers};
pub use record::{RecordLayout, SyscallRecord, syscall_context};

use lower::Lowered;
