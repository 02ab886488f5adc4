//! The filter language: from text to code that runs in a traced program.
//!
//! ```text
//!   "size > 4096 && name == \"a*\""
//!        │ parse, check             whoever enables an event (feature `compile`, allocates)
//!        ▼
//!    Filter (tree) ──compile──▶ bytecode: bytes, fields by name, at most 64 KiB
//!                                   │ link      the traced program, once a call site
//!                                   ▼
//!                    u64 words, fields by index, in shared memory
//!                                   │ evaluate  the traced program, once an event
//!                                   ▼
//!                               true or false
//! ```
//!
//! For the kernel's events [`tracefs`] says a filter in the kernel's own words.
//!
//! The language is LTTng's, with arithmetic (`* / %` and binary `+ -`) besides. As there, a filter
//! whose field is missing, whose index is beyond a list, or whose shift count is not in 0..=63 is
//! false as a whole, whatever stands around it; so is one that divides by zero.
//! `tests/lttng.rs` holds both beside each other and lists where they differ.
//!
//! Invariant: linking and evaluating allocate nothing, take no lock and cannot panic; whatever the
//! words hold, an evaluation only ever goes forward through them.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "compile")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod apply;
mod code;
mod context;
mod evaluate;
mod flat;
mod link;
mod operator;
mod pattern;
mod place;
mod portable;
mod simple;
#[cfg(feature = "compile")]
mod text;
#[cfg(feature = "compile")]
pub mod tracefs;
mod value;
mod words;

pub use apply::{Event, Room, apply};
pub use context::Context;
pub use evaluate::evaluate;
pub use link::{LinkError, link};
pub use operator::{Arithmetic, Comparison, Logic, Number, Unary};
pub use place::{field_of, index_of};
pub use portable::{MAX_LEN, from_hex};
pub use simple::Simple;
#[cfg(feature = "compile")]
pub use text::{
    Bytecode, Error, Expr, Fields, Filter, Kind, Literal, Node, Problem, matches_parts, near_names,
};
pub use value::{Source, Value};
pub use words::Words;
