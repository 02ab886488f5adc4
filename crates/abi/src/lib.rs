//! The bytes that a traced program and a collector share.
//!
//! ```text
//!   rendezvous folder                     memory of the program (one sealed memfd)
//!   ├─ PID-IMAGE-NONCE  ── names ──────▶  | head | dead | gates | threads | words | definitions | slot 0 … 3 |
//!   └─ sessions/ID (advert), ID.sock                                                             └ one ring each
//! ```
//!
//! The rendezvous file is written once and only read afterwards; all that changes lies in the
//! memfd, which is sealed against shrinking, so that no side can take memory from under the other.
//!
//! Invariant: every offset and width here is fixed for one [`VERSION`]; a change of meaning changes
//! the version. Numbers are little-endian. This crate does no I/O and allocates nothing.

#![no_std]
#![forbid(unsafe_code)]

pub mod advert;
pub mod chunk;
pub mod desc;
pub mod field;
pub mod filters;
mod glob;
pub mod program;
pub mod record;
pub mod rendezvous;
pub mod rules;
pub mod sampled;
mod sizes;
pub mod slot;
pub mod thread;

pub use sizes::{MAX_THREADS, PAGE, SLOTS, VERSION};
