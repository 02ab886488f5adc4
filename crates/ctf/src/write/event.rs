//! The bytes before an event's context and payload.
//!
//! ```text
//!   compact            0      4                  large              0    2            6
//!                      | id:5 · time:27 |                           | id | time (low 32) |
//!   compact, extended  0    1    5      13       large, extended    0       2    6      14
//!                      | 31 | id | time |                           | 65535 | id | time |
//! ```
//!
//! Invariant: the short form only when the id has room in it and fewer than 2^27 cycles have passed
//! since the stream's previous time; a reader then restores the full time without doubt. LTTng
//! takes 27 bits as the limit of both forms, and so do we.

use thalweg_model::Timestamp;

/// From this many cycles on, a time needs its full 64 bits.
const WRAP_CYCLES: u64 = 1 << 27;

/// Which of LTTng's two event headers a stream class has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventHeader {
    /// 4 bytes: 5 bits of id, 27 bits of time.
    Compact,
    /// 6 bytes: 16 bits of id, 32 bits of time.
    Large,
}

impl EventHeader {
    /// The first id that does not fit the short form.
    pub const fn escape_id(self) -> u32 {
        match self {
            Self::Compact => 31,
            Self::Large => 65535,
        }
    }

    /// The most bytes that a header takes.
    pub const fn max_len(self) -> usize {
        match self {
            Self::Compact => 13,
            Self::Large => 14,
        }
    }

    /// Whether an event needs the long form: `previous` is the time of the event before it in the
    /// packet, or the packet's begin. A time that goes back needs it too.
    pub const fn is_extended(self, id: u32, at: Timestamp, previous: Timestamp) -> bool {
        id >= self.escape_id() || at.0.wrapping_sub(previous.0) >= WRAP_CYCLES
    }

    /// Puts the header of the event `id` at `at`, in the shortest form that is exact, in front of
    /// `to`; how many bytes it has. What is behind them may be overwritten.
    #[inline]
    pub fn put(
        self,
        (id, at): (u32, Timestamp),
        previous: Timestamp,
        to: &mut [u8; HEADER_ROOM],
    ) -> usize {
        if self.is_extended(id, at, previous) {
            self.put_extended(id, at, to)
        } else {
            self.put_short(id, at, to)
        }
    }

    /// Appends the header of the event `id` at `at`, in the shortest form that is exact.
    pub fn encode(self, id: u32, at: Timestamp, previous: Timestamp, out: &mut Vec<u8>) {
        let mut bytes = [0; HEADER_ROOM];
        let len = self.put((id, at), previous, &mut bytes);
        out.extend_from_slice(&bytes[..len]);
    }

    /// Appends the long form, whatever the gap.
    pub fn encode_extended(self, id: u32, at: Timestamp, out: &mut Vec<u8>) {
        let mut bytes = [0; HEADER_ROOM];
        let len = self.put_extended(id, at, &mut bytes);
        out.extend_from_slice(&bytes[..len]);
    }

    /// Puts the short form in front of `to`, for an event that does not [need](Self::is_extended) the
    /// long one; how many bytes it has.
    #[inline]
    pub fn put_short(self, id: u32, at: Timestamp, to: &mut [u8; HEADER_ROOM]) -> usize {
        let low = (at.0 & u64::from(u32::MAX)) as u32;
        match self {
            Self::Compact => {
                to[..4].copy_from_slice(&(id | low << 5).to_le_bytes());
                4
            }
            Self::Large => {
                let both = u64::from(id & 0xffff) | u64::from(low) << 16;
                to[..8].copy_from_slice(&both.to_le_bytes());
                6
            }
        }
    }

    fn put_extended(self, id: u32, at: Timestamp, to: &mut [u8; HEADER_ROOM]) -> usize {
        let mark = match self {
            Self::Compact => 1,
            Self::Large => 2,
        };
        to[..mark].copy_from_slice(&self.escape_id().to_le_bytes()[..mark]);
        to[mark..][..4].copy_from_slice(&id.to_le_bytes());
        to[mark + 4..][..8].copy_from_slice(&at.0.to_le_bytes());
        mark + 12
    }
}

/// Room for the longest header of both kinds.
pub const HEADER_ROOM: usize = EventHeader::Large.max_len();

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: EventHeader, id: u32, at: u64, previous: u64, expected: &[u8]) {
        let mut out = Vec::new();
        header.encode(id, Timestamp(at), Timestamp(previous), &mut out);
        assert_eq!(out, expected);
        assert!(out.len() <= header.max_len());
    }

    #[test]
    fn a_compact_header_packs_id_and_time_in_one_word() {
        // 0x1234567 << 5 | 7
        check(
            EventHeader::Compact,
            7,
            0xF123_4567,
            0xF123_4000,
            &[0xE7, 0xAC, 0x68, 0x24],
        );
        check(EventHeader::Compact, 30, 0, 0, &[30, 0, 0, 0]);
    }

    #[test]
    fn a_large_header_is_id_then_time() {
        check(
            EventHeader::Large,
            0x0102,
            0xF_89AB_CDEF,
            0xF_89AB_CDEF,
            &[2, 1, 0xEF, 0xCD, 0xAB, 0x89],
        );
        check(EventHeader::Large, 65534, 0, 0, &[0xFE, 0xFF, 0, 0, 0, 0]);
    }

    #[test]
    fn an_id_without_room_takes_the_long_form() {
        let tail = [1, 2, 3, 4, 5, 6, 7, 8];
        let at = u64::from_le_bytes(tail);
        check(
            EventHeader::Compact,
            31,
            at,
            at,
            &[&[31, 31, 0, 0, 0][..], &tail].concat(),
        );
        check(
            EventHeader::Large,
            65535,
            at,
            at,
            &[&[255, 255, 255, 255, 0, 0][..], &tail].concat(),
        );
    }

    #[test]
    fn a_gap_of_two_to_the_27_takes_the_long_form_and_one_less_does_not() {
        for header in [EventHeader::Compact, EventHeader::Large] {
            for previous in [0, 5, u64::from(u32::MAX), 1 << 40] {
                let extended =
                    |gap| header.is_extended(0, Timestamp(previous + gap), Timestamp(previous));
                assert!(!extended((1 << 27) - 1));
                assert!(extended(1 << 27));
                assert!(extended((1 << 27) + 1));
                assert!(extended(1 << 32));
            }
            assert!(
                header.is_extended(0, Timestamp(4), Timestamp(5)),
                "time went back"
            );
        }
    }

    /// The rule that every reader applies: the low bits, and one wrap if they went back.
    fn restored(low: u64, bits: u32, previous: u64) -> u64 {
        let mask = (1 << bits) - 1;
        let at = (previous & !mask) | low;
        if at < previous { at + mask + 1 } else { at }
    }

    #[test]
    fn a_reader_restores_every_time_exactly() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut at = 0_u64;
        for _ in 0..100_000 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let previous = at;
            at = at.saturating_add((seed >> 20) >> (seed >> 58));
            let mut bytes = Vec::new();
            EventHeader::Compact.encode(3, Timestamp(at), Timestamp(previous), &mut bytes);
            let read = match bytes.as_slice() {
                &[31, .., a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                &[a, b, c, d] => restored(
                    u64::from(u32::from_le_bytes([a, b, c, d]) >> 5),
                    27,
                    previous,
                ),
                other => panic!("{other:?}"),
            };
            assert_eq!(read, at);
        }
    }
}
