//! What is particular to a processor: registers, the thread's pointer, what the linker fills in.
//!
//! One file a processor, each with the same names; nothing else in this crate is in assembler but the
//! data that call sites leave in sections.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::*;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
