//! Safe names for the system calls that rustix lacks.

#![allow(
    unsafe_code,
    reason = "system calls without a safe wrapper are what this crate is for"
)]

mod bpf;
mod bpf_event;
mod bpf_hash;
mod bpf_ring;
mod counter;
mod futex;
mod interfaces;
mod landing;
mod mapping;
mod peer;
mod perf_event;
mod perf_ring;
mod schedule;
mod shared_memory;
mod signals;
mod time_stamp_counter;

pub use bpf::{BpfArray, bpf_attach_tracing, bpf_load_tracing};
pub use bpf_event::{
    BpfProbe, bpf_attach_probe, bpf_attach_tracepoint, bpf_load_probe, bpf_load_tracepoint,
};
pub use bpf_hash::BpfHash;
pub use bpf_ring::{BpfRecord, BpfRing};
pub use counter::try_counter;
pub use futex::{MAX_FUTEXES, futex_wait_any, futex_wake};
pub use interfaces::ipv4_addresses;
pub use landing::Landing;
pub use peer::{Peer, peer_of};
pub use perf_event::{PerfAttr, PerfEvent, PerfTarget};
pub use perf_ring::PerfRing;
pub use schedule::run_soon;
pub use shared_memory::SharedMemory;
pub use signals::{Received, Signals, is_ignored};
pub use time_stamp_counter::{time_stamp_counter, time_stamp_counter_hz};
