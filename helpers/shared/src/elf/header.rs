//! The first bytes of an object, 64-bit and little-endian.

/// Bytes of the header.
pub const HEADER_LEN: usize = 64;

const IDENTITY: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];

/// A header's tables.
pub(super) struct Header<'b>(&'b [u8; HEADER_LEN]);

impl<'b> Header<'b> {
    /// The header, if it is one of our kind.
    pub(super) fn new(bytes: &'b [u8; HEADER_LEN]) -> Option<Self> {
        bytes.starts_with(&IDENTITY).then_some(Self(bytes))
    }

    fn u16_at(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    /// Offset, bytes of an entry, number of entries of the program headers.
    fn program_headers(&self) -> (u64, u16, u16) {
        (u64_at(self.0, 0x20), self.u16_at(0x36), self.u16_at(0x38))
    }

    /// The same of the section headers, and which one has their names.
    pub(super) fn section_headers(&self) -> (u64, u16, u16, u16) {
        let entry = (self.u16_at(0x3a), self.u16_at(0x3c));
        (u64_at(self.0, 0x28), entry.0, entry.1, self.u16_at(0x3e))
    }
}

/// The number at a place of bytes that reach that far.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// The same, of half the size.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Where the program headers of an object lie within its first `limit` bytes, and how many they
/// are.
pub fn program_headers(header: &[u8; HEADER_LEN], limit: usize) -> Option<(usize, usize)> {
    let (offset, entry, count) = Header::new(header)?.program_headers();
    let offset = usize::try_from(offset).ok()?;
    let len = usize::from(count) * super::SEGMENT_LEN;
    let end = offset.checked_add(len)?;
    let fits = usize::from(entry) == super::SEGMENT_LEN && end <= limit && offset >= HEADER_LEN;
    fits.then_some((offset, usize::from(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(offset: u64, entry: u16, count: u16) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..6].copy_from_slice(&IDENTITY);
        bytes[0x20..0x28].copy_from_slice(&offset.to_le_bytes());
        bytes[0x36..0x38].copy_from_slice(&entry.to_le_bytes());
        bytes[0x38..0x3a].copy_from_slice(&count.to_le_bytes());
        bytes
    }

    #[test]
    fn program_headers_within_the_limit_are_found() {
        assert_eq!(program_headers(&header(64, 56, 9), 4096), Some((64, 9)));
    }

    #[test]
    fn claims_that_do_not_fit_are_refused() {
        assert_eq!(program_headers(&header(4000, 56, 9), 4096), None);
        assert_eq!(program_headers(&header(u64::MAX, 56, 9), 4096), None);
        assert_eq!(program_headers(&header(64, 32, 9), 4096), None);
        assert_eq!(program_headers(&header(8, 56, 9), 4096), None);
        assert_eq!(program_headers(&[0; HEADER_LEN], 4096), None);
    }
}
