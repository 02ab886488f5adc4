//! Executable files: functions, SDT probes, and how the kernel fetches their arguments.
//!
//! ```text
//!   .symtab, .dynsym ──▶ Function { name, offset in the file }
//!   .note.stapsdt ─────▶ SdtProbe { provider, name, offset, semaphore, arguments }
//!                                    `-4@8(%rbp)` ──Argument──▶ `+8(%bp)` `s32`   fetch argument
//!   .debug_info ───────▶ Prototype { parameters, result }                ▲
//!                                    `int n` ───────────────────▶ `%di` `s32`
//! ```
//!
//! A probe of the kernel's lies at an offset in a file, not at an address: both are here. Little-endian
//! files for x86, of both word sizes.
//!
//! Invariant: nothing that a file says of itself is believed. No bytes make this crate panic, loop, or
//! take more memory than a small multiple of the file's length.

#![forbid(unsafe_code)]

mod argument;
mod dwarf;
mod error;
mod fetch;
mod note;
mod points;
mod register;
mod segments;
mod symbols;

pub use argument::{Argument, Operand};
pub use dwarf::{Parameter, Prototype, prototypes};
pub use error::ElfError;
pub use fetch::{Fetch, function_argument};
pub use note::SdtProbe;
pub use points::{Place, Points, examine};
pub use register::Register;
pub use symbols::Function;
