//! Counting in the kernel: what becomes of many events, by groups, without a recording.
//!
//! ```text
//!   "count() by comm where syscall == \"openat\""
//!        │ parse                      WatchSpec
//!        ▼
//!   events ─▶ a program for each: filter ─▶ key ─▶ table of this epoch, a value for each CPU
//!                                                          │ take: the next epoch begins
//!                                                          ▼
//!                                                   WatchTable: groups, sorted
//! ```
//!
//! System calls are counted at the raw tracepoints of entry and exit, other events at their own, in their
//! records as `format` files describe them.
//!
//! # What is counted
//! Each event that passes the filter is in one group of one table, or in one of the counts of
//! [`WatchCounts`]: passed = counted + lost, to the event. A table is read when no program uses it any
//! longer, so that nothing is missed or told twice between two looks. What happens while this process
//! itself runs is left out.

mod bucket;
mod field;
mod layout;
mod parse;
mod probe;
mod program;
mod resolve;
mod running;
mod spec;
mod syscall;
mod table;
mod texts;
mod tracepoint;
mod update;

pub use bucket::{BUCKET_ERROR, Bucket};
pub use running::{WatchCounts, Watching};
pub use spec::{Aggregate, Expression, Function, WatchError, WatchSpec};
pub use table::{KeyValue, WatchRow, WatchTable, WatchValue};
