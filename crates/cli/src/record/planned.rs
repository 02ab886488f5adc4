//! `record --plan`: which mechanism each event would use, and why. Nothing is recorded.
//!
//! ```text
//! tracefs: 2 events; it has every tracepoint of the kernel, and tests filters before it records
//!   sched_switch                         sched:sched_switch  if prev_pid == 7
//!   irq_softirq_entry                    irq:softirq_entry
//! eBPF: 2 events; tracefs does not follow the pointers of system calls
//!   syscall_entry_openat
//!   syscall_exit_openat
//! programs: events `*`; rings in their own memory, as each event is a few stores there
//! ```

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use thalweg_collect::{KernelPlan, ProgramsRequest};

use super::plan::{Wanted, wanted};
use crate::args::RecordArgs;
use crate::exit::{Failure, RECORD_FAILED};
use crate::number::counted;

const WIDTH: usize = 36;

/// Prints the plan.
pub(crate) fn run(args: &RecordArgs) -> Result<ExitCode, Failure> {
    let Wanted {
        programs,
        kernel,
        kernel_refusal,
        ..
    } = wanted(args)?;
    let mut text = String::new();
    if let Some(request) = &kernel {
        let plan = KernelPlan::make(request);
        let plan = plan.map_err(|error| Failure::new(RECORD_FAILED, error))?;
        of_kernel(&plan, &mut text);
    }
    if let Some(why) = &kernel_refusal {
        let _ = writeln!(text, "kernel: nothing: failed to {why}");
    }
    if let Some(request) = &programs {
        of_programs(request, &mut text);
    }
    // Who closes the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn of_kernel(plan: &KernelPlan, out: &mut String) {
    if let Some(tracefs) = plan.tracefs.as_ref().filter(|plan| !plan.events.is_empty()) {
        let _ = writeln!(
            out,
            "tracefs: {}; it has every tracepoint of the kernel, and tests filters before it records",
            counted(tracefs.events.len() as u64, "event")
        );
        for planned in &tracefs.events {
            let event = &planned.event;
            let path = format!("{}:{}", event.system, event.kernel_name);
            let filter = planned.filter.iter();
            let filter: String = filter.map(|filter| format!("  if {filter}")).collect();
            let _ = writeln!(out, "  {:WIDTH$} {path}{filter}", event.name);
        }
    }
    of_functions(plan, out);
    if !plan.syscalls.is_empty() {
        let _ = writeln!(
            out,
            "eBPF: {}; tracefs does not follow the pointers of system calls",
            counted(plan.syscalls.len() as u64, "event")
        );
        for name in &plan.syscalls {
            let _ = writeln!(out, "  {name}");
        }
    }
    if !plan.perf.is_empty() {
        let _ = writeln!(
            out,
            "perf events: {}; samples, counters and call stacks come by no other means",
            counted(plan.perf.len() as u64, "event")
        );
        for name in &plan.perf {
            let _ = writeln!(out, "  {name}");
        }
    }
    for note in &plan.notes {
        let _ = writeln!(out, "note: {note}");
    }
    let left_out = plan.tracefs.iter().flat_map(|tracefs| {
        let missing = tracefs.missing.iter();
        missing.chain(&tracefs.left_out)
    });
    for missing in left_out {
        let _ = writeln!(out, "note: {missing}");
    }
    let tested = plan
        .tracefs
        .iter()
        .flat_map(|tracefs| &tracefs.tested_later);
    for note in tested {
        let _ = writeln!(out, "note: {note}");
    }
}

fn of_functions(plan: &KernelPlan, out: &mut String) {
    if !plan.probes.is_empty() {
        let count = counted(plan.probes.len() as u64, "probe");
        let _ = writeln!(
            out,
            "probes: {count}; tracefs sets them for as long as it records"
        );
    }
    for probe in &plan.probes {
        let provider = probe.provider.iter();
        let name: String = provider.map(|one| format!("{one}:")).collect();
        let name = name + &probe.name;
        let arguments: String = probe
            .arguments
            .iter()
            .map(|one| format!(" {one}"))
            .collect();
        let filter = probe.filter.iter();
        let filter: String = filter.map(|filter| format!("  if {filter}")).collect();
        let _ = writeln!(out, "  {name:WIDTH$} {}{arguments}{filter}", probe.target);
    }
    if let Some((tracer, functions)) = &plan.functions {
        let count = counted(functions.len() as u64, "function");
        let _ = writeln!(out, "tracer {tracer}: {count}; it needs no probe for each");
        for function in functions {
            let _ = writeln!(out, "  {function}");
        }
    }
}

fn of_programs(request: &ProgramsRequest, out: &mut String) {
    let patterns: Vec<&str> = request
        .rules
        .iter()
        .map(|rule| rule.pattern.as_str())
        .collect();
    let filtered = match request.rules.iter().any(|rule| rule.filter.is_some()) {
        true => "; the filter is tested in the program",
        false => "",
    };
    let _ = writeln!(
        out,
        "programs: events `{}`; rings in their own memory, as an event is a few stores there{filtered}",
        patterns.join(",")
    );
}
