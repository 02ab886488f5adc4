//! Dynamic probes: events that a user sets at a place in a program, with the arguments to fetch there.
//!
//! ```text
//!   'sdt:python3:python:line'   ProbeSpec   what the user says
//!             │ resolve: find the file, its functions and notes
//!             ▼
//!   p:…/line /usr/bin/python3:0x3423c(0x68426c) arg1=%r14:u64 …      Probe   what the kernel is told
//!             │ define: one line each into uprobe_events
//!             ▼
//!   events/thalweg_HASH_python/line    an event like any other, in a group of this recording alone
//! ```
//!
//! Invariant: the group's name follows from the instance's, so that whoever removes the instance of a
//! dead recorder finds its probes; a group without an instance is nobody's and is removed.

mod define;
mod fetch;
mod file;
mod functions;
mod group;
mod instruction;
mod missed;
mod name;
mod own;
mod parse;
mod program;
mod resolve;
mod spec;

pub use define::remove_stray_probes;
pub(crate) use define::{Defined, remove_group};
pub use file::find_file;
pub(crate) use functions::{call_and_return_probes, matching_functions};
pub(crate) use group::{beginning, group_of, living};
pub(crate) use missed::missed;
pub(crate) use own::{has_known_numbers, leave_out, own_threads};
pub use resolve::{Probe, Target, resolve_probes};
pub use spec::{ArgumentSpec, FunctionSpec, PlaceSpec, ProbeSpec};
