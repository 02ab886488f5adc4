//! What the libraries for other languages need: events that they describe as data.
//!
//! ```text
//!   description ──▶ define ──▶ the site of an equal one, or a new one ──▶ gate_address, emit
//! ```
//!
//! Invariant: what a description refers to is copied. A site lives as long as the process, so a
//! module that is unloaded leaves nothing behind that refers to it; when it comes back, its
//! descriptions find the same sites again. Not for direct use: it may change with every version.

mod class;
mod define;
mod event;
mod span;

pub use class::{Class, Scalar};
pub use define::{Description, define, find};
pub use event::{add_place, emit, gate_address, is_wanted, site_from};
pub use span::{begin_span, current_span, enter_span, leave_span, tell_span};

pub use crate::dynamic::DefineError;
pub use crate::life::start;
