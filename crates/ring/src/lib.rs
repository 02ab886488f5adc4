//! The lock-free event ring over memory that the caller gives.
//!
//! ```text
//!   thread: claim a FREE chunk ── reserve, fill, commit ── hand it over as FULL ─┐
//!      ▲                                                                         ▼
//!      └──────────────── free ◀── clear ◀── to disk ◀── collector: walk, check, copy
//! ```
//!
//! A thread owns its chunk, so reserving is one non-locked compare-and-swap on a word that only
//! this thread and its signal handlers touch; committing is one Release store. Threads meet only
//! where chunks change hands, and there by one atomic operation on the chunk's descriptor.
//!
//! In mode overwrite a thread that finds no free chunk takes the oldest full one back; in mode block
//! its caller waits.
//!
//! Invariants: the order of records in a chunk is the order of their times; a record's length is
//! known before its contents; nothing here blocks, allocates or calls the kernel. The writer side
//! reads shared memory only where chunks change hands, and checks what it reads.

#![no_std]
#![allow(
    unsafe_code,
    reason = "the ring is one of the crates that the design allows it in"
)]
#[cfg(test)]
extern crate self as thalweg_ring;
#[cfg(any(test, loom, shuttle))]
extern crate std;

mod claim;
mod cursor;
mod leave;
mod local;
mod nest;
mod overwrite;
mod patience;
mod payload;
mod place;
mod pool;
mod prefetch;
mod run;
mod slot;
#[cfg(any(test, loom, shuttle))]
pub mod step;
mod sync;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod text;
mod walk;

pub use claim::Owner;
pub use cursor::{Cursor, Emit, Halves, Refused};
pub use local::LocalWord;
pub use overwrite::{
    Content, content_of, hand_over_for_gone, hold, last_time, let_go, overwritten, owner_of,
    settle, tally_of,
};
pub use patience::takes_waiting;
pub use payload::Payload;
pub use pool::{clear_and_free, publish_free, restore_hint, withdraw};
pub use run::{Run, Usual};
pub use slot::{Parts, Slot, UNIT_WORDS, chunk_words};
pub use sync::AtomicU64;
pub use text::has_nul;
pub use walk::{Found, Record, Stop, Tally, Walk, is_pending};
