//! Writing CTF 1.8 as LTTng lays it out: values in, bytes and text out, no I/O.
//!
//! ```text
//!   metadata   begin_text · stream_text · event_text        (metadata.rs, class.rs, name.rs)
//!   STREAM     | packet header + context | event header · payload | … | padding |
//!              packet.rs, context.rs       event.rs
//!   index      | header | entry | entry | …                 (index.rs)
//! ```
//!
//! Invariant: everything is packed (8-bit alignment) and little-endian except the index, which is
//! big-endian. The metadata text is a sequence of top-level blocks; a block never changes once it
//! is written, so text only grows at its end.

mod class;
mod context;
mod error;
mod event;
mod index;
mod metadata;
mod name;
mod packet;
mod scalar;

pub use context::{PROCNAME_LEN, PacketContext};
pub use error::TsdlError;
pub use event::{EventHeader, HEADER_ROOM};
pub use index::{INDEX_ENTRY_LEN, INDEX_HEADER, IndexEntry};
pub use metadata::{
    EVENTS_AT, SIGNATURE, StreamLayout, begin_text, event_text, packet_context_text, stream_text,
};
pub use packet::{PACKET_MAGIC, PacketHeader};
