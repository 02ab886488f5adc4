//! What a reader yields: the narrow waist between formats and everything that uses a trace.

use crate::{Timestamp, Value};

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
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// The index of its class in the trace's `events`.
    pub class: usize,
    /// When it happened, if its stream has a clock.
    pub at: Option<Timestamp>,
    /// The stream's event context.
    pub common_context: Option<Value<'a>>,
    /// The event class's own context.
    pub specific_context: Option<Value<'a>>,
    /// The fields.
    pub payload: Option<Value<'a>>,
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
