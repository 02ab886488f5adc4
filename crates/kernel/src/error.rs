//! What can go wrong with tracefs, and what to do then.

use std::io;
use std::path::{Path, PathBuf};

use thalweg_kbuf::FormatError;

/// Why the kernel's events cannot be had. Messages finish the sentence "failed to …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No mount of type tracefs.
    #[error(
        "find tracefs: it is not mounted; mount it as root: \
         mount -t tracefs nodev /sys/kernel/tracing"
    )]
    NotMounted,
    /// Mounted, and this process may not.
    #[error(
        "{doing} {}: permission denied; {}", path.display(), rights(rustix::process::geteuid().is_root())
    )]
    Denied {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Mounted, and the kernel shows nothing in it.
    #[error(
        "use tracefs at {}: it is empty; the kernel was built without tracing, or lockdown \
         (/sys/kernel/security/lockdown) hides it", path.display()
    )]
    Empty {
        /// Where it is mounted.
        path: PathBuf,
    },
    /// An input or output error of tracefs.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no memory for the rings.
    #[error(
        "give the kernel a ring of {kib} KiB for each CPU: there is not so much memory; choose a \
         smaller one with --kernel-buffer"
    )]
    Rings {
        /// The size that was asked for.
        kib: usize,
    },
    /// A rule matches no event of this kernel.
    #[error("find a kernel event called `{pattern}`{}", near(near_names))]
    UnknownEvent {
        /// The rule's pattern.
        pattern: String,
        /// Names that look like it.
        near_names: Vec<String>,
    },
    /// A pattern means no system call.
    #[error(
        "find a system call `{pattern}` in this kernel{}",
        near_calls(near_names)
    )]
    UnknownSyscall {
        /// The pattern.
        pattern: String,
        /// Names that look like it.
        near_names: Vec<String>,
    },
    /// A one-liner of `watch` cannot be understood, or does not fit the events.
    #[error("understand what to watch: {0}")]
    Watch(#[from] crate::WatchError),
    /// The kernel has no BTF, or lacks in it what our programs need.
    #[error("{0}")]
    Btf(#[from] thalweg_bpf::BtfError),
    /// A program of ours is not well made.
    #[error("{0}")]
    Assemble(#[from] thalweg_bpf::AssembleError),
    /// The kernel refuses a program.
    #[error("{0}")]
    Bpf(#[from] thalweg_bpf::Error),
    /// The kernel refuses memory that programs and we share.
    #[error("use a map of eBPF: {source}")]
    BpfMap {
        /// Why.
        source: io::Error,
    },
    /// The kernel does not count or sample this.
    #[error("use the event {event}: {why}")]
    Perf {
        /// The event.
        event: String,
        /// Why not.
        why: String,
    },
    /// The kernel refuses a ring for samples, or an order to what writes there.
    #[error("use the ring of a perf event: {source}")]
    PerfRing {
        /// Why.
        source: io::Error,
    },
    /// A probe that a user has set cannot be had.
    #[error("set the probe `{probe}`: {why}")]
    Probe {
        /// The probe, as it was said.
        probe: String,
        /// Why not.
        why: String,
    },
    /// The kernel has no probes.
    #[error("set a probe: this kernel has none, there is no {}", path.display())]
    NoProbes {
        /// Where it would be told of them.
        path: PathBuf,
    },
    /// The kernel's function tracers cannot be had.
    #[error("trace functions with the tracer {tracer}: {why}")]
    Functions {
        /// The tracer.
        tracer: &'static str,
        /// Why not.
        why: String,
    },
    /// A histogram or a synthetic event cannot be had.
    #[error("set {what}: {why}")]
    Trigger {
        /// Which.
        what: String,
        /// Why not.
        why: String,
    },
    /// Records of ftrace's own are not what this program knows.
    #[error("read records of {record}: this kernel's tell other things than the known ones")]
    UnknownRecord {
        /// Which.
        record: String,
    },
    /// No rule matched, and none had to.
    #[error("enable kernel events: none of the chosen ones is in this kernel")]
    NoEvents,
    /// The kernel cannot tell what a filter asks.
    #[error("filter {event} in the kernel: {why}")]
    KernelFilter {
        /// The event, the first of those that the filter is for.
        event: String,
        /// What it cannot tell.
        why: thalweg_filter::tracefs::Refusal,
    },
    /// A filter that does nothing, or too much.
    #[error("use the filter `{filter}`: {why}")]
    UselessFilter {
        /// The filter.
        filter: String,
        /// Why.
        why: &'static str,
    },
    /// The kernel refused a filter.
    #[error("set the filter `{filter}` on {event}: {why}")]
    Filter {
        /// The event.
        event: String,
        /// The filter.
        filter: String,
        /// The kernel's words.
        why: String,
    },
    /// The kernel has no clock that programs can read too.
    #[error(
        "choose a trace clock: the kernel offers {}, and neither x86-tsc (with clocksource tsc) \
         nor mono is among them", clocks.join(" ")
    )]
    NoClock {
        /// What it offers.
        clocks: Vec<String>,
    },
    /// The clock that was asked for is not there.
    #[error("set the trace clock {clock}: the kernel offers {}", clocks.join(" "))]
    UnknownClock {
        /// What was asked for.
        clock: String,
        /// What it offers.
        clocks: Vec<String>,
    },
    /// The clock of somebody else's instance does not tell nanoseconds.
    #[error("read times of the clock {clock}: it does not tell nanoseconds")]
    NoTime {
        /// The clock.
        clock: String,
    },
    /// A `format` file or a page header is not what this program knows.
    #[error("read the layout in {}: {source}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A recording's id cannot be part of a folder's name.
    #[error("name a recording `{id}`: letters, digits, `-`, `_` and `.` only, at most 64")]
    BadId {
        /// The id.
        id: String,
    },
    /// An instance of this id is there already.
    #[error("create the trace instance {name}: it exists; a recording with this id runs or died")]
    Exists {
        /// The instance.
        name: String,
    },
    /// No instance of this name.
    #[error("open the trace instance {name}: there is none")]
    NoInstance {
        /// The instance.
        name: String,
    },
    /// Another process holds the instance.
    #[error("take the trace instance {name}: process {pid} holds it")]
    Held {
        /// The instance.
        name: String,
        /// Its holder; 0 if that is outside of this process's view.
        pid: i32,
    },
    /// No process has this number.
    #[error("track process {process}: there is none")]
    NoProcess {
        /// The number.
        process: u32,
    },
    /// There is no such control group.
    #[error("track {what}: there is no such control group of version 2 now")]
    NoControlGroup {
        /// What was to be tracked.
        what: String,
    },
    /// Perf events are of threads that are listed.
    #[error(
        "track by users, groups or control groups, or leave somebody out, with --profile, --count or call \
         stacks: perf events track processes alone (pid=NUMBER); record them without"
    )]
    PerfAttributes,
    /// Nobody tells who threads are.
    #[error("track users, groups or control groups: {0}")]
    NoAttributes(String),
    /// The kernel's lists hold other numbers than ours.
    #[error(
        "track processes: this is not the first pid namespace, whose numbers the kernel's lists hold; \
         record from outside of the container"
    )]
    NestedNamespace,
    /// A CPU that the instance does not have.
    #[error("drain cpu {cpu}: the trace instance has no ring for it")]
    NoCpu {
        /// The CPU.
        cpu: u32,
    },
}

