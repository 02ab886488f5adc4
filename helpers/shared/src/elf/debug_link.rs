//! The name of the file with an object's debug information: a section that is not loaded.

use super::header::{HEADER_LEN, Header, u32_at, u64_at};

const SECTION_LEN: usize = 64;
const NAME: &[u8; 15] = b".gnu_debuglink\0";
const BYTES: u32 = 1;
const IS_LOADED: u64 = 2;

/// More sections than this are not looked at: each costs a read.
const MOST_SECTIONS: u16 = 1024;
/// A file's name, its end, padding, and the checksum.
const LONGEST: usize = 255 + 4 + 4;

/// Where the debug information is.
#[derive(Clone, Copy, Debug)]
pub struct DebugLink {
    bytes: [u8; LONGEST],
    name_len: usize,
    /// The checksum of that file.
    pub crc: u32,
}

impl DebugLink {
    /// The name of that file.
    pub fn name(&self) -> &[u8] {
        &self.bytes[..self.name_len]
    }

    fn parse(bytes: [u8; LONGEST], len: usize) -> Option<Self> {
        let name_len = bytes[..len].iter().position(|&byte| byte == 0)?;
        let at = (name_len + 1).next_multiple_of(4);
        (name_len > 0 && at + 4 <= len).then(|| Self {
            bytes,
            name_len,
            crc: u32_at(&bytes, at),
        })
    }
}

/// The debug link of an object's file. `read` fills a buffer from an offset, or says that it
/// cannot.
pub fn debug_link(read: &mut impl FnMut(u64, &mut [u8]) -> bool) -> Option<DebugLink> {
    let mut header = [0; HEADER_LEN];
    read(0, &mut header).then_some(())?;
    let (offset, entry, count, names) = Header::new(&header)?.section_headers();
    if usize::from(entry) != SECTION_LEN || names >= count {
        return None;
    }
    let mut section = |index: u16| {
        let mut bytes = [0; SECTION_LEN];
        let at = offset.checked_add(u64::from(index) * SECTION_LEN as u64)?;
        read(at, &mut bytes).then(|| Section::new(&bytes))
    };
    let names = section(names)?;
    let mut candidates = (0..count.min(MOST_SECTIONS))
        .filter_map(|index| section(index).filter(Section::may_be_a_link));
    // Few sections of that kind and length are in a file: one or two.
    let candidates: [Option<Section>; 8] = core::array::from_fn(|_| candidates.next());
    let link = candidates
        .into_iter()
        .flatten()
        .find(|section| section.is_named(&names, read))?;
    let mut bytes = [0; LONGEST];
    let len = usize::try_from(link.len).ok()?;
    read(link.offset, bytes.get_mut(..len)?).then_some(())?;
    DebugLink::parse(bytes, len)
}

/// What counts of a section's header.
#[derive(Clone, Copy)]
struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    offset: u64,
    len: u64,
}

impl Section {
    fn new(bytes: &[u8; SECTION_LEN]) -> Self {
        Self {
            name: u32_at(bytes, 0),
            kind: u32_at(bytes, 4),
            flags: u64_at(bytes, 8),
            offset: u64_at(bytes, 0x18),
            len: u64_at(bytes, 0x20),
        }
    }

    fn may_be_a_link(&self) -> bool {
        self.kind == BYTES
            && self.flags & IS_LOADED == 0
            && (8..=LONGEST as u64).contains(&self.len)
    }

    fn is_named(&self, names: &Self, read: &mut impl FnMut(u64, &mut [u8]) -> bool) -> bool {
        let mut name = [0; NAME.len()];
        let end = u64::from(self.name) + NAME.len() as u64;
        let at = names.offset.checked_add(u64::from(self.name));
        end <= names.len && at.is_some_and(|at| read(at, &mut name)) && name == *NAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(bytes: &[u8]) -> Option<(String, u32)> {
        let mut read = |at: u64, buffer: &mut [u8]| {
            let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
            let from = from.and_then(|from| from.get(..buffer.len()));
            from.is_some_and(|from| {
                buffer.copy_from_slice(from);
                true
            })
        };
        let link = debug_link(&mut read)?;
        let name = String::from_utf8(link.name().to_vec()).expect("it is text");
        Some((name, link.crc))
    }

    /// A file of three sections: none, the names, and a link with this body.
    fn file(name: &[u8], body: &[u8]) -> Vec<u8> {
        let mut out = vec![0; HEADER_LEN];
        out[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        out[0x28] = HEADER_LEN as u8;
        out[0x3a..0x40].copy_from_slice(&[SECTION_LEN as u8, 0, 3, 0, 1, 0]);
        let names_at = HEADER_LEN + 3 * SECTION_LEN;
        out.resize(names_at, 0);
        let mut section = |index: usize, kind: u8, at: usize, len: usize| {
            let header = &mut out[HEADER_LEN + index * SECTION_LEN..][..SECTION_LEN];
            header[0] = 1;
            header[4] = kind;
            header[0x18..0x20].copy_from_slice(&(at as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(len as u64).to_le_bytes());
        };
        section(1, 3, names_at, 1 + name.len());
        section(2, 1, names_at + 1 + name.len(), body.len());
        out.push(0);
        out.extend(name);
        out.extend(body);
        out
    }

    #[test]
    fn a_link_is_found_with_its_checksum() {
        let bytes = file(NAME, b"plug.debug\0\0\x53\x56\xf7\x65");
        assert_eq!(find(&bytes), Some(("plug.debug".to_owned(), 0x65f7_5653)));
    }

    #[test]
    fn what_is_no_link_is_not_found() {
        assert_eq!(
            find(&file(b".gnu_debugling\0", b"plug.debug\0\0abcd")),
            None
        );
        assert_eq!(find(&file(NAME, b"plug.debug_and_no_end")), None);
        assert_eq!(find(&file(NAME, b"plug.debug\0\0abc")), None);
        assert_eq!(find(&file(NAME, b"\0\0\0\0abcd")), None);
        assert_eq!(find(b"\x7fELF"), None);
    }

    #[test]
    fn a_file_that_was_cut_anywhere_has_no_link() {
        let bytes = file(NAME, b"plug.debug\0\0abcd");
        for len in 0..bytes.len() {
            assert_eq!(find(&bytes[..len]), None, "{len} bytes");
        }
    }
}
