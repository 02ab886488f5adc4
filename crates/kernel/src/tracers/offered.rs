//! What this kernel offers of tracers, and to whom.

use std::io;
use std::path::Path;

use crate::instance::Instance;
use crate::{Error, Tracefs, text};

/// Which function tracers can be had, each with the reason if not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionTracers {
    /// `function`, in an instance.
    pub function: Result<(), String>,
    /// `function_graph`, in an instance.
    pub graph: Result<(), String>,
}

/// Tries what an instance of this name can be set to; it is removed again.
///
/// # Errors
/// No instance can be made.
pub fn find_function_tracers(tracefs: &Tracefs, id: &str) -> Result<FunctionTracers, Error> {
    let instance = Instance::create(tracefs, id)?;
    let tracers = FunctionTracers {
        function: check(tracefs, &instance, "function"),
        graph: check(tracefs, &instance, "function_graph"),
    };
    instance.remove()?;
    Ok(tracers)
}

/// Why an instance has no such function tracer.
pub(super) fn check(tracefs: &Tracefs, instance: &Instance, tracer: &str) -> Result<(), String> {
    has_tracer(tracefs, instance, tracer)?;
    match text::read(&instance.path("set_ftrace_filter")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(LOCKED.to_owned()),
        _ => Ok(()),
    }
}

/// Why an instance has no such tracer.
pub(super) fn has_tracer(
    tracefs: &Tracefs,
    instance: &Instance,
    tracer: &str,
) -> Result<(), String> {
    kernel_has(tracefs, tracer)?;
    match names(&instance.path("available_tracers"), tracer) {
        true => Ok(()),
        false => Err(format!(
            "this kernel has the tracer {tracer} for all together only, in no instance"
        )),
    }
}

/// Why nobody has such a tracer.
pub(super) fn kernel_has(tracefs: &Tracefs, tracer: &str) -> Result<(), String> {
    match names(&tracefs.root().join("available_tracers"), tracer) {
        true => Ok(()),
        false => Err(format!("this kernel has no tracer {tracer}")),
    }
}

fn names(list: &Path, tracer: &str) -> bool {
    let text = text::read(list).unwrap_or_default();
    text.split_whitespace().any(|name| name == tracer)
}

/// `EPERM` and `EACCES` for root.
pub(super) const LOCKED: &str = "the kernel permits it to nobody: it is locked down";
