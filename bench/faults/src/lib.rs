//! What is left of a trace when something dies: ours, and LTTng's beside it.
//!
//! ```text
//!   busy ──events──▶ recorder ──▶ trace ──babeltrace2──▶ numbers        every event has a number
//!     └───counts───▶ board  ─────────────────────────▶ what must be     counted beside the tracer
//! ```
//!
//! Invariant: what was produced is counted in memory that the tracer does not know, after each
//! event's call has returned; what was recorded is read by babeltrace2 alone.

#![forbid(unsafe_code)]

pub mod board;
pub mod dice;
pub mod disk;
pub mod lttng;
pub mod process;
pub mod programs;
pub mod recorders;
pub mod seen;
pub mod world;
