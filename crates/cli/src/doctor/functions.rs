//! Probes and function tracers: whether they are there, and why not.

use thalweg_kernel::{Tracefs, find_function_tracers};

use super::finding::Finding;

/// Instances with names that nobody takes for a recording's.
const PREFIX: &str = "doctor-of-thalweg-";

/// What can be had of places in programs and of functions of the kernel.
pub(crate) fn findings(tracefs: &Tracefs) -> Vec<Finding> {
    let id = "tracefs.functions";
    let tracefs = tracefs.clone().with_prefix(PREFIX);
    let tracers = find_function_tracers(&tracefs, &format!("functions-{}", std::process::id()));
    let functions = match tracers {
        Err(error) => Finding::warn(id, format!("not tried: failed to {error}")),
        Ok(tracers) => match (tracers.function, tracers.graph) {
            (Ok(()), Ok(())) => Finding::ok(id, "--functions and --function-graph, by tracers"),
            (Ok(()), Err(why)) => {
                let words = format!("--functions by its tracer; --function-graph by probes: {why}");
                Finding::warn(id, words)
            }
            (Err(why), _) => Finding::warn(id, format!("no --functions: {why}")),
        },
    };
    vec![
        probes(&tracefs, "tracefs.uprobes", "uprobe_events", "programs"),
        probes(&tracefs, "tracefs.kprobes", "kprobe_events", "the kernel"),
        functions,
    ]
}

fn probes(tracefs: &Tracefs, id: &'static str, file: &str, of: &str) -> Finding {
    let path = tracefs.root().join(file);
    match path.exists() {
        true => Finding::ok(id, format!("--probe in {of}")),
        false => Finding::warn(
            id,
            format!(
                "no --probe in {of}: there is no {}; the kernel was built without it, or is locked down",
                path.display()
            ),
        ),
    }
}
