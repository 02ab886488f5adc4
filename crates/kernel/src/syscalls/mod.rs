//! System calls with what their pointers point at, from eBPF programs of our own.
//!
//! ```text
//!   sys_enter ─▶ program ─ call's row ─▶ copies ─▶ ring of the CPU ─┐
//!   sys_exit  ─▶ program ─ call's row ─▶ copies ─▶ ring of the CPU ─┤
//!                   │ no room: counted                              ▼
//!                                    times fitted to the trace clock, LTTng's events ─▶ sink
//! ```
//!
//! One program for each side serves all calls: which ones are wanted, and what to copy of each, are
//! rows of a map. The programs skip the recorder's own processes, so that a recording does not record itself.
//!
//! # What is lost, and what is counted
//! Each CPU has a ring of its own; a call that finds it full is counted there, by its program. The
//! programs count what they saw, too: seen = recorded + lost, to the event. What this process had not
//! drained when it was killed is gone with it: the maps are its own.
//!
//! # What is not read
//! A program must not wait for memory: text on a page that is not in memory is marked as a fault
//! (`NAME_copy`), and nothing is said of it.

mod attributes;
mod calls;
mod copies;
mod files;
mod filters;
mod load;
mod own;
mod program;
mod recording;
mod stacks;
mod structures;
mod tracked;
mod vectors;

pub(crate) use load::cpus;
pub(crate) use own::{Own, OwnCheck};

pub use calls::{KnownCall, find_syscalls, plain_syscall_rules};
pub use load::online_cpus;
pub use recording::{FilterReport, SyscallConfig, SyscallRecording};
