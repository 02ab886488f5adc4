//! Numbers that several layouts share.

/// The version of all layouts in this crate.
pub const VERSION: u32 = 5;

/// Bytes of a page; the layouts count in it whatever the machine's page is.
pub const PAGE: usize = 4096;

/// How many collectors can trace one program at once.
pub const SLOTS: usize = 4;

/// The most threads of one program that can have events in flight.
pub const MAX_THREADS: usize = 16384;
