//! `libthalweg_libc.so`: every call of the allocator, by any program.
//!
//! ```text
//!   program ── malloc(n) ──▶ wrap ── the real one ──▶ event malloc { size, ptr }
//!                             │
//!                             └─ not found yet (the dynamic linker allocates while it looks
//!                                for it): early, a few static bytes
//! ```
//!
//! Names and fields are those of LTTng's helper of the same purpose. A block's `free` is told
//! before it is free, its `malloc` after it is there, so that in the order of time no address is
//! given away twice.
//!
//! Invariants: an event allocates nothing, so that none causes another; a call that the allocator
//! makes within another is no event; the program gets what it would have got, `errno` included.

#![allow(unsafe_code, reason = "it stands in for functions of the C library")]
#![cfg_attr(
    test,
    allow(dead_code, reason = "the tests' own allocator is not stood in for")
)]

mod arch;
mod early;
mod nesting;
mod real;
mod wrap;
