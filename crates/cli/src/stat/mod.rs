//! `thalweg stat`: how often something happens while a command runs.
//!
//! ```text
//!   events ─▶ open, each alone: refused ones are told at the end
//!          ─▶ the command is started by a thread that has the counters: they begin when it executes
//!          ─▶ its end: read ─▶ text or JSON
//! ```

mod args;
mod counted;
mod json;
mod run;
mod text;

pub(crate) use args::Args;
pub(crate) use run::run;
