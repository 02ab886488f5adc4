//! What to record.

use thalweg_filter::Filter;

use crate::{
    Error, FunctionTrace, HistogramSpec, KernelContexts, LatencyTracer, Missing, Naming, Probe,
    SyntheticSpec, TraceClock, Track,
};

/// The events of a recording that names none: what scheduler, interrupts, system calls, disks,
/// tasks, signals and page faults do.
pub const DEFAULT_EVENTS: &[&str] = &[
    "sched",
    "irq",
    "syscalls",
    "block",
    "task",
    "signal",
    "exceptions:page_fault_*",
];

/// Which events, and under which condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRule {
    /// A name or glob, `subsystem:event`, or a subsystem.
    pub pattern: String,
    /// A condition in the kernel's filter language.
    pub filter: Option<String>,
    /// Whether it is an error when this kernel has no such event.
    pub required: bool,
}

impl EventRule {
    /// A rule that this kernel must be able to follow.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            filter: None,
            required: true,
        }
    }

    /// The same rule under a condition.
    #[must_use]
    pub fn with_filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// The default events; what this kernel lacks of them is reported, not refused.
    pub fn defaults() -> Vec<Self> {
        DEFAULT_EVENTS
            .iter()
            .map(|&p| Self {
                required: false,
                ..Self::new(p)
            })
            .collect()
    }

    /// The rules of a list with commas.
    pub fn parse_list(list: &str) -> Vec<Self> {
        list.split(',')
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .map(Self::new)
            .collect()
    }
}

/// A condition in the language of crate `filter`, on the fields that events have in the trace.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFilter {
    /// The events that it is for, each as in [`EventRule::pattern`]; all, if there is no such list.
    pub patterns: Option<Vec<String>>,
    /// The condition.
    pub filter: Filter,
    /// As it was written.
    pub text: String,
    /// Whether something else records events that it is for: tracefs need have none.
    pub is_used_elsewhere: bool,
}

impl EventFilter {
    /// It is for events that are not recorded.
    pub fn idle(&self) -> Error {
        Error::UselessFilter {
            filter: self.text.clone(),
            why: "none of the events that it is for is recorded",
        }
    }

    /// What it leaves out, in one line, however many events it is: their names, and why.
    pub(crate) fn left_out(&self, events: &[(String, String)]) -> Option<Missing> {
        let (what, why) = in_short(events)?;
        let why = format!("the filter `{}` lets none pass: {why}", self.text);
        Some(Missing { what, why })
    }

    /// For which events it is tested when they are read, in one line.
    pub(crate) fn tested_later(&self, events: &[(String, String)]) -> Option<String> {
        let (what, why) = in_short(events)?;
        Some(format!(
            "the filter `{}` of {what} is tested when events are read, and until then all of them take \
             room in the kernel's rings: {why}",
            self.text
        ))
    }
}

/// Events, however many they are, and what is to be said of the first.
fn in_short(events: &[(String, String)]) -> Option<(String, &str)> {
    let (first, why) = events.first()?;
    let what = match events.len() {
        1 => first.clone(),
        2 => format!("{first} and 1 more event"),
        count => format!("{first} and {} more events", count - 1),
    };
    Some((what, why))
}

/// A recording's settings.
#[derive(Clone, Debug)]
pub struct KernelConfig {
    /// Makes the instance's name, `thalweg-ID`.
    pub id: String,
    /// Which events.
    pub rules: Vec<EventRule>,
    /// What events must pass: every filter that is for them.
    pub filters: Vec<EventFilter>,
    /// What is said of the running thread in each event.
    pub contexts: KernelContexts,
    /// Whose events, if not everybody's.
    pub track: Option<Track>,
    /// Whose events are left out.
    pub untrack: Option<Track>,
    /// A subsystem whose events are left out, whatever the rules say.
    pub leave_out: Option<String>,
    /// Probes to set, beside the events that the rules choose.
    pub probes: Vec<Probe>,
    /// Functions of the kernel to trace.
    pub functions: Option<FunctionTrace>,
    /// What the kernel counts by groups.
    pub histograms: Vec<HistogramSpec>,
    /// Events that the kernel makes of two others.
    pub synthetics: Vec<SyntheticSpec>,
    /// A latency tracer.
    pub latency: Option<LatencyTracer>,
    /// Whether texts that are written to `trace_marker` are recorded.
    pub markers: bool,
    /// The ring's size for each CPU.
    pub buffer_bytes_per_cpu: usize,
    /// The size of the ring's pages, each of which becomes a packet; smaller where the ring is.
    pub page_bytes: usize,
    /// The share of the ring that must be filled before a waiter is woken.
    pub wake_percent: u8,
    /// The clock; the one that the kernel trusts, if none is named.
    pub clock: Option<TraceClock>,
    /// Whose names events have.
    pub naming: Naming,
    /// Whether newer events take the place of the oldest in a ring that is full: a flight recorder.
    pub overwrite: bool,
}

impl KernelConfig {
    /// Whether nothing is to be recorded.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && !self.has_more()
    }

    /// Whether there is more to record than what the rules choose.
    pub(crate) fn has_more(&self) -> bool {
        self.has_records() || self.functions.is_some() || self.latency.is_some()
    }

    /// Whether there is more to record than what rules choose and tracers tell.
    pub(crate) fn has_records(&self) -> bool {
        let has_triggers = !self.histograms.is_empty() || !self.synthetics.is_empty();
        has_triggers || !self.probes.is_empty() || self.markers
    }

    /// The default events in rings of 8 MiB.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            rules: EventRule::defaults(),
            filters: Vec::new(),
            contexts: KernelContexts::default(),
            track: None,
            untrack: None,
            leave_out: None,
            probes: Vec::new(),
            functions: None,
            histograms: Vec::new(),
            synthetics: Vec::new(),
            latency: None,
            markers: false,
            buffer_bytes_per_cpu: 8 << 20,
            page_bytes: 64 << 10,
            wake_percent: 10,
            clock: None,
            naming: Naming::Lttng,
            overwrite: false,
        }
    }
}
