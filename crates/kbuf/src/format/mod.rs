//! What tracefs says about an event's bytes: its `format` file, and that of the page header.
//!
//! ```text
//! name: sched_switch                        EventFormat { name, id,
//! ID: 372
//! format:
//!     field:int common_pid; offset:4; …       common_pid,
//!     field:char comm[16];  offset:8; …       fields: [Field { name, element, shape, … }] }
//! ```
//!
//! Invariant: a parsed field ends within 64 KiB of its record's start, has a name that is an
//! identifier, and no two fields of an event share one.

mod declaration;
mod error;
mod event;
mod labels;
mod layout;
mod parse;

pub use error::FormatError;
pub use event::{Element, EventFormat, Field, Shape};
pub use layout::PageLayout;

pub(crate) use declaration::known_size;
