//! What the kernel's records of forks and packets lack, told by programs at the same tracepoints.
//!
//! ```text
//!   tracepoint ─┬─ program ─▶ ring ─▶ table: (kind, key) ─▶ what, when
//!               └─ tracefs ─▶ page ─▶ transcoder ─ (kind, key), time ─▶ ┘
//! ```
//!
//! A program is attached before the event is enabled, and so runs before tracefs makes its record: whoever
//! has read the ring up to now knows of every record up to now. Of the same key's, the one is meant that
//! was told last before the record's time.
//!
//! Invariant: a field is what the program read at that very tracepoint, or marked as not known, and the
//! events that have such fields are counted.

mod fork;
mod packet;
mod program;
mod source;
mod table;

pub(crate) use source::{ToldSource, lock, tell_of};
