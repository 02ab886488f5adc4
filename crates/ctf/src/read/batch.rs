//! Events that were read together: what is done once for many costs each of them little.

use thalweg_model::{Event, Parts, Tape, Timestamp};

use super::cursor::Window;

/// A batch of more events, or of more values, is full.
const MAX_EVENTS: usize = 256;
const FULL_VALUES: usize = 4096;

/// The events of a part of a packet; their texts are in the window that they were read from.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(super) tape: Tape,
    found: Vec<Found>,
    /// Whether the stream has a clock.
    has_clock: bool,
}

/// An event, and where its values are on the tape.
#[derive(Clone, Copy, Debug)]
struct Found {
    at: Timestamp,
    begin: u32,
    end: u32,
    class: u32,
    parts: Parts,
}

impl Batch {
    /// Forgets all events, and keeps the memory.
    pub(super) fn clear(&mut self, has_clock: bool) {
        self.tape.clear();
        self.found.clear();
        self.has_clock = has_clock;
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MAX_EVENTS || self.tape.end() >= FULL_VALUES
    }

    /// Adds an event whose values begin at `begin` of the tape.
    #[inline]
    pub(super) fn push(&mut self, class: usize, parts: Parts, at: Timestamp, begin: usize) {
        self.found.push(Found {
            at,
            begin: begin as u32,
            end: self.tape.end() as u32,
            class: class as u32,
            parts,
        });
    }

    /// When each event happened, if its stream has a clock.
    pub fn times(&self) -> impl ExactSizeIterator<Item = Option<Timestamp>> {
        let has_clock = self.has_clock;
        self.found
            .iter()
            .map(move |found| has_clock.then_some(found.at))
    }

    /// The event with this index; `window` is the one that it was read from.
    #[inline]
    pub fn event<'a>(&'a self, index: usize, window: Window<'a>) -> Option<Event<'a>> {
        let found = self.found.get(index)?;
        let (begin, end) = (found.begin as usize, found.end as usize);
        Some(Event {
            class: found.class as usize,
            at: self.has_clock.then_some(found.at),
            values: self.tape.values(begin, end, window.bytes),
            parts: found.parts,
        })
    }
}
