//! Which source of the kernel's events is given what: the cheapest that can tell it.
//!
//! ```text
//!   -k, filters ──▶ tracefs        any tracepoint; conditions are tested in the kernel
//!   --probe ──────▶ tracefs        places in programs and in the kernel, with arguments
//!   --functions ──▶ tracefs        the kernel's function tracers
//!                     └─ no returns in this kernel's instances: probes
//!   --hist, --synthetic ─▶ tracefs  the kernel's triggers: counts by groups, events made of two others
//!   --syscalls ───▶ eBPF           system calls with what their pointers point at
//!                     └─ refused: tracefs, with a word about what is lost
//!   --profile ────▶ perf events    samples with their stacks
//!   -k, --context callstack-… ─▶ perf events    tracepoints with stacks, instead of tracefs
//!   --count ──────▶ perf events    counters, at each interval
//! ```

use thalweg_kernel::{
    Error as KernelError, EventRule, FilterReport, FunctionKind, GraphSource, KernelConfig, Plan,
    Probe, SyscallConfig, SyscallRecording, TraceClock, Tracefs, find_functions, find_graph_source,
    plain_syscall_rules, resolve_probes,
};

use crate::kernel_perf::PerfSources;
use crate::kernel_state::WantedState;
use crate::kernel_triggers;
use crate::rendezvous::tag;
use crate::summary::KernelRequest;

/// The subsystem whose events the programs for system calls stand in for.
const SYSCALLS: &str = "syscalls";
/// Texts that are written to `trace_marker`: an event that no list of the kernel's has.
const MARKERS: &str = "ftrace:print";

/// The sources that a request needs, of which tracefs is not started yet.
pub(crate) struct KernelSources {
    pub(crate) tracefs: Tracefs,
    pub(crate) config: KernelConfig,
    pub(crate) syscalls: Option<SyscallRecording>,
    pub(crate) perf: Option<PerfSources>,
    /// What of a state dump is wanted.
    pub(crate) state: Option<WantedState>,
    pub(crate) notes: Vec<String>,
}

/// What a request would record, and how.
#[derive(Clone, Debug, Default)]
pub struct KernelPlan {
    /// What tracefs records.
    pub tracefs: Option<Plan>,
    /// Probes that would be set.
    pub probes: Vec<Probe>,
    /// The tracer for functions, and the functions.
    pub functions: Option<(&'static str, Vec<String>)>,
    /// Events of system calls that programs in the kernel record.
    pub syscalls: Vec<String>,
    /// Events of samples and counters.
    pub perf: Vec<String>,
    /// What a user should know besides.
    pub notes: Vec<String>,
}

impl KernelPlan {
    /// The plan for a request; nothing is recorded.
    ///
    /// # Errors
    /// The request cannot be followed.
    pub fn make(request: &KernelRequest) -> Result<Self, KernelError> {
        let clock = TraceClock::choose(&Tracefs::find()?)?;
        let id = format!("{}-{}-plan", tag(), std::process::id());
        let mut sources = KernelSources::open(request, &id, clock)?;
        sources.put_off_filters();
        let made = kernel_triggers::planned(&sources.config);
        sources.notes.extend(made);
        let syscalls = sources.syscalls.iter();
        let syscalls = syscalls.flat_map(SyscallRecording::events);
        let tracefs = match sources.config.is_empty() {
            true => None,
            false => match Plan::make(&sources.tracefs, &sources.config) {
                Err(KernelError::NoEvents) if sources.has_others() => None,
                made => Some(made?),
            },
        };
        Ok(Self {
            tracefs,
            functions: sources.functions()?,
            syscalls: syscalls.map(|event| event.name.clone()).collect(),
            perf: sources.perf.iter().flat_map(PerfSources::names).collect(),
            probes: sources.config.probes,
            notes: sources.notes,
        })
    }
}

impl KernelSources {
    /// Whether something is recorded even if tracefs records nothing.
    pub(crate) fn has_others(&self) -> bool {
        self.syscalls.is_some() || self.perf.is_some()
    }

