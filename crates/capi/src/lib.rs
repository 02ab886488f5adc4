//! The library behind `thalweg.h`: events of C and C++ programs.
//!
//! ```text
//!   module (executable or library)                         libthalweg
//!   ──────────────────────────────                         ──────────
//!   constructor ── section of pointers to call sites ───▶  register: copies what they describe,
//!                                                          points each to its gate
//!   call site ──▶ its gate ──0──▶ nothing (two loads)
//!                    └──1──▶ bytes, or pieces of them ─▶   emit: reserve, fill, commit
//!   destructor (dlclose) ───────────────────────────────▶  unregister: gates that are never open
//! ```
//!
//! Invariants: the names end in the version of the layout that header and library share, so that
//! a program is never linked with a library of another one. After `unregister` nothing refers to
//! the module's memory. `emit` keeps what the Rust library promises: no allocation, no lock, no
//! system call, and no panic.

#![allow(
    unsafe_code,
    reason = "C calls it with pointers, and the design allows it in this crate"
)]

mod context;
mod describe;
mod emit;
mod layout;
mod register;
mod span;
mod value;
mod watch;

pub use context::{
    thalweg_app_context_add_0, thalweg_app_context_remove_0, thalweg_app_value_set_float_0,
    thalweg_app_value_set_int_0, thalweg_app_value_set_text_0, thalweg_app_value_set_uint_0,
    thalweg_places_0,
};
pub use emit::{thalweg_emit_0, thalweg_emit_pieces_0, thalweg_wants_0};
pub use layout::{Begun, CodePlace, Field, Label, Piece, Place, Site};
pub use register::{thalweg_register_0, thalweg_unregister_0};
pub use span::{
    thalweg_begin_span_0, thalweg_current_span_0, thalweg_enter_span_0, thalweg_leave_span_0,
    thalweg_tell_span_0,
};
pub use watch::{thalweg_watch_end_0, thalweg_watch_poll_0, thalweg_watch_wait_0};

#[cfg(test)]
mod agreement;
