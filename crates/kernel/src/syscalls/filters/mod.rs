//! Filters of system calls: tested by the programs, on the fields that the trace would have.
//!
//! ```text
//!   call's row ─ which variant ─▶ numbers, contexts ─▶ copies ─▶ texts, what pointers lead to ─▶ ring
//!                                    │ false                         │ false
//!                                    └──▶ out ◀──────────────────────┘      not produced
//! ```
//!
//! Filters of different events that lower to the same code, as `ret < 0` does for all exits, are one
//! variant: the row of a call says which.
//!
//! Invariant: an event is recorded exactly if [`thalweg_filter::evaluate`] says true of its fields as the
//! trace has them; where a text is longer than a program looks, and that decides, it is recorded, too.

mod contexts;
mod fields;
mod prepare;
mod resolve;
mod variant;

pub(super) use contexts::TaskContexts;
pub(super) use prepare::FRONT;
pub(super) use resolve::{Resolved, resolve};
pub(super) use variant::Variants;
