//! Program headers: what of an object lies where in memory.

use super::header::{u32_at, u64_at};

/// Bytes of one program header.
pub const SEGMENT_LEN: usize = 56;

const LOAD: u32 = 1;
const NOTE: u32 = 4;
const EXECUTE: u32 = 1;
const READ: u32 = 4;

/// One segment; addresses are relative to where the object was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    kind: u32,
    flags: u32,
    /// Where it begins.
    pub address: u64,
    /// Its bytes in memory.
    pub len: u64,
    /// What its address is a multiple of.
    pub alignment: u64,
    file_len: u64,
}

/// The program headers of an object.
#[derive(Clone, Copy, Debug)]
pub struct Segments<'b>(&'b [u8]);

impl<'b> Segments<'b> {
    /// The headers in `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn all(&self) -> impl Iterator<Item = Segment> + use<'b> {
        self.0.chunks_exact(SEGMENT_LEN).map(|header| Segment {
            kind: u32_at(header, 0),
            flags: u32_at(header, 4),
            address: u64_at(header, 0x10),
            file_len: u64_at(header, 0x20),
            len: u64_at(header, 0x28),
            alignment: u64_at(header, 0x30),
        })
    }

    fn loaded(&self) -> impl Iterator<Item = Segment> + use<'b> {
        self.all().filter(|segment| segment.kind == LOAD)
    }

    /// From where to where the object reaches; `None` if nothing of it is loaded.
    pub fn span(&self) -> Option<(u64, u64)> {
        let begin = self.loaded().map(|segment| segment.address).min()?;
        let ends = self
            .loaded()
            .map(|segment| segment.address.saturating_add(segment.len));
        Some((begin, ends.max()?))
    }

    /// The notes that can be read in memory: those that lie in a loaded segment's file.
    pub fn notes(&self) -> impl Iterator<Item = Segment> + use<'b> {
        let all = *self;
        self.all()
            .filter(|segment| segment.kind == NOTE)
            .filter(move |note| {
                all.loaded()
                    .any(|segment| segment.flags & READ != 0 && segment.holds(note))
            })
    }

    /// The loaded code that holds an address.
    pub fn find_code(&self, address: u64) -> Option<Segment> {
        self.loaded().find(|segment| {
            let inside = address.checked_sub(segment.address);
            segment.flags & EXECUTE != 0 && inside.is_some_and(|at| at < segment.file_len)
        })
    }
}

impl Segment {
    fn holds(&self, other: &Self) -> bool {
        let end = other.address.checked_add(other.len);
        let inside = other.address.checked_sub(self.address);
        // A segment's file bytes are all mapped: the rest may be on pages that are not read yet.
        inside.is_some()
            && end
                .is_some_and(|end| end <= self.address.saturating_add(self.file_len.min(self.len)))
    }

    /// How many of its bytes come from the file.
    pub fn file_len(&self) -> u64 {
        self.file_len.min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u32, flags: u32, address: u64, file_len: u64, len: u64) -> [u8; SEGMENT_LEN] {
        let mut bytes = [0; SEGMENT_LEN];
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&flags.to_le_bytes());
        for (at, number) in [(0x10, address), (0x20, file_len), (0x28, len), (0x30, 4)] {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn the_span_reaches_from_the_first_to_the_last_loaded_byte() {
        let bytes = [
            header(LOAD, READ, 0, 0x420, 0x420),
            header(LOAD, READ, 0x3e68, 0x1a0, 0x1a8),
            header(NOTE, READ, 0x10000, 8, 8),
        ]
        .concat();
        assert_eq!(Segments::new(&bytes).span(), Some((0, 16400)));
        assert_eq!(Segments::new(&bytes[112..]).span(), None);
        assert_eq!(Segments::new(&bytes[..55]).span(), None);
    }

    #[test]
    fn notes_outside_of_what_is_loaded_are_not_there() {
        let bytes = [
            header(LOAD, READ, 0x100, 0x100, 0x200),
            header(NOTE, READ, 0x120, 0x20, 0x20),
            header(NOTE, READ, 0x1f0, 0x20, 0x20),
            header(NOTE, READ, 0xf0, 0x20, 0x20),
            header(NOTE, READ, u64::MAX, 2, 2),
            header(LOAD, EXECUTE, 0x1000, 0x20, 0x20),
            header(NOTE, READ, 0x1000, 8, 8),
        ]
        .concat();
        let notes: Vec<u64> = Segments::new(&bytes)
            .notes()
            .map(|note| note.address)
            .collect();
        assert_eq!(notes, [0x120]);
    }

    #[test]
    fn code_is_found_by_an_address_in_it() {
        let bytes = [
            header(LOAD, READ, 0, 0x1000, 0x1000),
            header(LOAD, READ | EXECUTE, 0x1000, 0x100, 0x100),
        ]
        .concat();
        let segments = Segments::new(&bytes);
        assert_eq!(
            segments.find_code(0x1080).map(|code| code.address),
            Some(0x1000)
        );
        assert_eq!(segments.find_code(0x80), None);
        assert_eq!(segments.find_code(0x1100), None);
    }
}
