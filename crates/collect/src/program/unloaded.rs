//! Libraries that were unloaded while their process goes on: nobody writes into their rings any more.
//!
//! A library says that it is closed when it is unloaded, and when the process exits: then events may
//! follow, of destructors that run later. The two are told apart by the process's mappings: the gates
//! lie over pages of the library's own, and go when it goes.

use std::fs;
use std::sync::atomic::Ordering::Acquire;
use thalweg_abi::program::{GATES, HEAD_CLOSED};

use super::memory::Memory;
use crate::process::Process;

/// What is known of a library's end.
#[derive(Debug, Default)]
pub(super) struct Unloaded {
    /// How often it was asked for since the library said that it is closed.
    asked: u32,
}

impl Unloaded {
    /// Whether the library with this memory is gone. That is looked for when it was asked for the
    /// first, second, fourth, … time: a process may take long to exit.
    pub(super) fn is_known(&mut self, memory: &Memory, ino: u64, process: &Process) -> bool {
        if memory.head(HEAD_CLOSED).load(Acquire) == 0 {
            return false;
        }
        self.asked = self.asked.wrapping_add(1);
        self.asked.is_power_of_two() && is_unmapped(process, ino)
    }
}

/// Whether a process, whose mappings can be seen, has no gates of this memory.
fn is_unmapped(process: &Process, ino: u64) -> bool {
    let maps = process.folder().map(|folder| folder.join("maps"));
    let maps = maps.and_then(|maps| fs::read_to_string(maps).ok());
    maps.is_some_and(|maps| !maps.lines().any(|line| is_gates(line, ino)))
}

/// A line is `BEGIN-END MODE OFFSET DEVICE INODE NAME`.
fn is_gates(line: &str, ino: u64) -> bool {
    let mut words = line.split_whitespace().skip(2);
    let offset = words.next().map(|word| u64::from_str_radix(word, 16));
    let inode = words.nth(1).map(str::parse);
    offset == Some(Ok(GATES as u64)) && inode == Some(Ok(ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_known_by_their_offset_and_their_file() {
        let line = "7f4f4398c000-7f4f4398e000 rw-s 00002000 00:01 1044   /memfd:thalweg (deleted)";
        assert!(is_gates(line, 1044));
        assert!(!is_gates(line, 1045));
        assert!(!is_gates(&line.replace("00002000", "00000000"), 1044));
        assert!(!is_gates("7ffc0-7ffc1 r-xp 00000000 00:00 0  [vdso]", 1044));
        assert!(!is_gates("", 1044));
    }
}
