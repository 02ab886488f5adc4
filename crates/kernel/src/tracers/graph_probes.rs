//! Calls and returns where no instance has `function_graph`: a probe at each function's begin and one
//! at its end, under the same names of events.

use super::offered::find_function_tracers;
use super::spec::FunctionTrace;
use crate::probes::{call_and_return_probes, matching_functions};
use crate::{Error, Probe, Tracefs};

/// What records calls and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphSource {
    /// The tracer `function_graph`.
    Tracer,
    /// Probes, which know neither depth nor duration, and why.
    Probes(Vec<Probe>, String),
}

/// What records the calls and returns of these functions; `id` is for an instance to try it.
///
/// # Errors
/// Nothing does.
pub fn find_graph_source(
    tracefs: &Tracefs,
    trace: &FunctionTrace,
    id: &str,
) -> Result<GraphSource, Error> {
    trace.check()?;
    let Err(why) = find_function_tracers(tracefs, id)?.graph else {
        return Ok(GraphSource::Tracer);
    };
    if !tracefs.root().join("kprobe_events").exists() {
        return Err(trace.refused(why));
    }
    let probes = call_and_return_probes(tracefs, &trace.functions, &trace.left_out);
    let probes = probes.map_err(|why| trace.refused(why))?;
    Ok(GraphSource::Probes(probes, why))
}

/// The functions of this kernel that are meant, for a plan.
///
/// # Errors
/// There is none.
pub fn find_functions(tracefs: &Tracefs, trace: &FunctionTrace) -> Result<Vec<String>, Error> {
    trace.check()?;
    let found = matching_functions(tracefs, &trace.functions, &trace.left_out);
    found.map_err(|why| trace.refused(why))
}
