//! Kernel events from tracefs, eBPF and perf events: one instance per recording, no module, no thread.
//!
//! ```text
//!  Tracefs::find ── KernelRecording::start(config)         instances/thalweg-ID/
//!                       │  trace_clock, buffer sizes, events, filters
//!                       │  events(): names and fields     ──▶ the trace's metadata
//!                       │  set_ids(…), resume()
//!                       ▼
//!            per CPU:     ring ──pages─▶ memory ──▶ Transcoder ──KernelPacket──▶ sink
//!                          ▲                                               │
//!                          └────── make the memory empty ◀──── Ok ────────┘
//! ```
//!
//! # What is never lost, and what is counted
//! A page that was read lies in memory ([`landings`](KernelRecording::landings)) that outlives the
//! recorder, if another process holds its descriptor, until the sink has taken its packet. After a
//! death at any instant such a process [`adopt`](KernelRecording::adopt)s the instance, passes that
//! memory and for each CPU the time of the last event on disk, and gets every event after it once. A
//! part of a packet never ends between two events of the same time, as far as they are in one ring page:
//! the kernel commits an event together with all that interrupted it. Without that memory the pages of
//! each CPU that were just read may be gone.
//!
//! Events that found the ring full are counted by the kernel per CPU (`per_cpu/cpuN/stats`);
//! [`KernelPacket::lost_total`] carries that count from the first packet that begins after it was
//! read, and the last packet of [`drain_all`](KernelRecording::drain_all) carries what is left:
//! produced = recorded + lost, to the event.
//!
//! # Waiting
//! [`as_fd`](KernelRecording::as_fd) gives one descriptor per CPU for `poll` or `epoll`: it is
//! readable when the share of the ring that [`KernelConfig::wake_percent`] names has been filled.
//!
//! # Who may
//! tracefs belongs to root. `CAP_DAC_OVERRIDE` alone suffices for everything here; [`Error`] says
//! so, with the command, where a permission is missing.
//!
//! Invariant: an instance that a living recorder holds (a record lock that the kernel drops when
//! the process dies, however it dies) is never adopted or removed by another.

#![forbid(unsafe_code)]

mod attach;
mod attribute;
mod bpf;
mod catalogue;
mod change;
mod clock;
mod config;
mod context;
mod cpu;
mod decoder;
mod error;
mod feed;
mod fit;
mod glob;
mod hist;
mod instance;
mod loss;
mod numbers;
mod operands;
mod perf;
mod plan;
mod predicate;
mod probes;
mod recording;
mod report;
mod setup;
mod source;
mod stats;
mod syscalls;
mod tasks;
mod tested;
mod text;
mod told;
mod tracefs;
mod tracers;
mod track;
mod watch;

pub use attach::AttachedClock;
pub use attribute::TrackedAttribute;
pub use catalogue::KnownEvent;
pub use change::KernelChange;
pub use clock::TraceClock;
pub use config::{DEFAULT_EVENTS, EventFilter, EventRule, KernelConfig};
pub use context::{KernelContext, KernelContexts};
pub use cpu::{KernelPacket, Resume, Tally};
pub use error::{DrainError, Error};
pub use glob::matches;
pub use hist::{
    Histogram, HistogramKey, HistogramSpec, KeyKind, SyntheticField, SyntheticSpec,
    remove_stray_synthetics,
};
pub use instance::FoundInstance;
pub use perf::{
    Count, CounterSet, CounterValue, CpuCounter, PerfConfig, PerfEventName, PerfPart,
    PerfRecording, PerfScope, SampledEvent, StackConfig, StackRecording, Stacks,
};
pub use plan::{Plan, PlannedEvent};
pub use probes::{
    ArgumentSpec, FunctionSpec, PlaceSpec, Probe, ProbeSpec, Target, find_file,
    remove_stray_probes, resolve_probes,
};
pub use recording::KernelRecording;
pub use report::{Missing, StartReport};
pub use stats::CpuStats;
pub use syscalls::online_cpus;
pub use syscalls::{
    FilterReport, KnownCall, SyscallConfig, SyscallRecording, find_syscalls, plain_syscall_rules,
};
pub use thalweg_kbuf::{Counter, HeaderKind, Naming, Part, TraceEvent as KernelEvent};
pub use thalweg_kbuf::{HistRow, HistTable};
pub use thalweg_kbuf::{IdMap, UNKNOWN_ID, cgroup, container, ids, own_name};
pub use thalweg_kbuf::{
    PerfKind, PerfMapping, perf_context, perf_sample_class, perf_sample_context,
};
pub use thalweg_kbuf::{SyscallEvent, SyscallOptions, syscall_context};
pub use tracefs::Tracefs;
pub use tracers::{
    FunctionKind, FunctionTrace, FunctionTracers, GraphSource, LatencyTracer,
    find_function_tracers, find_functions, find_graph_source,
};
pub use track::Track;
pub use watch::{
    Aggregate, BUCKET_ERROR, Bucket, Expression, Function, KeyValue, WatchCounts, WatchError,
    WatchRow, WatchSpec, WatchTable, WatchValue, Watching,
};
