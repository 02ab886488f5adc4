//! What the kernel tells in text files of its own, read at each interval and at the end.
//!
//! ```text
//!   instances/thalweg-…/events/kmem/kmalloc/hist ──▶ hist_kmalloc { reading, call_site, hitcount, … }
//!                                                   hist_kmalloc_total { reading, hits, entries, dropped }
//!   instances/thalweg-…/trace, of the tracer wakeup ──▶ latency_wakeup { latency_us, report }
//! ```
//!
//! A group is told when its counts have changed since it was last told; counts are those since the
//! recording began. What the kernel had no room for is in the total, and said at the end.

mod histogram;
mod longest;
mod readings;

pub(crate) use readings::KernelReadings;
