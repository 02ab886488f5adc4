//! Event records of one packet, put together in memory that is used again.
//!
//! Invariant: each word of a body is asked for once; what is checked is the copy that is kept.

use thalweg_ctf::write::{EventHeader, HEADER_ROOM};
use thalweg_model::Timestamp;

use super::plan::Plan;

/// The header of programs' events: LTTng-UST's.
pub(crate) const HEADER: EventHeader = EventHeader::Large;

/// Bytes of the cpu number in front of a payload.
pub(super) const CPU_LEN: usize = 4;

const WORD: usize = size_of::<u64>();

/// Makes event records one behind the other.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The records, and room behind them.
    room: Vec<u8>,
    len: usize,
    previous: Option<u64>,
}

impl Encoder {
    /// Begins another packet.
    pub fn begin(&mut self) {
        self.len = 0;
        self.previous = None;
    }

    /// Appends the event `id` at `time`, with `context` behind its header, if `body` is a cpu number
    /// and a payload as `plan` says, and as few words as hold them; whether it is.
    #[inline]
    pub fn push(
        &mut self,
        (id, time): (u32, u64),
        context: &[u8],
        body: impl ExactSizeIterator<Item = u64>,
        plan: &Plan,
    ) -> bool {
        let given = body.len() * WORD;
        let previous = self.previous.unwrap_or(time);
        let room = self.room(HEADER_ROOM + context.len() + given);
        let Some(header) = room.first_chunk_mut() else {
            return false;
        };
        let event = (id, Timestamp(time));
        let header_len = HEADER.put(event, Timestamp(previous), header);
        let at = header_len + context.len();
        room[header_len..at].copy_from_slice(context);
        let copy = &mut room[at..at + given];
        for (to, word) in copy.chunks_exact_mut(WORD).zip(body) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        let payload = copy.get(CPU_LEN..).unwrap_or_default();
        let len = plan.measure(payload).map(|len| len + CPU_LEN);
        // The room is the least that holds the payload: anything else is not what was declared.
        let Some(len) = len.filter(|len| given - len < WORD) else {
            return false;
        };
        self.len += at + len;
        self.previous = Some(time);
        true
    }

    /// The records since the packet's begin.
    pub fn records(&self) -> &[u8] {
        &self.room[..self.len]
    }

    /// At least so many bytes behind the records.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let end = self.len + bytes;
        if end > self.room.len() {
            self.room.resize(end.next_power_of_two(), 0);
        }
        &mut self.room[self.len..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Step;

    fn text() -> Plan {
        Plan::of(Step::Text)
    }

    #[track_caller]
    fn check(words: &[u64], plan: &Plan, expected: Option<&[u8]>) {
        let mut encoder = Encoder::default();
        encoder.begin();
        let fits = encoder.push((7, 5), b"xy", words.iter().copied(), plan);
        let records = fits.then(|| encoder.records());
        assert_eq!(records, expected);
        assert!(fits || encoder.records().is_empty());
    }

    #[test]
    fn an_event_is_its_header_its_context_and_its_body() {
        let word = u64::from_le_bytes(*b"CPU0ab\0\0");
        let expected = b"\x07\0\x05\0\0\0xyCPU0ab\0";
        check(&[word], &text(), Some(expected));
        let none = Plan::default();
        check(&[word], &none, Some(b"\x07\0\x05\0\0\0xyCPU0"));
    }

    #[test]
    fn a_body_that_is_not_what_was_declared_is_none() {
        let word = u64::from_le_bytes(*b"CPU0abcd");
        check(&[word], &text(), None);
        check(&[], &Plan::default(), None);
        check(&[word, 0], &Plan::default(), None);
        check(&[word], &Plan::of(Step::Bytes(5)), None);
    }

    #[test]
    fn a_long_gap_takes_a_long_header() {
        let mut encoder = Encoder::default();
        for (time, len) in [(1, 10), (2, 20), (1 << 40, 38)] {
            assert!(encoder.push((1, time), &[], [0].into_iter(), &Plan::default()));
            assert_eq!(encoder.records().len(), len);
        }
        encoder.begin();
        assert!(encoder.push((1, 1 << 50), &[], [0].into_iter(), &Plan::default()));
        assert_eq!(encoder.records().len(), 10, "the first of a packet");
    }
}
