//! `thalweg watch`: what becomes of many events, counted in the kernel, without a recording.
//!
//! ```text
//!   one-liner ─▶ start counting ─▶ start the command
//!                                        │
//!                   every interval: take the table ─▶ print it, or keep it for the end
//!                                        │
//!                     the command's end, Ctrl-C, the time ─▶ the last table, and what is in none
//! ```
//!
//! Tables go to standard output, words to standard error.

mod args;
mod json;
mod quantiles;
mod run;
mod text;
mod words;

pub(crate) use args::Args;
pub(crate) use run::run;
