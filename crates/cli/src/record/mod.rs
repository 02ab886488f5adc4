//! `thalweg record`: one trace of the kernel and of programs, while a command runs.
//!
//! ```text
//!   find the command ─▶ plan ─▶ start recording ─▶ start the command, helpers preloaded
//!        127, 126         │                              │
//!                   what may be had of           every few ms: drain, progress line,
//!                   the kernel (grant)           signals, has the command ended?
//!                                                        │
//!                              exit status ◀─ summary ◀──┘
//! ```
//!
//! Invariant: what can be refused is refused before anything is left behind, and a command that was
//! started keeps its status whatever becomes of the recording.

mod advice;
mod attach;
mod bottom;
mod child;
mod engine;
mod grant;
mod helper;
mod output;
mod plan;
mod planned;
mod program;
mod progress;
mod rights;
mod run;
mod starter;
mod summary;
mod terminal;
mod watch;

pub(crate) use child::Traced;
pub(crate) use grant::{KernelRefusal, kernel_refusal};
pub(crate) use helper::Helper;
pub(crate) use program::locate;
pub(crate) use run::run;
pub(crate) use starter::Starter;
pub(crate) use watch::{Stop, Watch};
