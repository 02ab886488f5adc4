//! The kernel's state dump: which threads, descriptors, devices and interrupts there are when a
//! recording begins.
//!
//! ```text
//!   recording runs ─▶ a thread: /proc, /sys ──batches──▶ packets in `kernel/statedump_0`
//! ```
//!
//! The events are LTTng's `lttng_statedump_*`, with LTTng's fields. They are taken while the kernel's
//! events are recorded already: what begins or ends meanwhile tells so itself, and what is there all the
//! time is found once, as `/proc` lists processes in the order of their numbers.
//!
//! What no file tells stands for what is unknown in LTTng's words: the mode of a thread, and the address of
//! a table of descriptors, for which its process's number stands.
//!
//! Invariant: the dump takes a bounded time (`taker::PATIENCE`); what it had no time for is counted.

mod events;
mod maps;
mod namespaces;
mod process;
mod state;
mod system;
mod taker;
mod wanted;

pub(crate) use events::{StateEvent, StateKind};
pub(crate) use state::KernelState;
pub(crate) use wanted::WantedState;
