//! Opens a trace as one time-ordered stream of messages.
//!
//! ```text
//!   folder ─ find ─▶ Trace (metadata, decoder)
//!                      │  files ─ group ─▶ Stream: window, cursor, one message ahead
//!                      ▼                     │
//!                   Reader ◀─ merge by time ─┘ ─▶ Item { trace, stream, at_ns, message }
//!                                                        │
//!                                                      text  one line an event
//! ```
//!
//! Memory is bounded by the number of streams, not by their size: each stream has one window, of
//! which all together have [`WINDOW_BUDGET_BYTES`], more only where a single event needs it. No file
//! stays open between two reads, so that the number of streams has no limit either.
//!
//! Invariant: a broken packet costs what lies behind its fault, and no more. The error is yielded
//! once, then what is lost, then the next packet.

#![forbid(unsafe_code)]

mod error;
mod file;
mod find;
mod loss;
mod merge;
mod predicate;
mod seek;
mod select;
mod stream;
pub mod text;
mod time;
mod trace;
mod window;

pub use error::Error;
pub use merge::{Item, Reader};
pub use select::Selection;
pub use stream::StreamInfo;
pub use time::TimeScale;
pub use trace::Trace;
pub use window::WINDOW_BUDGET_BYTES;
