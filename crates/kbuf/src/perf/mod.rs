//! Records of perf events: what the kernel samples, and what it tells of threads and mappings besides.
//!
//! ```text
//!   ring ──PerfRecords──▶ PerfRecord ─┬─ sample: stacks ▶ context, ip, period ▶ payload
//!                                     └─ mmap2, comm, fork, exit, throttle    ▶ payload
//! ```
//!
//! Invariant: no bytes make this module panic, and what is appended for a record is what its event's
//! class says, to the byte.

mod class;
mod counter;
mod encode;
mod record;

pub use class::{
    PerfKind, perf_context, perf_sample_class, perf_sample_context, perf_stack_members,
};
pub use counter::Counter;
pub use record::{PerfBody, PerfMapping, PerfRecord, PerfRecords, PerfSample, TornRecord};
