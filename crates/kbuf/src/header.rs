//! The header that a CTF reader finds before each event.
//!
//! ```text
//!   compact   | time: 27 | id: 5 |                          ids 0..=30
//!             | 31 : u8 | id : u32 | time : u64 |           any id, any distance
//!   large     | id : u16 | time : u32 |                     ids 0..=65534
//!             | 65535 : u16 | id : u32 | time : u64 |       any id, any distance
//! ```
//!
//! Invariant: a reader that knows the time of the event before gets this event's time exactly:
//! the short form is used only when the distance fits the bits that it has.

/// Which of LTTng's two event headers a stream uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// Four bytes, for streams of at most 31 event classes.
    Compact,
    /// Six bytes.
    Large,
}

impl HeaderKind {
    /// The smaller header for so many event classes, as LTTng chooses it.
    pub const fn for_events(count: usize) -> Self {
        if count > 30 {
            Self::Large
        } else {
            Self::Compact
        }
    }

    /// Appends the header of an event at `at`; `last` is the time before it, if the reader has
    /// one.
    #[inline]
    pub fn write(self, id: u32, at: u64, last: Option<u64>, out: &mut Vec<u8>) {
        let gap = last.map_or(u64::MAX, |last| at.wrapping_sub(last));
        match self {
            Self::Compact if id <= 30 && gap < 1 << 27 => {
                out.extend_from_slice(&((at as u32) << 5 | id).to_le_bytes());
            }
            Self::Large if id <= 65534 && gap < 1 << 32 => {
                let word = u64::from(at as u32) << 16 | u64::from(id);
                out.extend_from_slice(&word.to_le_bytes()[..6]);
            }
            Self::Compact => extended(&[31], id, at, out),
            Self::Large => extended(&[0xff, 0xff], id, at, out),
        }
    }
}

#[cold]
fn extended(mark: &[u8], id: u32, at: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(mark);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&at.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a header as the CTF specification tells a reader to.
    fn read(kind: HeaderKind, bytes: &[u8], last: u64) -> (u32, u64) {
        let (bits, mark, id, short) = match kind {
            HeaderKind::Compact => {
                let word = u32::from_le_bytes(bytes[..4].try_into().unwrap());
                (27, 31, word & 31, u64::from(word >> 5))
            }
            HeaderKind::Large => {
                let id = u32::from(u16::from_le_bytes(bytes[..2].try_into().unwrap()));
                let time = u32::from_le_bytes(bytes[2..6].try_into().unwrap());
                (32, 65535, id, u64::from(time))
            }
        };
        if id == mark {
            let rest = &bytes[bytes.len() - 12..];
            let id = u32::from_le_bytes(rest[..4].try_into().unwrap());
            return (id, u64::from_le_bytes(rest[4..].try_into().unwrap()));
        }
        let near = last >> bits << bits | short;
        (
            id,
            if near < last {
                near + (1 << bits)
            } else {
                near
            },
        )
    }

    #[track_caller]
    fn check(kind: HeaderKind, id: u32, last: u64, gap: u64, len: usize) {
        let mut out = Vec::new();
        kind.write(id, last + gap, Some(last), &mut out);
        assert_eq!(
            read(kind, &out, last),
            (id, last + gap),
            "{kind:?} id {id} gap {gap}"
        );
        assert_eq!(out.len(), len, "{kind:?} id {id} gap {gap}");
    }

    #[test]
    fn times_are_exact_at_the_boundary_gaps() {
        for last in [
            0,
            1,
            (1 << 27) - 1,
            1 << 27,
            (1 << 32) - 1,
            1 << 32,
            0x1234_5678_9abc_def0,
        ] {
            check(HeaderKind::Compact, 30, last, 0, 4);
            check(HeaderKind::Compact, 30, last, (1 << 27) - 1, 4);
            check(HeaderKind::Compact, 30, last, 1 << 27, 13);
            check(HeaderKind::Compact, 30, last, (1 << 27) + 1, 13);
            check(HeaderKind::Compact, 30, last, 1 << 32, 13);
            check(HeaderKind::Large, 65534, last, (1 << 27) - 1, 6);
            check(HeaderKind::Large, 65534, last, 1 << 27, 6);
            check(HeaderKind::Large, 65534, last, (1 << 32) - 1, 6);
            check(HeaderKind::Large, 65534, last, 1 << 32, 14);
            check(HeaderKind::Large, 65534, last, (1 << 32) + 1, 14);
        }
    }

    #[test]
    fn ids_that_mean_extended_are_written_extended() {
        check(HeaderKind::Compact, 31, 5, 1, 13);
        check(HeaderKind::Compact, 1_000_000, 5, 1, 13);
        check(HeaderKind::Large, 65535, 5, 1, 14);
    }

    #[test]
    fn the_first_event_of_a_packet_carries_its_whole_time() {
        let mut out = Vec::new();
        HeaderKind::Compact.write(3, 7, None, &mut out);
        assert_eq!(out, [31, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn few_events_have_the_compact_header() {
        assert_eq!(HeaderKind::for_events(30), HeaderKind::Compact);
        assert_eq!(HeaderKind::for_events(31), HeaderKind::Large);
    }
}
