//! What a debugger needs to know of an ELF file: how large it is in memory, whether it can lie
//! anywhere, its build id, its debug link.
//!
//! ```text
//!   | header | program headers … | notes: build id | … | section headers … | .gnu_debuglink |
//! ```
//!
//! Invariant: no size or offset in the file is believed. What lies outside is not there, and no more
//! is read than the limits here say. Little-endian files of both word sizes.

/// The most program headers that are looked at, and the most sections.
const MAX_SEGMENTS: usize = 256;
const MAX_SECTIONS: usize = 4096;
/// The longest header of a segment or a section.
const MAX_ENTRY: usize = 256;
/// The most bytes of notes of one segment.
const MAX_NOTES: usize = 64 << 10;
/// The longest build id and the longest debug link.
const MAX_BUILD_ID: usize = 256;
const MAX_LINK: usize = 1024;

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const NT_GNU_BUILD_ID: u32 = 3;
const LINK_SECTION: &[u8; 15] = b".gnu_debuglink\0";

/// Something that can be read from any place.
pub trait ReadAt {
    /// Fills `out` with the bytes from `at` on; `None` if there are not as many.
    fn read_at(&self, at: u64, out: &mut [u8]) -> Option<()>;
}

impl ReadAt for [u8] {
    fn read_at(&self, at: u64, out: &mut [u8]) -> Option<()> {
        let begin = usize::try_from(at).ok()?;
        out.copy_from_slice(self.get(begin..begin.checked_add(out.len())?)?);
        Some(())
    }
}

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElfFile {
    /// From the lowest address of its segments to the highest.
    pub memory_bytes: u64,
    /// Whether it can lie anywhere in memory.
    pub is_pic: bool,
    /// Its build id.
    pub build_id: Option<Vec<u8>>,
    /// Where its debug information is.
    pub debug_link: Option<DebugLink>,
}

/// The name of the file with the debug information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugLink {
    /// The name, without a folder.
    pub filename: Vec<u8>,
    /// The checksum of that file.
    pub crc: u32,
}

/// Where the fields are: files of 64 bits and of 32 bits have them at other places.
struct Form {
    is_wide: bool,
    /// In the header: tables of segments and sections, and where their sizes begin.
    segments_at: usize,
    sections_at: usize,
    counts_at: usize,
    /// In a segment's header: length, and where its fields are.
    segment_len: usize,
    p_offset: usize,
    p_address: usize,
    p_file_size: usize,
    p_memory_size: usize,
    p_align: usize,
    /// In a section's header.
    section_len: usize,
    s_offset: usize,
    s_size: usize,
}

const WIDE: Form = Form {
    is_wide: true,
    segments_at: 32,
    sections_at: 40,
    counts_at: 54,
    segment_len: 56,
    p_offset: 8,
    p_address: 16,
    p_file_size: 32,
    p_memory_size: 40,
    p_align: 48,
    section_len: 64,
    s_offset: 24,
    s_size: 32,
};

const NARROW: Form = Form {
    is_wide: false,
    segments_at: 28,
    sections_at: 32,
    counts_at: 42,
    segment_len: 32,
    p_offset: 4,
    p_address: 8,
    p_file_size: 16,
    p_memory_size: 20,
    p_align: 28,
    section_len: 40,
    s_offset: 16,
    s_size: 20,
};

