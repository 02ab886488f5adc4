//! What the preload helpers stand on.
//!
//! ```text
//!   program ──calls──▶ helper ── Next ──▶ the function that the program would have called
//!                        │
//!                        └── event!(… address, elf …) ──▶ thalweg
//! ```
//!
//! Invariant: nothing here allocates, takes a lock, or leaves a trace in `errno`: a helper runs
//! inside of other people's allocators, and before their `main`.

#![allow(
    unsafe_code,
    reason = "functions of C are found by name, and called with their types"
)]

mod address;
pub mod elf;
mod errno;
mod next;

pub use address::address;
pub use errno::{ErrnoKept, set_errno};
pub use next::Next;
