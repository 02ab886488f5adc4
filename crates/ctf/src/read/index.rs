//! The index beside a stream: what its packets say of themselves, without the packets.
//!
//! Invariant: an index that is taken describes packets that follow each other without a gap from the
//! file's first byte on, and whose times never go back. Whether those are the packets of the file is
//! for its reader to see.

use thalweg_model::Timestamp;

const MAGIC: u32 = 0xC1F1_DCC1;
const HEADER_BYTES: usize = 16;
/// Bytes of an entry of version 1.0: that of 1.1 has two words more.
const LEAST_ENTRY_BYTES: usize = 56;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Where it begins in its file.
    pub offset_bytes: u64,
    /// Its size with padding.
    pub packet_bits: u64,
    /// When it began.
    pub begin: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// How many events its stream had lost up to its end.
    pub events_discarded: u64,
    /// Its number in its stream, from version 1.1 on.
    pub sequence: Option<u64>,
}

impl IndexEntry {
    /// Where the next packet begins.
    pub fn end_bytes(&self) -> u64 {
        self.offset_bytes.saturating_add(self.packet_bits / 8)
    }
}

/// Why an index is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum IndexError {
    #[error("it does not begin as an index does")]
    Magic,
    #[error("version {major}.{minor} with entries of {entry_bytes} bytes is not known")]
    Version {
        major: u32,
        minor: u32,
        entry_bytes: u32,
    },
    #[error("its last entry is cut short")]
    Cut,
    #[error("packet {packet} does not begin where the one before ends")]
    Gap { packet: usize },
    #[error("packet {packet} ends before it begins, or before the one before")]
    Time { packet: usize },
}

/// The entries of an index file.
pub fn parse_index(bytes: &[u8]) -> Result<Vec<IndexEntry>, IndexError> {
    let (header, entries) = bytes
        .split_at_checked(HEADER_BYTES)
        .ok_or(IndexError::Magic)?;
    let word = |at: usize| u64_at(header, at, 4) as u32;
    if word(0) != MAGIC {
        return Err(IndexError::Magic);
    }
    let (major, minor, entry_bytes) = (word(4), word(8), word(12));
    let is_known = major == 1 && (LEAST_ENTRY_BYTES..=4096).contains(&(entry_bytes as usize));
    if !is_known || !entry_bytes.is_multiple_of(8) {
        return Err(IndexError::Version {
            major,
            minor,
            entry_bytes,
        });
    }
    let entries = entries.chunks(entry_bytes as usize);
    if entries
        .clone()
        .any(|entry| entry.len() < entry_bytes as usize)
    {
        return Err(IndexError::Cut);
    }
    let entries: Vec<_> = entries.map(entry).collect();
    check(&entries)?;
    Ok(entries)
}

fn entry(bytes: &[u8]) -> IndexEntry {
    let word = |index: usize| u64_at(bytes, index * 8, 8);
    IndexEntry {
        offset_bytes: word(0),
        packet_bits: word(1),
        begin: Timestamp(word(3)),
        end: Timestamp(word(4)),
        events_discarded: word(5),
        sequence: (bytes.len() > LEAST_ENTRY_BYTES + 8).then(|| word(8)),
    }
}

fn check(entries: &[IndexEntry]) -> Result<(), IndexError> {
    let (mut offset_bytes, mut end) = (0, Timestamp(0));
    for (packet, entry) in entries.iter().enumerate() {
        let is_whole = entry.packet_bits > 0 && entry.packet_bits.is_multiple_of(8);
        if entry.offset_bytes != offset_bytes || !is_whole {
            return Err(IndexError::Gap { packet });
        }
        if entry.end < entry.begin || entry.end < end {
            return Err(IndexError::Time { packet });
        }
        (offset_bytes, end) = (entry.end_bytes(), entry.end);
    }
    Ok(())
}

/// A big-endian number of at most eight bytes.
fn u64_at(bytes: &[u8], at: usize, length: usize) -> u64 {
    let field = bytes.get(at..at + length).unwrap_or_default();
    field
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_model::Uuid;

    use crate::write::{INDEX_HEADER, IndexEntry as Written, PacketHeader};

    fn written(offset_bytes: u64, begin: u64, end: u64) -> [u8; 72] {
        let packet = PacketHeader {
            uuid: Uuid([0; 16]),
            stream_id: 3,
            stream_instance_id: 4,
            begin: Timestamp(begin),
            end: Timestamp(end),
            content_bytes: 90,
            packet_bytes: 4096,
            sequence: 7,
            discarded: 5,
        };
        Written {
            offset_bytes,
            packet,
        }
        .encode()
    }

    fn index(entries: &[[u8; 72]]) -> Vec<u8> {
        [&INDEX_HEADER[..], &entries.concat()].concat()
    }

    #[test]
    fn what_we_write_is_read_back() {
        let entries = parse_index(&index(&[written(0, 10, 20), written(4096, 20, 30)])).unwrap();
        let expected = IndexEntry {
            offset_bytes: 4096,
            packet_bits: 4096 * 8,
            begin: Timestamp(20),
            end: Timestamp(30),
            events_discarded: 5,
            sequence: Some(7),
        };
        assert_eq!((entries.len(), entries[1]), (2, expected));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |entries: &[[u8; 72]]| parse_index(&index(entries)).unwrap_err();
        let gap = IndexError::Gap { packet: 1 };
        assert_eq!(refused(&[written(0, 1, 2), written(4097, 2, 3)]), gap);
        assert_eq!(refused(&[written(1, 1, 2)]), IndexError::Gap { packet: 0 });
        let time = IndexError::Time { packet: 1 };
        assert_eq!(refused(&[written(0, 1, 5), written(4096, 2, 4)]), time);
        assert_eq!(parse_index(b"short"), Err(IndexError::Magic));
        assert_eq!(parse_index(&[0; 16]), Err(IndexError::Magic));
        let whole = index(&[written(0, 1, 2)]);
        assert_eq!(parse_index(&whole[..60]), Err(IndexError::Cut));
        let mut later = whole;
        later[7] = 2;
        let (major, minor, entry_bytes) = (2, 1, 72);
        let version = IndexError::Version {
            major,
            minor,
            entry_bytes,
        };
        assert_eq!(parse_index(&later), Err(version));
    }
}