    pub(crate) fn open(
        request: &KernelRequest,
        id: &str,
        clock: TraceClock,
    ) -> Result<Self, KernelError> {
        let tracefs = Tracefs::find()?;
        let mut config = KernelConfig::new(id);
        config.clock = Some(clock);
        config.filters.clone_from(&request.filters);
        config.contexts = request.contexts;
        config.track.clone_from(&request.track);
        config.untrack.clone_from(&request.untrack);
        config.overwrite = request.overwrite;
        if let Some(kib) = request.buffer_kib_per_cpu {
            config.buffer_bytes_per_cpu = kib as usize * 1024;
        }
        let (probes, mut notes) = resolve_probes(&tracefs, &request.probes)?;
        config.probes = probes;
        notes.extend(kernel_triggers::choose(request, &mut config));
        choose_functions(&tracefs, request, &mut config, &mut notes)?;
        let syscalls = start_syscalls(&tracefs, request, &mut config, &mut notes)?;
        let plain = match &request.syscalls {
            Some(calls) if syscalls.is_none() => plain_syscall_rules(&tracefs, calls)?,
            _ => Vec::new(),
        };
        choose_rules(request, plain, &mut config);
        if is_sampled(request, &config) && !is_list_alone(request) {
            return Err(KernelError::PerfAttributes);
        }
        let perf = PerfSources::open(request, (&tracefs, &mut config, clock), &mut notes)?;
        let mut filters = config.filters.iter();
        match filters.find(|filter| !filter.is_used_elsewhere) {
            Some(filter) if config.is_empty() => Err(filter.idle()),
            _ => Ok(Self {
                tracefs,
                config,
                syscalls,
                perf,
                state: wants_state(request),
                notes,
            }),
        }
    }
}

impl KernelSources {
    /// Leaves filters out that may be for probes or synthetic events, which are not there before a recording.
    fn put_off_filters(&mut self) {
        if self.config.probes.is_empty() && self.config.synthetics.is_empty() {
            return;
        }
        for filter in std::mem::take(&mut self.config.filters) {
            self.notes.push(format!(
                "the filter `{}` is for events that a recording makes, too: it is tested when those are set",
                filter.text
            ));
        }
    }

