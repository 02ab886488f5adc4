//! What LTTng's events tell of an ELF object: where it lies, its build id, its debug link.
//!
//! ```text
//!   program headers (in memory) ─▶ span, notes ─▶ build id
//!   section headers (in the file) ─▶ .gnu_debuglink ─▶ name, checksum
//! ```
//!
//! Bytes in, values out. Every number in them is a claim: what does not fit is not there.

mod debug_link;
mod header;
mod note;
mod segment;

pub use debug_link::{DebugLink, debug_link};
pub use header::{HEADER_LEN, program_headers};
pub use note::build_id;
pub use segment::{SEGMENT_LEN, Segment, Segments};
