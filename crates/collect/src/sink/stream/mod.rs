//! A stream file that is a valid stream at every instant.
//!
//! ```text
//!   | packet | packet | open packet: empty, covers the rest of the file          |   at rest
//!   | packet | packet | open packet                         | blank | blank | …  |   grow: one write
//!   | packet | packet | open packet                                              |   8 bytes: its size
//!   | packet | packet | open packet:   [ body ][ next header ]                   |   body, still padding
//!   | packet | packet | packet                | open packet                      |   one header: real
//!   | packet | packet | packet |                                                 |   close: cut away
//! ```
//!
//! The process may be killed before, after, or, at a page boundary, inside of each write. Blank
//! pages are valid packets one by one. What is written into the open packet is padding to a reader
//! until the packet's header is replaced, by one write inside one page, which the kernel does not
//! cut. So each packet is there whole or not at all, and there is nothing to repair.
//!
//! Packets of one page each are simpler: see [`append`].
//!
//! Invariant: an open packet of at least one page ends the file, of at least two as long as the
//! file has no packet. Overwriting it needs no new room, so that the count of discarded events
//! reaches even a full disk.

mod append;
mod commit;
mod discard;
mod file;
mod grow;

pub use append::{PageHead, Sent};
pub use file::PacketHead;
pub(super) use file::{StreamFile, Target};
