//! What a program writes of a control group that has been made.
//!
//! ```text
//!   0      4     8      16   24
//!   | kind | tid | time | id | path: 256 |
//! ```

/// A control group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRecord<'b> {
    /// Its number.
    pub id: u64,
    /// Its path, cut if it is longer than there is room.
    pub path: &'b [u8],
}

#[allow(missing_docs, reason = "the picture above says it")]
impl GroupRecord<'_> {
    /// What tells it from records of threads.
    pub const KIND: i32 = 7;
    pub const ID: i16 = 16;
    pub const PATH: i16 = 24;
    pub const PATH_BYTES: i16 = 256;
    pub const BYTES: i16 = Self::PATH + Self::PATH_BYTES;
}

impl<'b> GroupRecord<'b> {
    /// Reads a record; `None` if it is none.
    pub fn parse(bytes: &'b [u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<{ GroupRecord::BYTES as usize }>()?;
        let (kind, _) = bytes.split_first_chunk()?;
        let id = bytes[Self::ID as usize..].first_chunk()?;
        let path = &bytes[Self::PATH as usize..];
        let end = path.iter().position(|&byte| byte == 0)?;
        (i32::from_ne_bytes(*kind) == Self::KIND).then_some(Self {
            id: u64::from_ne_bytes(*id),
            path: &path[..end],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_number_and_a_path() {
        let mut bytes = [0; GroupRecord::BYTES as usize];
        (bytes[0], bytes[16]) = (7, 42);
        bytes[24..27].copy_from_slice(b"/ab");
        let found = GroupRecord::parse(&bytes).unwrap();
        assert_eq!((found.id, found.path), (42, &b"/ab"[..]));
        assert_eq!(GroupRecord::parse(&bytes[1..]), None);
        bytes[0] = 6;
        assert_eq!(GroupRecord::parse(&bytes), None);
    }
}
