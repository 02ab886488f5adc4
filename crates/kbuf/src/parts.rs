//! Event records one behind the other, and where they may be parted into packets.
//!
//! ```text
//!   | first | record | record | first | record | record | first | …
//!   ◀─────── a part ────────▶ ◀─────── a part ────────▶      of so many bytes at most, if they can be
//! ```
//!
//! The first record of a part carries its whole time, so that a part can be a packet of its own, and all
//! of them together can be one.
//!
//! Invariant: events of one time are in one part, unless they were appended after [`Parts::finish`]. So a
//! part's end says exactly which events are in it and in those before.

use crate::header::HeaderKind;

/// Records that can be a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// How many bytes they have.
    pub bytes: usize,
    /// The time of the first event.
    pub begin: u64,
    /// The time of the last one.
    pub end: u64,
    /// How many events they are.
    pub events: u64,
}

/// The last events of a part, which have one time.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    /// Where the first of them begins, and its id.
    at: usize,
    id: u32,
    /// The time before it.
    before: u64,
    events: u64,
}

/// Records, and the parts that they make; by default a single one.
#[derive(Clone, Debug)]
pub struct Parts {
    bytes: Vec<u8>,
    limit: usize,
    closed: Vec<Part>,
    open_at: usize,
    open: Part,
    run: Run,
}

impl Parts {
    /// None yet, of at most so many bytes each.
    pub const fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            closed: Vec::new(),
            open_at: 0,
            open: Part {
                bytes: 0,
                begin: 0,
                end: 0,
                events: 0,
            },
            run: Run {
                at: 0,
                id: 0,
                before: 0,
                events: 0,
            },
        }
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.closed.clear();
        self.open_at = 0;
        self.open = Part::default();
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.open.events == 0 && self.closed.is_empty()
    }

    /// The time of the event before the next one, if it is of the same part.
    #[inline]
    pub fn last(&self) -> Option<u64> {
        (self.open.events > 0).then_some(self.open.end)
    }

    /// Where records are appended.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Takes note of an event that was appended at `begin`, with this header and behind [`Self::last`].
    #[inline]
    pub fn push(&mut self, header: HeaderKind, (id, at): (u32, u64), begin: usize) {
        if self.open.events == 0 {
            self.open.begin = at;
        }
        if self.open.events == 0 || at != self.open.end {
            self.run = Run {
                at: begin,
                id,
                before: self.open.end,
                events: 0,
            };
        }
        self.run.events += 1;
        self.open.events += 1;
        self.open.end = at;
        if self.bytes.len() - self.open_at > self.limit {
            self.part(header);
        }
    }

    /// Ends the part before the events of the last time, whose first gets a header with all of it.
    #[cold]
    fn part(&mut self, header: HeaderKind) {
        let Run {
            at,
            id,
            before,
            events,
        } = self.run;
        if at == self.open_at {
            return;
        }
        let time = self.open.end;
        let (mut short, mut whole) = (Vec::new(), Vec::new());
        header.write(id, time, Some(before), &mut short);
        header.write(id, time, None, &mut whole);
        self.bytes.splice(at..at + short.len(), whole);
        self.closed.push(Part {
            bytes: at - self.open_at,
            begin: self.open.begin,
            end: before,
            events: self.open.events - events,
        });
        self.open_at = at;
        self.open = Part {
            bytes: 0,
            begin: time,
            end: time,
            events,
        };
    }

    /// Ends the last part; all records and their parts.
    pub fn finish(&mut self) -> (&[u8], &[Part]) {
        if self.open.events > 0 {
            let bytes = self.bytes.len() - self.open_at;
            self.closed.push(Part { bytes, ..self.open });
            self.open_at = self.bytes.len();
            self.open = Part::default();
        }
        (&self.bytes, &self.closed)
    }

    /// All records.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A single part behind `bytes`.
    pub(crate) fn behind(bytes: Vec<u8>) -> Self {
        let open_at = bytes.len();
        Self {
            bytes,
            open_at,
            ..Self::default()
        }
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: HeaderKind = HeaderKind::Compact;

    fn push(parts: &mut Parts, id: u32, at: u64, payload: usize) {
        let (begin, last) = (parts.bytes_mut().len(), parts.last());
        KIND.write(id, at, last, parts.bytes_mut());
        let end = parts.bytes_mut().len() + payload;
        parts.bytes_mut().resize(end, id as u8);
        parts.push(KIND, (id, at), begin);
    }

    /// What each part would be if it were written alone.
    fn alone(events: &[(u32, u64)], payload: usize) -> Vec<u8> {
        let mut parts = Parts::new(usize::MAX);
        for &(id, at) in events {
            push(&mut parts, id, at, payload);
        }
        parts.into_bytes()
    }

    #[test]
    fn a_part_is_what_a_packet_of_its_own_would_be() {
        let events: Vec<(u32, u64)> = (0..50).map(|n| (n as u32 % 7, 100 + n * 3)).collect();
        let mut parts = Parts::new(64);
        for &(id, at) in &events {
            push(&mut parts, id, at, 9);
        }
        let (mut at, mut from) = (0, 0);
        let (bytes, found) = parts.finish();
        assert!(found.len() > 5);
        for part in found {
            let of = &events[from..from + part.events as usize];
            assert_eq!(bytes[at..at + part.bytes], alone(of, 9));
            assert_eq!((part.begin, part.end), (of[0].1, of[of.len() - 1].1));
            assert!(part.bytes <= 64);
            (at, from) = (at + part.bytes, from + of.len());
        }
        assert_eq!((at, from), (bytes.len(), events.len()));
    }

    #[test]
    fn events_of_one_time_stay_together() {
        let mut parts = Parts::new(64);
        for at in [1, 2, 3, 3, 3, 3, 3, 3, 3, 4] {
            push(&mut parts, 1, at, 9);
        }
        let (bytes, found) = parts.finish();
        let of = |part: &Part| (part.begin, part.end, part.events);
        assert_eq!(
            found.iter().map(of).collect::<Vec<_>>(),
            [(1, 2, 2), (3, 3, 7), (4, 4, 1)]
        );
        assert_eq!(
            found.iter().map(|part| part.bytes).sum::<usize>(),
            bytes.len()
        );
    }

    #[test]
    fn an_event_that_fits_no_part_is_one_alone() {
        let mut parts = Parts::new(64);
        for (at, payload) in [(1, 5), (2, 500), (3, 5)] {
            push(&mut parts, 1, at, payload);
        }
        let (_, found) = parts.finish();
        let lens: Vec<usize> = found.iter().map(|part| part.bytes).collect();
        assert_eq!(lens, [18, 513, 18]);
        parts.clear();
        assert!(parts.is_empty());
        assert_eq!(parts.finish(), (&[][..], &[][..]));
    }
}
