//! The nouns of a trace: what every other crate means by event, packet, stream, clock.
//!
//! ```text
//!   TraceClass ── StreamClass ── EventClass ── FieldClass        what may occur
//!        │             │              │             │
//!     ClockClass     Packet         Event         Value          what did occur, as Message
//! ```
//!
//! Invariant: this crate does no I/O, knows no file format and never asks for the time.
//! Names are CTF's. A field name is kept as people say it (`next_tid`): the `_` that CTF 1.8 text
//! puts before it belongs to the `ctf` crate alone.

#![forbid(unsafe_code)]

mod class;
mod clock;
mod field;
mod level;
mod message;
mod uuid;
mod value;

pub use class::{EnvValue, EventClass, StreamClass, TraceClass};
pub use clock::{ClockClass, Timestamp};
pub use field::{
    ArrayClass, ByteOrder, DisplayBase, Encoding, EnumClass, EnumMapping, FieldClass, FloatClass,
    IntegerClass, Member, SequenceClass, StringClass, StructClass, VariantClass, VariantOption,
};
pub use level::LogLevel;
pub use message::{Event, LossCause, Lost, Message, Packet, Parts};
pub use uuid::{ParseUuidError, Uuid};
pub use value::{Iter, Node, Tape, Value, Values};
