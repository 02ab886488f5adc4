//! Packets of a CTF 1.8 stream, as messages.
//!
//! ```text
//!   TraceClass ── compile, once ──▶ Decoder: for each stream and event a list of steps
//!                                      │
//!   Window (bytes of a packet) ────────┼─▶ begin_packet ─▶ PacketHead, context
//!   Cursor (place, clock, lengths) ────┘   peek_event   ─▶ when the next event happened
//!                                          take_event   ─▶ Event
//! ```
//!
//! Neighbouring fields of whole bytes are one step, read with one bounds check.
//!
//! A window may show less than its packet. What does not fit makes the decoder say
//! [`Halt::NeedMore`] and leaves the cursor where it was: slide the window, grow it, ask again.
//!
//! Invariant: lengths in packets are claims. Nothing is read beyond the packet's content, nothing is
//! allocated for elements that are not there, and no event holds more than [`MAX_VALUES`] values.

mod bits;
mod build;
mod clock;
mod compile;
mod cursor;
mod decoder;
mod error;
mod head;
mod plan;
mod run;
mod slots;

pub use cursor::{Cursor, MAX_VALUES, Window};
pub use decoder::Decoder;
pub use error::{DecodeError, Halt};
pub use head::PacketHead;
