//! What functions take and give, as the debug information of C and C++ programs says.
//!
//! ```text
//!   .debug_info ─ unit ─ subprogram at an address ─ formal parameters ─▶ Prototype ─▶ registers
//! ```
//!
//! Where a parameter is when a function begins, the calling convention of x86-64 says; the debug
//! information tells of later instructions.

mod entry;
mod find;
mod place;
mod types;

pub use find::{Parameter, Prototype, prototypes};
