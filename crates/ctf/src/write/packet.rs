//! The bytes before a packet's first event.
//!
//! ```text
//!   0     4       20         24                  32     40   48            56           64   72         80
//!   | magic | uuid | stream_id | stream_instance_id | begin | end | content_size | packet_size | seq | discarded | context …
//!     u32    16 B    u32         u64                  u64     u64   u64 bits       u64 bits      u64   u64
//! ```
//!
//! Invariant: little-endian, no padding; what follows at byte 80 is the stream's own packet context
//! (`cpu_id` of kernel streams), then the first event's header.

use thalweg_model::{Timestamp, Uuid};

/// What each data packet begins with.
pub const PACKET_MAGIC: u32 = 0xC1FC_1FC1;

/// The fixed part of a packet's header and context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketHeader {
    /// The trace's id, as its metadata says.
    pub uuid: Uuid,
    /// The id of the stream class.
    pub stream_id: u32,
    /// Which stream of its class this is.
    pub stream_instance_id: u64,
    /// When the packet begins; the first event's time is relative to it.
    pub begin: Timestamp,
    /// When the packet ends.
    pub end: Timestamp,
    /// Header, context and events.
    pub content_bytes: u64,
    /// Content and padding.
    pub packet_bytes: u64,
    /// Packets of this stream before this one.
    pub sequence: u64,
    /// Events of this stream discarded up to the packet's end.
    pub discarded: u64,
}

impl PacketHeader {
    /// Bytes before the stream's own packet context.
    pub const LEN: usize = 80;
    /// Where `packet_size` is: naturally aligned, so that one write of it is never torn.
    pub const PACKET_SIZE_AT: usize = 56;

    /// The bytes of the fixed part.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[0..4].copy_from_slice(&PACKET_MAGIC.to_le_bytes());
        out[4..20].copy_from_slice(&self.uuid.0);
        out[20..24].copy_from_slice(&self.stream_id.to_le_bytes());
        let words = [
            self.stream_instance_id,
            self.begin.0,
            self.end.0,
            self.content_bytes.saturating_mul(8),
            self.packet_bytes.saturating_mul(8),
            self.sequence,
            self.discarded,
        ];
        for (room, word) in out[24..].chunks_exact_mut(8).zip(words) {
            room.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// The header that `bytes` begin with; `None` if they are too few, the magic number is not
    /// there, or a size is not whole bytes. No other claim is checked.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LEN] = bytes.first_chunk()?;
        let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside 80"));
        let half = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("inside 80"));
        let whole_bytes = |bits: u64| bits.is_multiple_of(8).then_some(bits / 8);
        (half(0) == PACKET_MAGIC).then_some(())?;
        Some(Self {
            uuid: Uuid(*bytes[4..].first_chunk().expect("inside 80")),
            stream_id: half(20),
            stream_instance_id: word(24),
            begin: Timestamp(word(32)),
            end: Timestamp(word(40)),
            content_bytes: whole_bytes(word(48))?,
            packet_bytes: whole_bytes(word(56))?,
            sequence: word(64),
            discarded: word(72),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> PacketHeader {
        PacketHeader {
            uuid: Uuid([0xAB; 16]),
            stream_id: 0x0102_0304,
            stream_instance_id: 0x11,
            begin: Timestamp(0x2122_2324_2526_2728),
            end: Timestamp(0x3132_3334_3536_3738),
            content_bytes: 84,
            packet_bytes: 4096,
            sequence: 0x41,
            discarded: 0x51,
        }
    }

    #[test]
    fn each_field_lies_where_lttng_puts_it() {
        let mut expected = Vec::new();
        expected.extend([0xC1, 0x1F, 0xFC, 0xC1]);
        expected.extend([0xAB; 16]);
        expected.extend([4, 3, 2, 1]);
        expected.extend([0x11, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21]);
        expected.extend([0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31]);
        expected.extend([0xA0, 0x02, 0, 0, 0, 0, 0, 0]); // 84 * 8 = 672
        expected.extend([0x00, 0x80, 0, 0, 0, 0, 0, 0]); // 4096 * 8 = 32768
        expected.extend([0x41, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([0x51, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(header().encode().as_slice(), expected);
    }

    #[test]
    fn a_header_survives_the_way_there_and_back() {
        assert_eq!(PacketHeader::decode(&header().encode()), Some(header()));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let good = header().encode();
        assert_eq!(PacketHeader::decode(&good[..79]), None);
        let mut magic = good;
        magic[0] ^= 1;
        assert_eq!(PacketHeader::decode(&magic), None);
        let mut half_byte = good;
        half_byte[PacketHeader::PACKET_SIZE_AT] |= 4;
        assert_eq!(PacketHeader::decode(&half_byte), None);
    }
}
