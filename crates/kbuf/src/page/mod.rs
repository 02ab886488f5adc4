//! One page (sub-buffer) of a per-CPU trace ring.
//!
//! ```text
//!   0            8                        16                     16+len         capacity
//!   | time stamp | missed | stored | len  | record | record | …  | lost count   | …
//!                  bit 31   bit 30
//! ```
//!
//! The time stamp is the first record's; each record holds the distance to the one before. `len`
//! is how far the kernel has committed: bytes below it never change again while the page is the
//! reader's.
//!
//! Invariant: [`Records`] never reads beyond `len`, ends after at most `len / 4` steps, and its
//! times never go back.

mod error;
mod header;
mod records;

pub use error::{PageError, RecordError};
pub use header::{Cursor, Missed, Page};
pub use records::{Record, Records};

pub(crate) use header::{u32_at, u64_at};
