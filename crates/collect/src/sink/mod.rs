//! The trace on disk: readable at every instant, whatever dies.
//!
//! ```text
//!   OUT/kernel/metadata               replaced whole, by rename, before the packet that needs it
//!              sched_0                packets; an open, empty one covers the rest of the file
//!              index/.sched_0.idx     hidden until it is complete
//!   OUT/ust/uid/1000/64-bit/…         the same for programs
//! ```
//!
//! Invariant: after each system call, and after each page of a write that is cut short, every
//! reader of CTF 1.8 reads the folder without a warning and finds each packet of which
//! [`TraceWriter::write_packet`] or [`TraceWriter::settle`] said that it is there. A killed
//! recorder leaves nothing to repair.

mod blank;
mod blocks;
mod closing;
mod courier;
mod declarations;
mod disk;
pub mod environment;
mod error;
mod index;
mod pages;
mod reopen;
mod stream;
mod walk;
mod writer;

pub(crate) use blank::PAGE_LEN;
pub use closing::{Closed, ClosedStream};
pub use disk::{Disk, HostDisk};
pub use error::SinkError;
pub use pages::Pages;
pub use reopen::{FoundStream, Report};
pub use stream::{PacketHead, PageHead, Sent};
pub use walk::PacketOnDisk;
pub use writer::{StreamClassId, StreamId, TraceIdentity, TraceWriter, Unsent};

pub use thalweg_ctf::write::{EventHeader, PacketContext, PacketHeader, StreamLayout};
