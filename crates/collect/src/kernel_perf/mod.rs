//! What `perf_event_open` gives to a recording: samples, what happens to threads and mappings, counters.
//!
//! ```text
//!   kernel/profile_0    samples, cpu 0            kernel/mappings_0   what was mapped at the beginning
//!   kernel/sideband_0   mmap2, comm, fork, exit   kernel/counts_0     counters of cpu 0, at each interval
//! ```
//!
//! Rings are drained with the others. Files that were mapped before, and counters, are read by threads
//! of their own, which hand over what they have found.

mod counts;
mod events;
mod feed;
mod mappings;

pub(crate) use events::{PerfEvents, PerfSources};
pub(crate) use feed::FeedEvent;
