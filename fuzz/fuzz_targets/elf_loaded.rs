//! An object's file, and the same bytes as its program headers and as its notes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_helper::elf::{self, HEADER_LEN, Segments};

fuzz_target!(|bytes: &[u8]| {
    let mut reads = 0;
    let mut read = |at: u64, buffer: &mut [u8]| {
        reads += 1;
        let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
        let from = from.and_then(|from| from.get(..buffer.len()));
        from.is_some_and(|from| {
            buffer.copy_from_slice(from);
            true
        })
    };
    if let Some(link) = elf::debug_link(&mut read) {
        assert!((1..256).contains(&link.name().len()) && !link.name().contains(&0));
    }
    assert!(reads < 1100, "{reads} reads for one file");
    if let Some(header) = bytes.first_chunk::<HEADER_LEN>()
        && let Some((at, count)) = elf::program_headers(header, bytes.len())
    {
        let segments = Segments::new(&bytes[at..at + count * elf::SEGMENT_LEN]);
        look(segments, bytes);
    }
    look(Segments::new(bytes), bytes);
    for alignment in [4, 8] {
        if let Some(id) = elf::build_id(bytes, alignment) {
            assert!((1..=64).contains(&id.len()));
        }
    }
});

/// What the helper does with the segments of an object that lies where the bytes do.
fn look(segments: Segments<'_>, bytes: &[u8]) {
    let Some((begin, end)) = segments.span() else {
        assert_eq!(segments.notes().count(), 0, "nothing loaded, and notes");
        return;
    };
    assert!(begin <= end);
    for note in segments.notes() {
        assert!(note.address >= begin && note.address + note.len <= end);
        let at = usize::try_from(note.address).ok();
        let len = usize::try_from(note.len).ok();
        let notes = at
            .zip(len)
            .and_then(|(at, len)| bytes.get(at..)?.get(..len));
        if let Some(id) = notes.and_then(|notes| elf::build_id(notes, note.alignment)) {
            assert!((1..=64).contains(&id.len()));
        }
    }
    if let Some(code) = segments.find_code(begin) {
        assert!(code.file_len() <= code.len);
    }
}
