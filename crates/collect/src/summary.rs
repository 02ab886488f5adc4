//! What a recording was asked for, and what it can say of itself: plain data.

use std::path::PathBuf;
use std::time::Duration;
use thalweg_abi::slot;
use thalweg_kernel::{
    CpuCounter, EventFilter, FunctionTrace, HistogramSpec, KernelContexts, LatencyTracer,
    PerfEventName, ProbeSpec, Stacks, SyntheticSpec, SyscallOptions, Track,
};
use thalweg_model::LossCause;

use crate::context::Contexts;
use crate::rule::Rule;

/// What to record, and where to.
#[derive(Clone, Debug)]
pub struct RecordingConfig {
    /// The folder of the trace; it must not exist yet.
    pub output: PathBuf,
    /// Which events of programs, if any.
    pub programs: Option<ProgramsRequest>,
    /// Which events of the kernel, if any.
    pub kernel: Option<KernelRequest>,
    /// The executable that becomes the keeper when it is called with `__keeper` (`thalweg` itself:
    /// `/proc/self/exe`); without one, what a killed recorder leaves waits for the next run.
    pub keeper: Option<PathBuf>,
}

/// Which events of programs to record.
#[derive(Clone, Debug)]
pub struct ProgramsRequest {
    /// An event that one of these rules takes is recorded.
    pub rules: Vec<Rule>,
    /// The most ring memory of all programs together.
    pub limit_bytes: u64,
    /// What each event says of its thread besides.
    pub contexts: Contexts,
    /// What a program's thread does that finds no room in its ring.
    pub mode: RingMode,
}

/// What a program's thread does that finds no room in its ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RingMode {
    /// The event is lost, and counted.
    #[default]
    Discard,
    /// The oldest events make room: a flight recorder, of which everything goes to disk at the end,
    /// or when a snapshot is asked for.
    Overwrite,
    /// The thread waits for at most so long, or as long as it takes, if its program was started with
    /// `THALWEG_ALLOW_BLOCKING=1`; else, and afterwards, the event is lost.
    Block(Option<Duration>),
}

impl RingMode {
    /// The number and the time that stand for it in a slot.
    pub(crate) fn words(self) -> (u64, u64) {
        match self {
            Self::Discard => (slot::DISCARD, 0),
            Self::Overwrite => (slot::OVERWRITE, 0),
            Self::Block(patience) => {
                let ns = patience.map(|patience| u64::try_from(patience.as_nanos()).ok());
                (slot::BLOCK, ns.flatten().unwrap_or(u64::MAX))
            }
        }
    }
}

impl Default for ProgramsRequest {
    fn default() -> Self {
        Self {
            rules: vec![Rule::named("*")],
            limit_bytes: 64 << 20,
            contexts: Contexts::default(),
            mode: RingMode::default(),
        }
    }
}

/// Which events of the kernel to record.
#[derive(Clone, Debug, Default)]
pub struct KernelRequest {
    /// Names and patterns; none means the default set, or nothing beside [`Self::syscalls`],
    /// [`Self::probes`], [`Self::functions`], [`Self::histograms`], [`Self::synthetics`],
    /// [`Self::profile`] and [`Self::counts`].
    pub patterns: Vec<String>,
    /// What events of tracefs must pass, tested in the kernel.
    pub filters: Vec<EventFilter>,
    /// What events of tracefs say of the thread that was running.
    pub contexts: KernelContexts,
    /// Call stacks in the events that tracefs would record without.
    pub stacks: Stacks,
    /// Counters of processors in the same events.
    pub counters: Vec<CpuCounter>,
    /// Whose events, if not everybody's.
    pub track: Option<Track>,
    /// Whose events are left out.
    pub untrack: Option<Track>,
    /// System calls with what their pointers point at: names and globs, none for all.
    pub syscalls: Option<Vec<String>>,
    /// What they say beyond LTTng's fields.
    pub syscall_options: SyscallOptions,
    /// Probes to set.
    pub probes: Vec<ProbeSpec>,
    /// Functions of the kernel to trace.
    pub functions: Option<FunctionTrace>,
    /// What the kernel is to count by groups.
    pub histograms: Vec<HistogramSpec>,
    /// How often that is read.
    pub readings_interval: Duration,
    /// Events that the kernel makes of two others.
    pub synthetics: Vec<SyntheticSpec>,
    /// A latency tracer.
    pub latency: Option<LatencyTracer>,
    /// What to sample.
    pub profile: Option<ProfileRequest>,
    /// What to count.
    pub counts: Option<CountRequest>,
    /// The kernel's ring for each cpu; `None` means the default.
    pub buffer_kib_per_cpu: Option<u32>,
    /// Whether the newest events take the place of the oldest: a flight recorder, as
    /// [`RingMode::Overwrite`] of programs.
    pub overwrite: bool,
}

/// What to sample.
#[derive(Clone, Debug)]
pub struct ProfileRequest {
    /// The events.
    pub events: Vec<PerfEventName>,
    /// Samples a second: of each CPU, or of each tracked thread while it runs.
    pub hz: u64,
}

/// What to count.
#[derive(Clone, Debug)]
pub struct CountRequest {
    /// The events.
    pub events: Vec<PerfEventName>,
    /// From one reading to the next.
    pub interval: Duration,
}

/// What a started recording really records.
#[derive(Clone, Debug)]
pub struct Started {
    /// The number of kernel events that are on, or why there are none, if they were asked for.
    pub kernel: Option<Result<usize, String>>,
    /// What a user should know: sources that were tried and refused, and why.
    pub notes: Vec<String>,
}

/// How a recording is going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Events on disk.
    pub events: u64,
    /// Events lost, whatever the cause.
    pub discarded: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// One source of events: the kernel, or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSummary {
    /// `kernel`, `system calls`, or a program's name and process id.
    pub name: String,
    /// Events on disk.
    pub events: u64,
    /// Events lost, by cause; causes without loss are left out.
    pub discarded: Vec<(LossCause, u64)>,
}

/// What a snapshot of a flight recorder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The folder of its trace.
    pub path: PathBuf,
    /// Events on disk.
    pub events: u64,
    /// Events that were overwritten before it, or lost otherwise.
    pub missing: u64,
    /// Events of its state dumps besides.
    pub dumped: u64,
    /// What a user should know.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// An empty one in this folder.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            path,
            events: 0,
            missing: 0,
            dumped: 0,
            notes: Vec::new(),
        }
    }
}

/// What a finished recording has to say.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The folder of the trace.
    pub path: PathBuf,
    /// From start to stop.
    pub duration: Duration,
    /// Bytes on disk.
    pub bytes: u64,
    /// Each source.
    pub sources: Vec<SourceSummary>,
    /// The first failure of the storage, if there was one: the trace holds what came before.
    pub storage_error: Option<String>,
    /// What a user should know besides.
    pub notes: Vec<String>,
}

impl Summary {
    /// Events on disk.
    pub fn events(&self) -> u64 {
        self.sources.iter().map(|source| source.events).sum()
    }

    /// Events lost, whatever the cause; those that were overwritten among them.
    pub fn discarded(&self) -> u64 {
        self.sources
            .iter()
            .flat_map(|source| &source.discarded)
            .map(|(_, count)| count)
            .sum()
    }
}
