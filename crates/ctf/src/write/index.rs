//! The index beside a stream: where each packet lies, so that a reader need not scan.
//!
//! ```text
//!   0       4       8       12          16
//!   | magic | major | minor | entry_len | entry | entry | …
//!
//!   entry: offset · packet_size · content_size · begin · end · discarded · stream_id · instance · sequence
//! ```
//!
//! Invariant: big-endian whatever the machine; sizes in bits, the offset in bytes; entries in the
//! stream's order without a gap.

use super::PacketHeader;

/// Bytes of one entry.
pub const INDEX_ENTRY_LEN: usize = 72;

/// What an index file of version 1.1 begins with.
pub const INDEX_HEADER: [u8; 16] = [
    0xC1,
    0xF1,
    0xDC,
    0xC1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    INDEX_ENTRY_LEN as u8,
];

/// One packet's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Where the packet begins in its file.
    pub offset_bytes: u64,
    /// What its header says.
    pub packet: PacketHeader,
}

impl IndexEntry {
    /// The entry's bytes.
    pub fn encode(&self) -> [u8; INDEX_ENTRY_LEN] {
        let packet = &self.packet;
        let words = [
            self.offset_bytes,
            packet.packet_bytes.saturating_mul(8),
            packet.content_bytes.saturating_mul(8),
            packet.begin.0,
            packet.end.0,
            packet.discarded,
            u64::from(packet.stream_id),
            packet.stream_instance_id,
            packet.sequence,
        ];
        let mut out = [0; INDEX_ENTRY_LEN];
        for (room, word) in out.chunks_exact_mut(8).zip(words) {
            room.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_model::{Timestamp, Uuid};

    #[test]
    fn the_header_says_version_1_1_and_72_bytes() {
        assert_eq!(
            INDEX_HEADER,
            [0xC1, 0xF1, 0xDC, 0xC1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 72]
        );
    }

    #[test]
    fn an_entry_is_nine_big_endian_words() {
        let packet = PacketHeader {
            uuid: Uuid([0; 16]),
            stream_id: 7,
            stream_instance_id: 8,
            begin: Timestamp(4),
            end: Timestamp(5),
            content_bytes: 0x60,
            packet_bytes: 0x2000,
            sequence: 9,
            discarded: 6,
        };
        let words = [0x1000_u64, 0x1_0000, 0x300, 4, 5, 6, 7, 8, 9];
        let expected: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        assert_eq!(
            IndexEntry {
                offset_bytes: 0x1000,
                packet
            }
            .encode()
            .as_slice(),
            expected
        );
    }
}
