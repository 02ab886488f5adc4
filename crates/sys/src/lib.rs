//! Safe names for the system calls that rustix lacks.

#![allow(
    unsafe_code,
    reason = "system calls without a safe wrapper are what this crate is for"
)]

mod tracefs_map;

pub use tracefs_map::{MappedRing, ReaderPage};
