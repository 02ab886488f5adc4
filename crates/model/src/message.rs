//! What a reader yields: the narrow waist between formats and everything that uses a trace.

use std::fmt;

use crate::{Timestamp, Value, Values};

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LossCause {
    /// The ring had no free chunk or page when the event happened.
    RingFull,
    /// A later event took its place in the ring of a flight recorder.
    Overwritten,
    /// The event began and never ended: its thread was killed or jumped out of it.
    Torn,
    /// The program's bytes did not parse: the packet was cut there.
    AbiViolation,
    /// The event was larger than a chunk.
    TooLarge,
    /// Too many signal handlers were nested, each in the middle of an event.
    TooDeep,
    /// The thread had no slot to keep its state in.
    NoThreadSlot,
    /// The trace's storage refused the packet (disk full, input/output error).
    Storage,
    /// The event came so late that no stream could take it in order.
    Late,
    /// The trace's bytes do not parse from here to the end of the packet.
    Unreadable,
    /// This many packets of the stream are missing, with all their events.
    PacketGap(u64),
    /// The trace says that events are missing, but not why.
    Unknown,
}

/// Events that happened and are not in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many; `None` if the trace does not tell.
    pub count: Option<u64>,
    /// Why.
    pub cause: LossCause,
    /// Between the end of the stream's previous packet and this time.
    pub until: Option<Timestamp>,
}

/// The beginning or end of a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet<'a> {
    /// The clock's value there, if the packet tells.
    pub at: Option<Timestamp>,
    /// The packet's context.
    pub context: Option<Value<'a>>,
}

/// One event.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// The index of its class in the trace's `events`.
    pub class: usize,
    /// When it happened, if its stream has a clock.
    pub at: Option<Timestamp>,
    /// Its parts, one after the other.
    pub values: Values<'a>,
    /// Which parts there are.
    pub parts: Parts,
}

/// Which parts an event has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The stream's event context.
    pub common_context: bool,
    /// The event class's own context.
    pub specific_context: bool,
    /// The fields.
    pub payload: bool,
}

impl<'a> Event<'a> {
    /// The stream's event context.
    #[inline]
    pub fn common_context(&self) -> Option<Value<'a>> {
        self.part(self.parts.common_context, 0)
    }

    /// The event class's own context.
    #[inline]
    pub fn specific_context(&self) -> Option<Value<'a>> {
        let before = usize::from(self.parts.common_context);
        self.part(self.parts.specific_context, before)
    }

    /// The fields.
    #[inline]
    pub fn payload(&self) -> Option<Value<'a>> {
        let contexts = [self.parts.common_context, self.parts.specific_context];
        self.part(self.parts.payload, contexts.map(usize::from).iter().sum())
    }

    #[inline]
    fn part(&self, is_there: bool, before: usize) -> Option<Value<'a>> {
        is_there.then(|| self.values.get(before))?
    }
}

impl PartialEq for Event<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.class, self.at) == (other.class, other.at)
            && self.common_context() == other.common_context()
            && self.specific_context() == other.specific_context()
            && self.payload() == other.payload()
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("class", &self.class)
            .field("at", &self.at)
            .field("common_context", &self.common_context())
            .field("specific_context", &self.specific_context())
            .field("payload", &self.payload())
            .finish()
    }
}

/// One step of a trace, as a reader yields it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A stream begins.
    StreamBegin,
    /// A packet begins.
    PacketBegin(Packet<'a>),
    /// An event happened.
    Event(Event<'a>),
    /// Events are missing here.
    Lost(Lost),
    /// Nothing happened in this stream up to this time.
    Idle(Timestamp),
    /// A packet ends.
    PacketEnd(Packet<'a>),
    /// A stream ends.
    StreamEnd,
}
