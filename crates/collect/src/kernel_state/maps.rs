//! What of files and memory processes have mapped: `/proc/PID/maps`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::events::StateKind;
use super::process::put_all;
use super::taker::Dump;
use crate::statedump::MAX_MAPS;

/// `VM_READ`, `VM_WRITE`, `VM_EXEC` and `VM_SHARED`.
const FLAGS: [(u8, u64); 4] = [(b'r', 1), (b'w', 2), (b'x', 4), (b's', 8)];

/// A line: addresses, flags, offset, inode.
#[derive(Debug, PartialEq, Eq)]
struct Map {
    start: u64,
    end: u64,
    flags: u64,
    offset: u64,
    inode: u64,
}

impl Map {
    /// `7f0-7f1 r-xp 00001000 fe:01 42   /a path`
    fn parse(line: &str) -> Option<Self> {
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let letters = words.next()?.as_bytes();
        let flags = FLAGS.into_iter().zip(0..);
        let has = |place: usize, letter| letters.get(place) == Some(&letter);
        Some(Self {
            start: hex(start)?,
            end: hex(end)?,
            flags: flags
                .filter(|&((letter, _), place)| has(place, letter))
                .map(|((_, flag), _)| flag)
                .sum(),
            offset: hex(words.next()?)?,
            inode: words.nth(1)?.parse().ok()?,
        })
    }
}

/// Each mapping of a process; of flags the four that stand there.
pub(super) fn tell(dump: &mut Dump<'_>, folder: &Path, pid: i32) {
    if !dump.wants(StateKind::VmMap) {
        return;
    }
    let mut text = Vec::new();
    let maps = File::open(folder.join("maps"));
    // What was read before an error is told.
    let _ = maps.and_then(|maps| maps.take(MAX_MAPS).read_to_end(&mut text));
    for map in String::from_utf8_lossy(&text)
        .lines()
        .filter_map(Map::parse)
    {
        dump.push(StateKind::VmMap, |out| {
            put_all(out, &[pid]);
            for number in [map.start, map.end, map.flags, map.inode, map.offset] {
                out.extend(number.to_le_bytes());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_mapping() {
        let line = "7f0a-7f0b rwxs 00001000 fe:01 42                  /a path (deleted)";
        let expected = Map {
            start: 0x7f0a,
            end: 0x7f0b,
            flags: 15,
            offset: 0x1000,
            inode: 42,
        };
        assert_eq!(Map::parse(line), Some(expected));
        let private = Map::parse("10-20 r--p 00000000 00:00 0").unwrap();
        assert_eq!((private.flags, private.inode), (1, 0));
        for wrong in [
            "",
            "10 r--p",
            "10-20",
            "10-20 r--p x 00:00 0",
            "x-20 r--p 0 0 0",
        ] {
            assert_eq!(Map::parse(wrong), None, "{wrong}");
        }
    }
}
