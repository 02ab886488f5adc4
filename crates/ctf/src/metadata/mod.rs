//! The metadata of a CTF 1.8 trace (TSDL text), as a [`TraceClass`](thalweg_model::TraceClass).
//!
//! ```text
//!   bytes ─ envelope ─▶ text ─ lexer ─▶ tokens ─ parser ─▶ classes ─ finish ─▶ TraceClass
//!           (packets)                    (types, blocks)   raw names   resolve, rename
//! ```
//!
//! The parser lowers as it reads: TSDL wants every type declared before its use, so no tree of the
//! text is kept. The one thing that may come late is the trace's byte order; when it turns out not
//! to be the assumed one, the text is read again with the right one.
//!
//! Invariant: no input makes this module panic, recurse deeper than [`MAX_DEPTH`] types, or hold
//! more than [`MAX_CLASSES`] field classes. Every refusal has a line and a column.

mod attributes;
mod blocks;
mod enums;
mod envelope;
mod error;
mod finish;
mod keywords;
mod lengths;
mod lexer;
mod names;
mod numbers;
mod parser;
mod parts;
mod scope;
mod structs;
mod timestamps;
mod types;

pub use envelope::text_of;
pub use error::{MetadataError, Position, Reason};
pub(crate) use keywords::KEYWORDS;
pub use parser::{MAX_BYTES, MAX_CLASSES, MAX_DEPTH, parse};
