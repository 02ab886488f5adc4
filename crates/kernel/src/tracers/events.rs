//! The events that a tracer makes.

use std::sync::Arc;

use thalweg_kbuf::{Naming, Symbols, TracerEvent};

use super::latency::LatencyTracer;
use super::spec::FunctionKind;
use crate::instance::Instance;
use crate::{Error, KernelConfig, KernelEvent, KnownEvent, Tracefs, text};

const KALLSYMS: &str = "/proc/kallsyms";

/// The events that a recording wants of ftrace itself.
pub(crate) fn of_config(
    tracefs: &Tracefs,
    config: &KernelConfig,
) -> Result<Vec<KernelEvent>, Error> {
    let kind = config.functions.as_ref().map(|trace| trace.kind);
    let mut events = describe(tracefs, kind, config.markers)?;
    if let Some(tracer) = config.latency {
        events.extend(tracer.event(tracefs, config.naming)?);
    }
    Ok(events)
}

/// The events that a dead recorder wanted, as its instance is set. How deep they might lie, nobody
/// knows any more.
pub(crate) fn of_instance(
    tracefs: &Tracefs,
    instance: &Instance,
) -> Result<Vec<KernelEvent>, Error> {
    let is_on = |option: &str| instance.read_number(option) == Some(1);
    let tracer = instance.read("current_tracer")?;
    let kind = match tracer.trim() {
        "function" => Some(FunctionKind::Calls {
            stacks: is_on("options/func_stack_trace"),
        }),
        "function_graph" => Some(FunctionKind::Graph { depth: None }),
        _ => None,
    };
    let mut events = describe(tracefs, kind, is_on("options/markers"))?;
    if let Ok(tracer) = tracer.trim().parse::<LatencyTracer>() {
        events.extend(tracer.event(tracefs, Naming::Lttng)?);
    }
    Ok(events)
}

fn describe(
    tracefs: &Tracefs,
    kind: Option<FunctionKind>,
    markers: bool,
) -> Result<Vec<KernelEvent>, Error> {
    let (kinds, depth): (&[TracerEvent], _) = match kind {
        None => (&[], None),
        Some(FunctionKind::Calls { stacks: false }) => (&[TracerEvent::Function], None),
        Some(FunctionKind::Calls { stacks: true }) => {
            (&[TracerEvent::Function, TracerEvent::KernelStack], None)
        }
        Some(FunctionKind::Graph { depth }) => {
            (&[TracerEvent::GraphEntry, TracerEvent::GraphExit], depth)
        }
    };
    let symbols = Arc::new(match kinds {
        [] => Symbols::default(),
        _ => Symbols::parse(&text::read(KALLSYMS.as_ref()).unwrap_or_default()),
    });
    let markers = markers.then_some(&TracerEvent::Print);
    let kinds = kinds.iter().chain(markers);
    kinds
        .map(|kind| {
            let known = KnownEvent {
                system: "ftrace".to_owned(),
                kernel_name: kind.kernel_name().to_owned(),
                name: kind.name().to_owned(),
            };
            let event = kind.describe(&tracefs.format(&known)?, &symbols, depth);
            event.ok_or(Error::UnknownRecord {
                record: known.path(),
            })
        })
        .collect()
}
