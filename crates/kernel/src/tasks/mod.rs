//! Who was running: the threads there are and were, with their names, at any time of a recording.
//!
//! ```text
//!   /proc, once at the start ──▶ threads ◀── records of forks, renames, ends, each with its time
//!                                   │               ▲ programs of our own in the kernel
//!      (tid, time) ─▶ find ─────────┘               │
//!                      time is later than what is known: read on ─┘
//! ```
//!
//! A thread makes its own record before it goes on, and its parent makes its first: so whoever has read
//! all records up to now knows every thread that an event up to now can be of.

mod attributes;
mod changes;
mod groups;
mod program;
mod scan;
mod source;
mod table;
mod wanted;

pub(crate) use groups::Groups;
pub(crate) use scan::threads;
pub(crate) use source::Tasks;
pub(crate) use table::{Table, Task};
pub(crate) use wanted::Wanted;