fn near(names: &[String]) -> String {
    match names {
        [] => "; `thalweg list -k` shows what there is".to_owned(),
        names => near_calls(names),
    }
}

fn near_calls(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(", ")),
    }
}

/// What whoever may not do something can do.
fn rights(is_root: bool) -> String {
    if is_root {
        return "root may not either: the kernel is locked down (/sys/kernel/security/lockdown), or a \
                security module or a container forbids it"
            .to_owned();
    }
    let own = std::env::current_exe();
    let own = own.map_or_else(|_| "PROGRAM".to_owned(), |path| path.display().to_string());
    format!(
        "run as root, or give the program the one capability that suffices: setcap \
         cap_dac_override+ep {own}"
    )
}

impl Error {
    /// An input or output error with its place; a missing permission is told apart.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { doing, path },
            _ => Self::Io {
                doing,
                path,
                source,
            },
        }
    }
}

/// Why draining stopped.
#[derive(Debug, thiserror::Error)]
pub enum DrainError<E> {
    /// The kernel's side failed.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// The sink refused a packet; the same events come again with the next call.
    #[error("{0}")]
    Sink(E),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_not_told_to_become_root() {
        assert!(rights(false).starts_with("run as root, or "));
        assert!(rights(true).contains("locked down") && !rights(true).contains("run as"));
    }
}
