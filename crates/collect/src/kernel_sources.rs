//! Which source of the kernel's events is given what: the cheapest that can tell it.
//!
//! ```text
//!   -k, filters ──▶ tracefs        any tracepoint; conditions are tested in the kernel
//!   --probe ──────▶ tracefs        places in programs and in the kernel, with arguments
//!   --syscalls ───▶ eBPF           system calls with what their pointers point at
//!                     └─ refused: tracefs, with a word about what is lost
//! ```

use thalweg_kernel::{
    Error as KernelError, EventRule, KernelConfig, Plan, SyscallConfig, SyscallRecording,
    TraceClock, Tracefs, plain_syscall_rules, resolve_probes,
};

use crate::kernel_state::WantedState;
use crate::summary::KernelRequest;

/// The subsystem whose events the programs for system calls stand in for.
const SYSCALLS: &str = "syscalls";

/// The sources that a request needs, of which tracefs is not started yet.
pub(crate) struct KernelSources {
    pub(crate) tracefs: Tracefs,
    pub(crate) config: KernelConfig,
    pub(crate) syscalls: Option<SyscallRecording>,
    /// What of a state dump is wanted.
    pub(crate) state: Option<WantedState>,
    pub(crate) notes: Vec<String>,
}

/// What a request would record, and how.
#[derive(Clone, Debug, Default)]
pub struct KernelPlan {
    /// What tracefs records.
    pub tracefs: Option<Plan>,
    /// Events of system calls that programs in the kernel record.
    pub syscalls: Vec<String>,
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
        let sources = KernelSources::open(request, "plan", clock)?;
        let syscalls = sources.syscalls.iter();
        let syscalls = syscalls.flat_map(SyscallRecording::events);
        let tracefs = match sources.config.is_empty() {
            true => None,
            false => match Plan::make(&sources.tracefs, &sources.config) {
                Err(KernelError::NoEvents) if sources.syscalls.is_some() => None,
                made => Some(made?),
            },
        };
        Ok(Self {
            tracefs,
            syscalls: syscalls.map(|event| event.name.clone()).collect(),
            notes: sources.notes,
        })
    }
}

impl KernelSources {
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
        let syscalls = start_syscalls(&tracefs, request, &config, &mut notes)?;
        let plain = match &request.syscalls {
            Some(calls) if syscalls.is_none() => plain_syscall_rules(&tracefs, calls)?,
            _ => Vec::new(),
        };
        choose_rules(request, plain, &mut config);
        match config.filters.first() {
            Some(filter) if config.rules.is_empty() => Err(filter.idle()),
            _ => Ok(Self {
                tracefs,
                config,
                syscalls,
                state: wants_state(request),
                notes,
            }),
        }
    }
}

/// The programs for system calls, if they are wanted; where this kernel has no such programs, tracefs
/// tells less of the calls.
fn start_syscalls(
    tracefs: &Tracefs,
    request: &KernelRequest,
    config: &KernelConfig,
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
            ring_bytes_per_cpu: bytes,
            track: config.track.clone(),
            untrack: config.untrack.clone(),
            clock,
        },
    );
    match started {
        Ok(recording) => Ok(Some(recording)),
        Err(
            error @ (KernelError::UnknownSyscall { .. }
            | KernelError::NoProcess { .. }
            | KernelError::NoControlGroup { .. }
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

/// Which events tracefs records: those that were named, or the default ones; system calls, which a
/// program records, only by the rules that stand in for it.
fn choose_rules(request: &KernelRequest, plain: Vec<EventRule>, config: &mut KernelConfig) {
    let named = request.patterns.iter();
    let named = named.flat_map(|list| EventRule::parse_list(list));
    let named: Vec<EventRule> = named.filter(|rule| !is_of_state(rule)).collect();
    if request.syscalls.is_some() {
        let has_programs = plain.is_empty();
        config.leave_out = has_programs.then(|| SYSCALLS.to_owned());
        config.rules = [named, plain].concat();
    } else if !request.patterns.is_empty() || !request.probes.is_empty() {
        config.rules = named;
    }
}

/// What of the state dump is wanted: with the default events, or by name.
fn wants_state(request: &KernelRequest) -> Option<WantedState> {
    if request.patterns.is_empty() {
        let is_default = request.syscalls.is_none() && request.probes.is_empty();
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
