//! `thalweg view`: a trace as text on standard output, as babeltrace2 prints it.
//!
//! ```text
//!   Reader ─▶ event ─▶ Printer ─▶ 64 KiB at a time ─▶ standard output
//!          ─▶ lost, fault ─────────────────────────▶ standard error, and status 1 for a fault
//! ```
//!
//! Who closes the pipe has seen enough: that is no error.

mod args;
mod moment;
mod output;
mod run;
mod tail;

pub(crate) use args::Args;
pub(crate) use run::{local, run};
