//! State dumps: what a program has in memory when its recording begins.
//!
//! ```text
//!   attached ──ask──▶ a thread: /proc/PID/{maps,task}, ELF files ──dump──▶ packets in `statedump_0`
//! ```
//!
//! The events are LTTng's `lttng_ust_statedump:*`, and their fields are LTTng's. The program does
//! nothing for them, and the collector does not wait for the files: a thread reads them, so that
//! rings are drained meanwhile. What is written is what was mapped at the events' times: a program
//! that ended before has no `bin_info`. Each other thread has a packet of its own with its name. The user
//! can have all dumps taken again, and each snapshot has dumps of its own.
//!
//! Trace Compass finds an address's function with them where events have the contexts `vpid` and
//! `ip`; the latter is not recorded yet.
//!
//! Invariant: nothing that a program can choose (paths, files, their contents) is believed. A file
//! is read only if it is a regular one and the very one that is mapped.

mod asked;
mod elf;
mod events;
mod maps;
mod objects;
mod read;

pub(crate) use asked::{LAST_DUMPS, MAX_ASKED, StateDumps};
pub(crate) use elf::build_id_in_notes;
pub use elf::{DebugLink, ElfFile, ReadAt, examine};
pub(crate) use events::{Dump, DumpKind, LEVEL, Part};
pub use maps::{Mapping, mappings};
pub(crate) use read::{MAX_MAPS, open_mapped};
