//! What this kernel offers of tracers, and to whom.

use std::io;

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
    let list = |text: io::Result<String>| text.unwrap_or_default();
    let has = |text: &str| text.split_whitespace().any(|name| name == tracer);
    let of_kernel = list(text::read(&tracefs.root().join("available_tracers")));
    if !has(&of_kernel) {
        return Err(format!("this kernel has no tracer {tracer}"));
    }
    if !has(&list(text::read(&instance.path("available_tracers")))) {
        return Err(format!(
            "this kernel has the tracer {tracer} for all together only, in no instance"
        ));
    }
    Ok(())
}

/// `EPERM` and `EACCES` for root.
pub(super) const LOCKED: &str = "the kernel permits it to nobody: it is locked down";