impl Form {
    /// An address or a size.
    fn word(&self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is_wide {
            bytes
                .get(at..)?
                .first_chunk()
                .copied()
                .map(u64::from_le_bytes)
        } else {
            u32_at(bytes, at).map(u64::from)
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let chunk = bytes.get(at..)?.first_chunk();
    chunk.copied().map(u32::from_le_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let chunk = bytes.get(at..)?.first_chunk();
    chunk.copied().map(u16::from_le_bytes)
}

/// Looks at a file; `None` if it is no ELF file that could be mapped.
pub fn examine(file: &(impl ReadAt + ?Sized)) -> Option<ElfFile> {
    let mut header = [0; 64];
    // The shorter header of a small file of 32 bits must do.
    file.read_at(0, &mut header)
        .or_else(|| file.read_at(0, &mut header[..52]))?;
    let form = match header {
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => &WIDE,
        [0x7f, b'E', b'L', b'F', 1, 1, ..] => &NARROW,
        _ => return None,
    };
    let kind = u16_at(&header, 16)?;
    if kind != ET_EXEC && kind != ET_DYN {
        return None;
    }
    let segments = table(
        file,
        form.word(&header, form.segments_at)?,
        u16_at(&header, form.counts_at)?.into(),
        u16_at(&header, form.counts_at + 2)?.into(),
        (form.segment_len, MAX_SEGMENTS),
    )?;
    let segments: Vec<Segment> = segments
        .iter()
        .filter_map(|entry| Segment::parse(form, entry))
        .collect();
    Some(ElfFile {
        memory_bytes: memory_bytes(&segments)?,
        is_pic: kind == ET_DYN,
        build_id: build_id(file, &segments),
        debug_link: debug_link(file, form, &header),
    })
}

/// The entries of a table, as long as each says; `limits` are the least length and the most entries.
fn table(
    file: &(impl ReadAt + ?Sized),
    at: u64,
    entry_len: usize,
    count: usize,
    limits: (usize, usize),
) -> Option<Vec<Vec<u8>>> {
    let (least, most) = limits;
    if !(least..=MAX_ENTRY).contains(&entry_len) {
        return None;
    }
    let entries = (0..count.min(most)).map_while(|index| {
        let mut entry = vec![0; entry_len];
        let at = at.checked_add((index * entry_len) as u64)?;
        file.read_at(at, &mut entry).map(|()| entry)
    });
    Some(entries.collect())
}

/// A segment's header.
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

impl Segment {
    fn parse(form: &Form, entry: &[u8]) -> Option<Self> {
        Some(Self {
            kind: u32_at(entry, 0)?,
            offset: form.word(entry, form.p_offset)?,
            address: form.word(entry, form.p_address)?,
            file_size: form.word(entry, form.p_file_size)?,
            memory_size: form.word(entry, form.p_memory_size)?,
            align: form.word(entry, form.p_align)?,
        })
    }
}

/// From the lowest address to the highest; `None` if nothing is mapped.
fn memory_bytes(segments: &[Segment]) -> Option<u64> {
    let loads = || segments.iter().filter(|segment| segment.kind == PT_LOAD);
    let low = loads().map(|segment| segment.address).min()?;
    let high = loads().map(|segment| segment.address.saturating_add(segment.memory_size));
    Some(high.max()? - low)
}

fn build_id(file: &(impl ReadAt + ?Sized), segments: &[Segment]) -> Option<Vec<u8>> {
    let notes = segments.iter().filter(|segment| segment.kind == PT_NOTE);
    notes
        .filter_map(|segment| {
            let len = usize::try_from(segment.file_size).ok()?.min(MAX_NOTES);
            let mut bytes = vec![0; len];
            file.read_at(segment.offset, &mut bytes)?;
            build_id_in(&bytes, if segment.align == 8 { 8 } else { 4 })
        })
        .next()
}

/// The build id among the notes that the kernel shows of itself and of its modules.
pub(crate) fn build_id_in_notes(notes: &[u8]) -> Option<Vec<u8>> {
    build_id_in(notes, 4)
}

/// The build id among notes: each is three words, a name and a description, padded to `align`.
fn build_id_in(mut notes: &[u8], align: usize) -> Option<Vec<u8>> {
    loop {
        let name_len = usize::try_from(u32_at(notes, 0)?).ok()?;
        let text_len = usize::try_from(u32_at(notes, 4)?).ok()?;
        let kind = u32_at(notes, 8)?;
        let text_at = 12_usize
            .checked_add(name_len)?
            .checked_next_multiple_of(align)?;
        let end = text_at.checked_add(text_len)?;
        let name = notes.get(12..12 + name_len)?;
        let text = notes.get(text_at..end)?;
        if name == b"GNU\0" && kind == NT_GNU_BUILD_ID && text.len() <= MAX_BUILD_ID {
            return Some(text.to_vec()).filter(|id| !id.is_empty());
        }
        notes = notes.get(end.checked_next_multiple_of(align)?..)?;
    }
}

/// A section's header: where its name, and where its bytes are.
struct Section {
    name: u32,
    offset: u64,
    size: u64,
}

impl Section {
    fn parse(form: &Form, entry: &[u8]) -> Option<Self> {
        Some(Self {
            name: u32_at(entry, 0)?,
            offset: form.word(entry, form.s_offset)?,
            size: form.word(entry, form.s_size)?,
        })
    }
}

fn debug_link(file: &(impl ReadAt + ?Sized), form: &Form, header: &[u8]) -> Option<DebugLink> {
    let sections = table(
        file,
        form.word(header, form.sections_at)?,
        u16_at(header, form.counts_at + 4)?.into(),
        u16_at(header, form.counts_at + 6)?.into(),
        (form.section_len, MAX_SECTIONS),
    )?;
    let names = sections.get(usize::from(u16_at(header, form.counts_at + 8)?))?;
    let names = Section::parse(form, names)?;
    let is_link = |section: &Section| {
        let mut name = [0; LINK_SECTION.len()];
        let at = names.offset.checked_add(section.name.into());
        let read = at.and_then(|at| file.read_at(at, &mut name));
        read.is_some() && name == *LINK_SECTION
    };
    let found = sections
        .iter()
        .filter_map(|entry| Section::parse(form, entry))
        .find(is_link)?;
    let mut bytes = vec![0; usize::try_from(found.size).ok()?.min(MAX_LINK)];
    file.read_at(found.offset, &mut bytes)?;
    link_in(&bytes)
}

/// A name, a NUL, zeros up to a word, and the checksum.
fn link_in(bytes: &[u8]) -> Option<DebugLink> {
    let len = bytes.iter().position(|&byte| byte == 0)?;
    let crc = u32_at(bytes, (len + 1).next_multiple_of(4))?;
    let filename = bytes[..len].to_vec();
    Some(DebugLink { filename, crc }).filter(|link| !link.filename.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 64 bits with one segment in memory, one of notes, and a debug link.
    fn small() -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(16, &ET_DYN.to_le_bytes());
        put(32, &64_u64.to_le_bytes());
        put(40, &264_u64.to_le_bytes());
        for (at, count) in [(54, 56_u16), (56, 2), (58, 64), (60, 2), (62, 1)] {
            put(at, &count.to_le_bytes());
        }
        let segment = |kind: u32, offset: u64, address: u64, size: u64| {
            let words = [offset, address, 0, size, size, 4];
            let head = u64::from(kind).to_le_bytes();
            [head]
                .into_iter()
                .chain(words.map(u64::to_le_bytes))
                .flatten()
                .collect::<Vec<u8>>()
        };
        file.extend(segment(PT_LOAD, 0, 0x40_0000, 0x1234));
        file.extend(segment(PT_NOTE, 176, 0, 20));
        file.extend([4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0]);
        file.extend(b"GNU\0\xde\xad\xbe\xef");
        file.resize(200, 0);
        file.extend(b"x.debug\0\x01\x02\x03\x04");
        file.extend(LINK_SECTION);
        file.resize(264, 0);
        let section = |name: u32, offset: u64, size: u64| {
            let mut entry = vec![0; 64];
            entry[..4].copy_from_slice(&name.to_le_bytes());
            entry[24..32].copy_from_slice(&offset.to_le_bytes());
            entry[32..40].copy_from_slice(&size.to_le_bytes());
            entry
        };
        file.extend(section(0, 200, 12));
        file.extend(section(15, 212, 16));
        file
    }

    #[test]
    fn size_build_id_and_debug_link_are_found() {
        let expected = ElfFile {
            memory_bytes: 0x1234,
            is_pic: true,
            build_id: Some(vec![0xde, 0xad, 0xbe, 0xef]),
            debug_link: Some(DebugLink {
                filename: b"x.debug".to_vec(),
                crc: 0x0403_0201,
            }),
        };
        assert_eq!(examine(&small()[..]), Some(expected));
    }

    #[test]
    fn every_cut_of_a_file_is_read_without_harm() {
        let whole = small();
        for len in 0..whole.len() {
            let found = examine(&whole[..len]);
            assert_eq!(
                found.is_some(),
                len >= 120,
                "{len}: the first segment is there"
            );
            let link = found.and_then(|found| found.debug_link);
            assert_eq!(link, None, "{len}");
        }
    }

    #[test]
    fn sizes_that_lie_are_not_believed() {
        let mut file = small();
        for at in 0..file.len() {
            for byte in [0, 0x7f, 0x80, 0xff] {
                let before = std::mem::replace(&mut file[at], byte);
                examine(&file[..]);
                file[at] = before;
            }
        }
        let endless = 0xffff_ffff_u32.to_le_bytes();
        let notes = [&endless[..], &endless, &3_u32.to_le_bytes()].concat();
        assert_eq!(build_id_in(&notes, 4), None);
        assert_eq!(
            build_id_in(&[0; 4096], 8),
            None,
            "empty notes come to an end"
        );
        assert_eq!(link_in(b"abc"), None);
        assert_eq!(link_in(b"\0\0\0\0\x01\x02\x03\x04"), None);
        assert_eq!(link_in(b"abc\0\x01"), None);
    }

    #[test]
    fn what_is_no_executable_is_nothing() {
        let mut object = small();
        object[16] = 1;
        assert_eq!(examine(&object[..]), None);
        assert_eq!(examine(&b"#!/bin/sh\n"[..]), None);
        assert_eq!(examine(&[0; 100][..]), None);
    }

    #[test]
    fn a_file_that_cannot_be_moved_is_not_pic() {
        let mut file = small();
        file[16] = 2;
        assert_eq!(examine(&file[..]).map(|found| found.is_pic), Some(false));
    }
}