    /// The tracer for functions, and the functions that it would trace.
    fn functions(&self) -> Result<Option<(&'static str, Vec<String>)>, KernelError> {
        let trace = self.config.functions.as_ref();
        let found = trace.map(|trace| Ok((trace.tracer(), find_functions(&self.tracefs, trace)?)));
        found.transpose()
    }
}

/// The tracer for functions, or probes in place of it.
fn choose_functions(
    tracefs: &Tracefs,
    request: &KernelRequest,
    config: &mut KernelConfig,
    notes: &mut Vec<String>,
) -> Result<(), KernelError> {
    let Some(trace) = &request.functions else {
        return Ok(());
    };
    if let FunctionKind::Graph { depth } = trace.kind {
        let trial = format!("{}-trial", config.id);
        if let GraphSource::Probes(probes, why) = find_graph_source(tracefs, trace, &trial)? {
            let limit = depth.map_or("", |_| "; calls of any depth are recorded");
            notes.push(format!(
                "functions are recorded by {} probes, which tell neither depth nor duration: {why}{limit}",
                probes.len()
            ));
            config.probes.extend(probes);
            return Ok(());
        }
    }
    config.functions = Some(trace.clone());
    Ok(())
}

/// The programs for system calls, if they are wanted; where this kernel has no such programs, tracefs
/// tells less of the calls.
fn start_syscalls(
    tracefs: &Tracefs,
    request: &KernelRequest,
    config: &mut KernelConfig,
    notes: &mut Vec<String>,
) -> Result<Option<SyscallRecording>, KernelError> {
    let (Some(patterns), Some(clock)) = (&request.syscalls, config.clock) else {
        return Ok(None);
    };
    let bytes = u32::try_from(config.buffer_bytes_per_cpu).unwrap_or(u32::MAX);
    let started = SyscallRecording::start(
        tracefs,
        &SyscallConfig {
            patterns: patterns.clone(),
            filters: config.filters.clone(),
            options: request.syscall_options,
            stacks: request.stacks,
            ring_bytes_per_cpu: bytes,
            track: config.track.clone(),
            untrack: config.untrack.clone(),
            clock,
        },
    );
    match started {
        Ok(mut recording) => {
            let has_others = has_tracefs(request);
            note_filters(recording.take_filter_report(), has_others, config, notes)?;
            Ok(Some(recording))
        }
        Err(
            error @ (KernelError::UnknownSyscall { .. }
            | KernelError::NoProcess { .. }
            | KernelError::NoControlGroup { .. }
            | KernelError::KernelFilter { .. }
            | KernelError::UselessFilter { .. }
            | KernelError::NestedNamespace),
        ) => Err(error),
        Err(error) => {
            notes.push(format!(
                "system calls without what their pointers point at: failed to {error}"
            ));
            Ok(None)
        }
    }
}

/// Marks the filters that system calls are tested by; `has_others`: other events may be tested, too.
fn note_filters(
    report: FilterReport,
    has_others: bool,
    config: &mut KernelConfig,
    notes: &mut Vec<String>,
) -> Result<(), KernelError> {
    let used = report.are_used.into_iter().zip(report.unfit);
    for (filter, (is_used, unfit)) in config.filters.iter_mut().zip(used) {
        filter.is_used_elsewhere = is_used;
        match unfit {
            Some(error) if !is_used && !has_others => return Err(error),
            _ => {}
        }
    }
    notes.extend(report.left_out.iter().map(ToString::to_string));
    Ok(())
}

/// Whether tracefs records something besides.
fn has_tracefs(request: &KernelRequest) -> bool {
    let is_probed = !request.probes.is_empty() || request.functions.is_some();
    is_probed || !request.patterns.is_empty()
}

/// Which events tracefs records: those that were named, or the default ones; system calls, which a
/// program records, only by the rules that stand in for it.
fn choose_rules(request: &KernelRequest, plain: Vec<EventRule>, config: &mut KernelConfig) {
    let named = request.patterns.iter();
    let named = named.flat_map(|list| EventRule::parse_list(list));
    let (markers, named): (Vec<EventRule>, Vec<EventRule>) = named
        .filter(|rule| !is_of_state(rule))
        .partition(|rule| rule.pattern == MARKERS);
    config.markers = !markers.is_empty();
    if request.syscalls.is_some() {
        let has_programs = plain.is_empty();
        config.leave_out = has_programs.then(|| SYSCALLS.to_owned());
        config.rules = [named, plain].concat();
    } else if !request.patterns.is_empty() || has_named_others(request) {
        config.rules = named;
    }
}

/// Whether perf events are asked for.
fn is_sampled(request: &KernelRequest, config: &KernelConfig) -> bool {
    let has_stacks = request.stacks.are_wanted() || !request.counters.is_empty();
    let has_stacks = has_stacks && !config.rules.is_empty();
    has_stacks || request.profile.is_some() || request.counts.is_some()
}

/// Whether threads are tracked by lists of them, if at all.
fn is_list_alone(request: &KernelRequest) -> bool {
    let track = request.track.iter();
    request.untrack.is_none() && track.flat_map(|track| &track.attributes).next().is_none()
}

/// Whether something is asked for beside which the default events are left out.
fn has_named_others(request: &KernelRequest) -> bool {
    let is_sampled = request.profile.is_some() || request.counts.is_some();
    let has_triggers = !request.histograms.is_empty() || !request.synthetics.is_empty();
    let has_triggers = has_triggers || request.latency.is_some();
    is_sampled || has_triggers || !request.probes.is_empty() || request.functions.is_some()
}

/// What of the state dump is wanted: with the default events, or by name.
fn wants_state(request: &KernelRequest) -> Option<WantedState> {
    if request.patterns.is_empty() {
        let is_default = request.syscalls.is_none() && !has_named_others(request);
        return is_default.then(WantedState::default);
    }
    let named = request.patterns.iter();
    let named = named.flat_map(|list| EventRule::parse_list(list));
    let named = named.filter(is_of_state).map(|rule| rule.pattern);
    let patterns: Vec<String> = named.collect();
    (!patterns.is_empty()).then(|| WantedState::named(&patterns))
}

/// Whether events of the state dump are meant, which no tracepoint tells.
fn is_of_state(rule: &EventRule) -> bool {
    rule.pattern.starts_with("lttng_statedump_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_rules(patterns: &[&str], syscalls: bool, plain: &[&str], rules: &[&str]) {
        let request = KernelRequest {
            patterns: patterns.iter().map(|&text| text.to_owned()).collect(),
            syscalls: syscalls.then(Vec::new),
            ..KernelRequest::default()
        };
        let mut config = KernelConfig::new("x");
        let stand_in = plain.iter().map(|&rule| EventRule::new(rule)).collect();
        choose_rules(&request, stand_in, &mut config);
        let chosen: Vec<&str> = config.rules.iter().map(|r| r.pattern.as_str()).collect();
        assert_eq!(chosen, rules);
        let has_programs = syscalls && plain.is_empty();
        assert_eq!(config.leave_out.is_some(), has_programs);
    }

    #[test]
    fn tracefs_records_what_no_program_does() {
        check_rules(&[], false, &[], thalweg_kernel::DEFAULT_EVENTS);
        check_rules(&["sched,irq"], false, &[], &["sched", "irq"]);
        check_rules(&[], true, &[], &[]);
        check_rules(&["sched"], true, &[], &["sched"]);
        check_rules(&["sched"], true, &["a:b"], &["sched", "a:b"]);
    }

    #[test]
    fn probes_alone_are_all_that_is_recorded() {
        let request = KernelRequest {
            probes: vec!["app:work".parse().unwrap()],
            ..KernelRequest::default()
        };
        let mut config = KernelConfig::new("x");
        choose_rules(&request, Vec::new(), &mut config);
        assert_eq!(config.rules, []);
    }
}
