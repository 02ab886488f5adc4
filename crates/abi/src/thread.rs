//! An entry of the thread table: which thread has an index.
//!
//! ```text
//!   bit 0                    32        63
//!   | thread id (kernel's)   | 0 …  | 1 = in use |
//! ```

/// Set while the index belongs to a thread.
pub const IN_USE: u64 = 1 << 63;

/// The entry of a thread with this id.
pub const fn entry(tid: u32) -> u64 {
    IN_USE | tid as u64
}

/// The thread id in an entry, if it is in use.
pub const fn tid_of(entry: u64) -> Option<u32> {
    if entry & IN_USE == 0 {
        None
    } else {
        Some(entry as u32)
    }
}
