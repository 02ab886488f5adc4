//! What a trace may contain: its streams, events and environment.

use crate::{ByteOrder, ClockClass, LogLevel, StructClass, Uuid};

/// A value of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum EnvValue {
    Integer(i64),
    Text(String),
}

/// The class of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventClass {
    /// The id within its stream class.
    pub id: u64,
    /// The name, `provider:name` for programs.
    pub name: String,
    /// The stream class that it belongs to.
    pub stream_id: u64,
    /// How severe it is, for events of programs.
    pub log_level: Option<LogLevel>,
    /// A URI for Eclipse's modelling tools.
    pub model_uri: Option<String>,
    /// The context that only this event has.
    pub specific_context: Option<StructClass>,
    /// The fields.
    pub payload: StructClass,
}

/// The class of a stream: what its packets and events have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamClass {
    /// The id within the trace.
    pub id: u64,
    /// The context of each packet.
    pub packet_context: Option<StructClass>,
    /// The header of each event.
    pub event_header: Option<StructClass>,
    /// The context of each event.
    pub event_context: Option<StructClass>,
}

/// All that a trace's metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceClass {
    /// The trace's id, repeated in each packet header.
    pub uuid: Option<Uuid>,
    /// The byte order of fields that do not name one.
    pub byte_order: ByteOrder,
    /// The header of each packet.
    pub packet_header: Option<StructClass>,
    /// The environment, in the order of its declaration.
    pub environment: Vec<(String, EnvValue)>,
    /// The clocks.
    pub clocks: Vec<ClockClass>,
    /// The streams.
    pub streams: Vec<StreamClass>,
    /// The events.
    pub events: Vec<EventClass>,
}
