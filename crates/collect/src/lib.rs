//! Drains the rings of programs, checks what they claim, and writes packets to a trace on disk.

#![forbid(unsafe_code)]

mod attach;
mod bell;
mod clock;
pub mod context;
mod drain;
mod due;
mod error;
mod gone;
mod keeper;
mod kernel_change;
mod kernel_disk;
mod kernel_events;
mod kernel_flight;
mod kernel_keep;
mod kernel_pages;
mod kernel_perf;
mod kernel_readings;
mod kernel_sources;
mod kernel_state;
mod kernel_told;
mod kernel_triggers;
mod lanes;
mod ledger;
mod output;
mod own;
mod process;
pub mod program;
mod programs;
mod pulse;
mod recording;
mod recover;
mod rendezvous;
mod rule;
mod running;
mod session;
mod share;
mod shared;
pub mod sink;
mod snapshot;
pub mod statedump;
mod states;
mod summary;
mod trace_lock;
mod urgency;

pub use attach::record_instance;
pub use context::{ContextSet, Contexts};
pub use error::Error;
pub use keeper::keeper_main;
pub use kernel_sources::KernelPlan;
pub use recording::Recording;
pub use recover::{Recovered, recover};
pub use rule::{Levels, Rule, RuleError};
pub use running::running;
pub use summary::{
    CountRequest, KernelRequest, ProfileRequest, ProgramsRequest, Progress, RecordingConfig,
    RingMode, Snapshot, SourceSummary, Started, Summary,
};
