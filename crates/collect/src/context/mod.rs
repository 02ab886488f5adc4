//! Contexts: what a trace says of an event's thread, beside what the event says itself.
//!
//! ```text
//!   /proc/PID/task/TID ──read──▶ values ──encode──▶ bytes ──▶ in front of each event of a chunk
//!                      when a chunk of the thread is drained,
//!                      at most every 250 ms
//! ```
//!
//! The program does nothing for it. So a value is not the one at the event, but the one at most
//! 250 ms before or after it, as long as the collector keeps up with the program: a chunk is drained
//! within 250 ms, and a value is then at most 250 ms old. A thread that is gone keeps its last
//! values. One that was gone before the first look has those that its program's main thread had when
//! the recording of the program began. If that was too late as well, they are not known:
//! namespaces are 0, users and groups 4294967295 (the kernel's -1 for "no id"), `cgroup` and
//! `container` empty, `procname` is the program's. `vpid`, `vtid` and `pthread_id` are always known:
//! the program wrote them.

mod all;
mod cache;
mod kind;
mod read;
mod sampled;
mod set;
mod text;
mod values;

pub use all::Contexts;
pub(crate) use cache::EventContexts;
pub use kind::Context;
pub use sampled::SampledContext;
pub(crate) use sampled::{TAG, What};
pub use set::{ContextSet, UnknownContext};
pub(crate) use text::name_of_comm;
pub use text::{IdMap, cgroup, container, ids, innermost_tid, is_nested, namespace, processor};
pub(crate) use values::{Values, procname, put_text};
