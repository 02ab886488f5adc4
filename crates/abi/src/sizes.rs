//! Numbers that several layouts share.

/// The version of all layouts in this crate, and above it the machine: an emulated program has the same
/// layouts, but another counter.
pub const VERSION: u32 = 5 | MACHINE << 16;

/// As in an ELF file, but for x86-64, which was the first.
#[cfg(not(target_arch = "aarch64"))]
const MACHINE: u32 = 0;
#[cfg(target_arch = "aarch64")]
const MACHINE: u32 = 183;

/// Bytes of a page; the layouts count in it whatever the machine's page is.
pub const PAGE: usize = 4096;

/// How many collectors can trace one program at once.
pub const SLOTS: usize = 4;

/// The most threads of one program that can have events in flight.
pub const MAX_THREADS: usize = 16384;
