//! What will be recorded: the command line, and what this user may have.

use std::ffi::OsString;
use std::path::PathBuf;

use thalweg_collect::{
    Contexts, CountRequest, KernelRequest, Levels, ProfileRequest, ProgramsRequest, RingMode, Rule,
};

use thalweg_kernel::{ProbeSpec, Stacks, SyscallOptions};

use super::{KernelRefusal, helper, kernel_refusal, output, program};
use crate::args::RecordArgs;
use crate::exit::{Failure, RECORD_FAILED};
use crate::number::Patience;
use crate::track::track;

/// What will be recorded.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The folder of the trace.
    pub(crate) output: PathBuf,
    /// Which events of programs, if any.
    pub(crate) programs: Option<ProgramsRequest>,
    /// Which events of the kernel, if any.
    pub(crate) kernel: Option<KernelRequest>,
    /// Kernel events were asked for: without them there is no recording.
    pub(crate) kernel_required: bool,
    /// Why the kernel is left out, if it is and nobody asked for that.
    pub(crate) kernel_refusal: Option<KernelRefusal>,
    /// What the command preloads, if that changes.
    pub(crate) preload: Option<OsString>,
}

/// What is wanted of kernel and programs, as far as this user may have it.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) programs: Option<ProgramsRequest>,
    pub(crate) kernel: Option<KernelRequest>,
    pub(crate) kernel_required: bool,
    pub(crate) kernel_refusal: Option<KernelRefusal>,
}

/// Refuses what can be refused, and creates nothing but the folders above the output.
pub(crate) fn plan(args: &RecordArgs) -> Result<Plan, Failure> {
    let program = args.command.first().map(|name| program::locate(name));
    let program = program.transpose()?;
    let preload = program.map(|program| helper::preload(&args.helper, &program));
    let wanted = wanted(args)?;
    Ok(Plan {
        programs: wanted.programs,
        kernel: wanted.kernel,
        kernel_required: wanted.kernel_required,
        kernel_refusal: wanted.kernel_refusal,
        preload: preload.transpose()?.flatten(),
        output: output::choose(args.output.as_deref())?,
    })
}

/// Refuses what this user may not have and must.
pub(crate) fn wanted(args: &RecordArgs) -> Result<Wanted, Failure> {
    if !args.kernel.is_empty() && args.kernel.iter().all(|name| name.trim().is_empty()) {
        let words = "record kernel events: -k names none; `thalweg list -k` shows what there is";
        return Err(Failure::words(RECORD_FAILED, words));
    }
    let is_named = !args.kernel.is_empty() || !args.kernel_filter.is_empty();
    let is_tracked = !args.track.is_empty() || !args.untrack.is_empty() || args.follow;
    let is_traced = args.functions.trace().is_some();
    let is_probed = !args.probe.is_empty() || !args.function.is_empty() || is_traced;
    let is_sampled = args.profile.is_some() || !args.count.is_empty();
    let is_made = !args.triggers.is_empty();
    let is_chosen = is_named || is_probed || is_sampled || is_made || args.syscalls.is_some();
    let is_sized = args.kernel_buffer.is_some();
    let kernel_required = is_chosen || is_tracked || is_sized || args.no_user;
    let kernel_refusal = if args.no_kernel {
        None
    } else {
        kernel_refusal()
    };
    if let (true, Some(why)) = (kernel_required, &kernel_refusal) {
        return Err(Failure::words(RECORD_FAILED, why.to_string()));
    }
    if args.no_kernel && args.context.iter().any(Contexts::are_of_kernel) {
        let words = "say what only kernel events say (pid, tid, hostname, …) without kernel events";
        return Err(Failure::words(RECORD_FAILED, words));
    }
    let wants_kernel = !args.no_kernel && kernel_refusal.is_none();
    Ok(Wanted {
        programs: (!args.no_user).then(|| programs(args)),
        kernel: wants_kernel.then(|| kernel(args)),
        kernel_required,
        kernel_refusal,
    })
}

fn programs(args: &RecordArgs) -> ProgramsRequest {
    let mode = match args.blocking {
        Some(Patience(time)) => RingMode::Block(time),
        None if args.overwrite => RingMode::Overwrite,
        None => RingMode::Discard,
    };
    let mut request = ProgramsRequest {
        limit_bytes: args.ring_size,
        contexts: contexts(args),
        mode,
        ..Default::default()
    };
    if !args.user.is_empty() {
        request.rules = args.user.iter().map(Rule::named).collect();
    }
    for rule in &mut request.rules {
        rule.exclude.clone_from(&args.exclude);
        rule.levels = levels(args);
        rule.filter.clone_from(&args.filter);
    }
    request
}

fn levels(args: &RecordArgs) -> Levels {
    match (args.loglevel, args.loglevel_only) {
        (Some(level), _) => Levels::AtLeast(level),
        (_, Some(level)) => Levels::Exactly(level),
        (None, None) => Levels::All,
    }
}

fn contexts(args: &RecordArgs) -> Contexts {
    let contexts = args.context.iter().cloned();
    contexts.fold(Contexts::default(), Contexts::union)
}

fn kernel(args: &RecordArgs) -> KernelRequest {
    let kib = |bytes: u64| u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    KernelRequest {
        track: track(&args.track),
        untrack: track(&args.untrack),
        contexts: contexts(args).kernel,
        stacks: stacks(args),
        counters: contexts(args).counters,
        patterns: args.kernel.clone(),
        probes: probes(args),
        functions: args.functions.trace(),
        histograms: args.triggers.hist.clone(),
        readings_interval: args.triggers.hist_interval,
        synthetics: args.triggers.synthetic.clone(),
        latency: args.triggers.tracer,
        filters: args
            .kernel_filter
            .iter()
            .map(|filter| filter.0.clone())
            .collect(),
        syscalls: args.syscalls.as_ref().map(|list| list.0.clone()),
        syscall_options: SyscallOptions {
            data_bytes: args.syscall_data,
            fd_paths: args.fd_paths,
        },
        profile: args.profile.map(|hz| ProfileRequest {
            events: args.profile_event.clone(),
            hz,
        }),
        counts: (!args.count.is_empty()).then(|| CountRequest {
            events: args.count.clone(),
            interval: args.count_interval,
        }),
        buffer_kib_per_cpu: args.kernel_buffer.map(kib),
        overwrite: args.overwrite,
    }
}

/// Programs have their own stacks without this; events of the kernel, if they are named.
fn stacks(args: &RecordArgs) -> Stacks {
    let stacks = contexts(args).stacks;
    let is_named = !args.kernel.is_empty() || args.syscalls.is_some();
    match !is_named && !stacks.kernel {
        true => Stacks::default(),
        false => stacks,
    }
}

/// A function is two probes.
fn probes(args: &RecordArgs) -> Vec<ProbeSpec> {
    let halves = args.function.iter().flat_map(|function| &function.0);
    args.probe.iter().chain(halves).cloned().collect()
}
