//! Packets of a CTF 1.8 stream, as messages.
//!
//! ```text
//!   TraceClass ── compile, once ──▶ Decoder: for each stream and event a list of steps
//!                                      │
//!   Window (bytes of a packet) ────────┼─▶ begin_packet ─▶ PacketHead, context
//!   Cursor (place, clock, lengths) ────┘   read_events  ─▶ Batch: values on a tape ─▶ Event
//! ```
//!
//! Neighbouring fields of whole bytes are one step, read with one bounds check. Events of classes that
//! nobody wants are passed over inside `read_events`, without a value.
//!
//! A window may show less than its packet. What does not fit makes the decoder say
//! [`Halt::NeedMore`] and leaves the cursor where it was: slide the window, grow it, ask again.
//!
//! Invariant: lengths in packets are claims. Nothing is read beyond the packet's content, nothing is
//! allocated for elements that are not there, and no event holds more than [`MAX_VALUES`] values.

mod batch;
mod bits;
mod clock;
mod compile;
mod cursor;
mod decoder;
mod error;
mod flat;
mod head;
mod header;
mod index;
mod plan;
mod run;
mod sink;
mod slots;
mod stream;
mod wanted;

pub use batch::Batch;
pub use cursor::{Cursor, MAX_VALUES, Window};
pub use decoder::Decoder;
pub use error::{DecodeError, Halt};
pub use head::PacketHead;
pub use index::{IndexEntry, IndexError, parse_index};
pub use wanted::Wanted;
