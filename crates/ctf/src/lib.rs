//! The Common Trace Format 1.8: metadata, reading and writing, as bytes and values.
//!
//! ```text
//!   metadata  text of a trace's metadata ─▶ TraceClass
//!   read      TraceClass + bytes of a packet ─▶ Message
//!   write     TraceClass + values ─▶ bytes of a packet, text of the metadata
//! ```
//!
//! Invariant: no I/O, no clock, no panic on any input, no memory by claim.

#![forbid(unsafe_code)]

pub mod metadata;
mod path;
pub mod read;
pub mod write;
