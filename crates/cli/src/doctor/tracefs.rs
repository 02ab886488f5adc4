//! tracefs: where the kernel's events come from.

use thalweg_kernel::{
    Error, KnownEvent, Stacks, SyscallConfig, SyscallOptions, SyscallRecording, TraceClock, Tracefs,
};

use super::finding::Finding;
use crate::record::{KernelRefusal, kernel_refusal};

/// What tracefs offers, and itself if it can be used.
pub(crate) fn findings() -> (Option<Tracefs>, Vec<Finding>) {
    let tracefs = match Tracefs::find() {
        Ok(tracefs) => tracefs,
        Err(error) => return (None, vec![refused(&error)]),
    };
    let root = tracefs.root().display();
    let access = match kernel_refusal() {
        None => Finding::ok("tracefs.access", format!("{root} can be read and written")),
        Some(refusal) => refusal_finding(refusal),
    };
    let findings = vec![
        access,
        clock(&tracefs),
        events(&tracefs),
        syscalls(&tracefs),
        payload(&tracefs),
    ];
    (Some(tracefs), findings)
}

fn refused(error: &Error) -> Finding {
    let id = "tracefs.access";
    match (error, kernel_refusal()) {
        (Error::NotMounted, _) => Finding::missing(id, "not mounted")
            .fix("sudo mount -t tracefs nodev /sys/kernel/tracing"),
        (Error::Denied { .. }, Some(refusal)) => refusal_finding(refusal),
        (error, _) => Finding::missing(id, format!("failed to {error}")),
    }
}

fn refusal_finding(refusal: KernelRefusal) -> Finding {
    let finding = Finding::missing("tracefs.access", format!("failed to {}", refusal.why));
    match refusal.grant {
        Some(command) => finding.fix(command),
        None => finding,
    }
}

fn clock(tracefs: &Tracefs) -> Finding {
    let id = "tracefs.clock";
    match TraceClock::choose(tracefs) {
        Ok(TraceClock::X86Tsc) => Finding::ok(id, "x86-tsc: the clock that programs read"),
        Ok(clock) => Finding::warn(
            id,
            format!("{clock}: programs read CLOCK_MONOTONIC with it"),
        ),
        Err(error) => Finding::missing(id, format!("failed to {error}")),
    }
}

fn events(tracefs: &Tracefs) -> Finding {
    let id = "tracefs.events";
    match tracefs.events() {
        Ok(events) if events.is_empty() => Finding::missing(id, "this kernel has none"),
        Ok(events) => {
            let systems: std::collections::BTreeSet<&str> =
                events.iter().map(|event| event.system.as_str()).collect();
            Finding::ok(
                id,
                format!("{} in {} subsystems", events.len(), systems.len()),
            )
        }
        Err(error) => Finding::missing(id, format!("failed to {error}")),
    }
}

fn syscalls(tracefs: &Tracefs) -> Finding {
    let events = tracefs.events().unwrap_or_default();
    let is_entry = |event: &&KnownEvent| {
        event.system == "syscalls" && event.kernel_name.starts_with("sys_enter_")
    };
    match events.iter().filter(is_entry).count() {
        0 => Finding::warn(
            "tracefs.syscalls",
            "none by name: the kernel was built without CONFIG_FTRACE_SYSCALLS",
        ),
        count => Finding::ok("tracefs.syscalls", format!("{count} by name")),
    }
}

/// Whether the kernel takes our programs: they are loaded, and run not once.
fn payload(tracefs: &Tracefs) -> Finding {
    let id = "tracefs.payload";
    let config = SyscallConfig {
        patterns: vec!["getppid".to_owned()],
        ring_bytes_per_cpu: 0,
        filters: Vec::new(),
        options: SyscallOptions::default(),
        stacks: Stacks::default(),
        track: None,
        untrack: None,
        clock: TraceClock::Mono,
    };
    match SyscallRecording::start(tracefs, &config) {
        Ok(_) => Finding::ok(id, "eBPF: system calls with what their pointers point at"),
        Err(error) => {
            let words = format!("system calls without it: failed to {error}");
            Finding::warn(id, words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_missing_mount_comes_with_its_command() {
        let finding = refused(&Error::NotMounted);
        assert_eq!(finding.state, State::Missing);
        assert_eq!(
            finding.fix.unwrap(),
            "sudo mount -t tracefs nodev /sys/kernel/tracing"
        );
    }
}
