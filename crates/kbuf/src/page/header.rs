//! A page's header: its time, how far it is committed, and what is missing before it.

use super::{PageError, Records};
use crate::PageLayout;

/// In the commit word: records were overwritten before this page.
const MISSED_EVENTS: u64 = 1 << 31;
/// In the commit word: how many they were stands behind the last record.
const MISSED_STORED: u64 = 1 << 30;

/// Records that the kernel overwrote between the previous page and this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// None.
    #[default]
    None,
    /// So many.
    Count(u64),
    /// Some; the page had no room to say how many.
    Uncounted,
}

/// A page whose header has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The time of the first record.
    pub stamp: u64,
    /// What is missing before the first record.
    pub missed: Missed,
    /// The committed records.
    pub data: &'a [u8],
}

impl<'a> Page<'a> {
    /// Takes the bytes of a page apart.
    ///
    /// # Errors
    /// The header is cut off, or claims more than the bytes that follow it.
    pub fn parse(bytes: &'a [u8], layout: &PageLayout) -> Result<Self, PageError> {
        let (Some(header), Some(data)) = (
            bytes.get(..layout.data_offset),
            bytes.get(layout.data_offset..),
        ) else {
            return Err(PageError::NoHeader {
                len: bytes.len(),
                need: layout.data_offset,
            });
        };
        let stamp = u64_at(header, 0);
        let commit = match layout.commit_bytes {
            4 => u64::from(u32_at(header, 8)),
            _ => u64_at(header, 8),
        };
        Self::from_parts(stamp, commit, data)
    }

    /// A page from its header's two words and all bytes behind them.
    ///
    /// # Errors
    /// The commit word claims more than `data` has.
    pub fn from_parts(stamp: u64, commit: u64, data: &'a [u8]) -> Result<Self, PageError> {
        let len = committed_bytes(commit);
        match data.get(..len) {
            Some(records) => {
                let missed = missed(commit, &data[len..]);
                Ok(Self {
                    stamp,
                    missed,
                    data: records,
                })
            }
            None => Err(PageError::CommitBeyondPage {
                claimed: len,
                room: data.len(),
            }),
        }
    }

    /// The page's records from its beginning.
    pub fn records(&self) -> Records<'a> {
        Records::new(self.data, Cursor::start(self.stamp))
    }
}

/// How many bytes a commit word says are committed.
fn committed_bytes(commit: u64) -> usize {
    (commit & 0xffff_ffff & !(MISSED_EVENTS | MISSED_STORED)) as usize
}

fn missed(commit: u64, behind: &[u8]) -> Missed {
    match (commit & MISSED_EVENTS != 0, commit & MISSED_STORED != 0) {
        (false, _) => Missed::None,
        (true, true) if behind.len() >= 8 => Missed::Count(u64_at(behind, 0)),
        (true, _) => Missed::Uncounted,
    }
}

/// A place between two records of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Bytes from the first record.
    pub offset: usize,
    /// The time of the record before.
    pub clock: u64,
}

impl Cursor {
    /// The beginning of a page with this time stamp.
    pub const fn start(stamp: u64) -> Self {
        Self {
            offset: 0,
            clock: stamp,
        }
    }
}

/// The word at `at`, which the caller knows to be there.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The words at `at`, which the caller knows to be there.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(stamp: u64, commit: u64, room: usize) -> Vec<u8> {
        let mut bytes = stamp.to_le_bytes().to_vec();
        bytes.extend(commit.to_le_bytes());
        bytes.resize(16 + room, 0);
        bytes
    }

    const LAYOUT: PageLayout = PageLayout::of_64_bit(4096);

    #[test]
    fn the_commit_word_is_taken_apart() {
        let page = bytes(5, 8, 32);
        let page = Page::parse(&page, &LAYOUT).unwrap();
        assert_eq!(
            (page.stamp, page.missed, page.data.len()),
            (5, Missed::None, 8)
        );
        let page = bytes(5, 8 | MISSED_EVENTS, 32);
        assert_eq!(
            Page::parse(&page, &LAYOUT).unwrap().missed,
            Missed::Uncounted
        );
        let mut page = bytes(5, 8 | MISSED_EVENTS | MISSED_STORED, 32);
        page[24] = 99;
        assert_eq!(
            Page::parse(&page, &LAYOUT).unwrap().missed,
            Missed::Count(99)
        );
    }

    #[test]
    fn a_lost_count_without_room_is_uncounted() {
        let page = bytes(5, 28 | MISSED_EVENTS | MISSED_STORED, 32);
        assert_eq!(
            Page::parse(&page, &LAYOUT).unwrap().missed,
            Missed::Uncounted
        );
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused() {
        let page = bytes(5, 33, 32);
        assert_eq!(
            Page::parse(&page, &LAYOUT),
            Err(PageError::CommitBeyondPage {
                claimed: 33,
                room: 32
            })
        );
        assert_eq!(
            Page::parse(&page[..15], &LAYOUT),
            Err(PageError::NoHeader { len: 15, need: 16 })
        );
    }
}
