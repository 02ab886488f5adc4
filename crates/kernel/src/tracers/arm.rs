//! Sets an instance's tracer, and the functions that it is for.

use std::io;

use super::offered::{LOCKED, check};
use super::spec::{FunctionKind, FunctionTrace};
use crate::instance::Instance;
use crate::probes::{has_known_numbers, own_threads};
use crate::{Error, KernelConfig, Missing, Tracefs};

/// Sets what a recording wants; it begins with `tracing_on`. What cannot be had comes back.
pub(crate) fn arm(
    tracefs: &Tracefs,
    config: &KernelConfig,
    instance: &Instance,
) -> Result<Option<Missing>, Error> {
    if let Some(trace) = &config.functions {
        trace.check()?;
        check(tracefs, instance, trace.tracer()).map_err(|why| trace.refused(why))?;
        choose(instance, "set_ftrace_filter", trace, &trace.functions)?;
        choose(instance, "set_ftrace_notrace", trace, &trace.left_out)?;
        track(config, instance)?;
        if trace.kind == (FunctionKind::Calls { stacks: true }) {
            if !instance.has(NEWER) {
                return Err(trace.refused(NO_STACKS));
            }
            stack_each_call(instance)?;
        }
        let set = instance.try_write("current_tracer", trace.tracer());
        set.map_err(|error| trace.refused(words(&error)))?;
    }
    if let Some(tracer) = config.latency {
        tracer.arm(tracefs, config, instance)?;
    }
    markers(config.markers, instance)
}

/// Of Debian's kernels all but the newest keep this option for all instances together: it is to be taken
/// back.
const STACKS: &str = "options/func_stack_trace";
/// A sign for whoever removes the instance, which has no other use there: that [`STACKS`] was off before.
const SIGN: &str = "options/verbose";

/// An option that kernels have had since they write stacks into instances, too.
const NEWER: &str = "options/func-no-repeats";
const NO_STACKS: &str = "this kernel records the callers of functions in no instance; leave \
                         --function-stacks out";

fn stack_each_call(instance: &Instance) -> Result<(), Error> {
    if instance.read_number(STACKS) != Some(1) {
        instance.write(SIGN, "1")?;
        instance.write(STACKS, "1")?;
    }
    Ok(())
}

/// Takes back what would outlive the instance.
pub(crate) fn disarm(instance: &Instance) -> Result<(), Error> {
    match instance.read_number(SIGN) {
        Some(1) => instance.write(STACKS, "0"),
        _ => Ok(()),
    }
}

/// The kernel knows patterns itself; each write adds to what is there.
fn choose(
    instance: &Instance,
    file: &str,
    trace: &FunctionTrace,
    patterns: &[String],
) -> Result<(), Error> {
    for pattern in patterns {
        let written = instance.try_write(file, &format!("{pattern}\n"));
        written.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => {
                trace.refused(format!("no function of this kernel matches `{pattern}`"))
            }
            _ => trace.refused(words(&error)),
        })?;
    }
    Ok(())
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => LOCKED.to_owned(),
        _ => error.to_string(),
    }
}

fn track(config: &KernelConfig, instance: &Instance) -> Result<(), Error> {
    let Some(track) = &config.track else {
        return Ok(());
    };
    instance.write("options/function-fork", "1")?;
    track.put(|threads| append(instance, "set_ftrace_pid", threads))
}

/// Lets functions be told of no thread of this process, nor of `processes`.
pub(crate) fn leave_out(instance: &Instance, processes: &[u32]) -> Result<(), Error> {
    let file = "set_ftrace_notrace_pid";
    let tracer = instance.read("current_tracer")?;
    // Kernels before 5.8 have no such list.
    if tracer.trim() == "nop" || !instance.has(file) || !has_known_numbers() {
        return Ok(());
    }
    let threads: Vec<u32> = own_threads().chain(processes.iter().copied()).collect();
    append(instance, file, &threads)
}

fn append(instance: &Instance, file: &str, threads: &[u32]) -> Result<(), Error> {
    let numbers = threads.iter().map(|thread| format!("{thread} "));
    instance.write(file, &numbers.collect::<String>())
}

/// Whether texts that are written to `trace_marker` are recorded.
fn markers(wanted: bool, instance: &Instance) -> Result<Option<Missing>, Error> {
    const COPY: &str = "options/copy_trace_marker";
    // Kernels that keep the option for all instances together refuse: then nobody writes to ours.
    let set = instance.try_write("options/markers", if wanted { "1" } else { "0" });
    if !wanted {
        return Ok(None);
    }
    set.map_err(|error| Error::io("write to", &instance.path("options/markers"), error))?;
    if instance.has(COPY) {
        instance.write(COPY, "1")?;
        return Ok(None);
    }
    Ok(Some(Missing {
        what: "what is written to the machine's trace_marker".to_owned(),
        why: format!(
            "this kernel copies it into no instance (Linux 6.16 does); what is written to {} is",
            instance.path("trace_marker").display()
        ),
    }))
}
