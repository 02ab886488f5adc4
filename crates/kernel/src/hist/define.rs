//! Synthetic events in the kernel: made before a recording, removed behind it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use thalweg_kbuf::lttng_name;

use super::spec::SyntheticSpec;
use super::synthetic::{Lowered, lower};
use crate::probes::{Defined, beginning, group_of, living};
use crate::{Error, KnownEvent, TraceClock, Tracefs, text};

/// Where the kernel is told of them.
const EVENTS: &str = "synthetic_events";
/// The subsystem of all of them.
const SYSTEM: &str = "synthetic";

fn path(tracefs: &Tracefs) -> PathBuf {
    tracefs.root().join(EVENTS)
}

pub(super) fn refused(spec: &SyntheticSpec, why: impl Into<String>) -> Error {
    Error::Trigger {
        what: format!("the synthetic event {}", spec.name),
        why: why.into(),
    }
}

/// Makes the synthetic events of this instance, for which nothing is recorded before [`super::arm()`]; what
/// they are, for the plan.
///
/// # Errors
/// The kernel has none, or refuses one; those before it are there then, until [`remove_own`].
pub(crate) fn define_all(
    tracefs: &Tracefs,
    instance: &str,
    specs: &[SyntheticSpec],
    clock: TraceClock,
) -> Result<Vec<Defined>, Error> {
    let lowered = lower_all(tracefs, instance, specs, clock)?;
    for (spec, one) in specs.iter().zip(&lowered) {
        let line = format!("{} {}\n", one.name, one.fields);
        tell(tracefs, &line)
            .map_err(|error| refused(spec, format!("{error}: `{}`", line.trim())))?;
    }
    let define = |one: Lowered| Defined {
        event: KnownEvent {
            system: SYSTEM.to_owned(),
            name: lttng_name(SYSTEM, &one.name),
            kernel_name: one.name,
        },
        filter: None,
    };
    Ok(lowered.into_iter().map(define).collect())
}

/// All of them in the kernel's words.
pub(super) fn lower_all(
    tracefs: &Tracefs,
    instance: &str,
    specs: &[SyntheticSpec],
    clock: TraceClock,
) -> Result<Vec<Lowered>, Error> {
    let mut names = BTreeSet::new();
    let group = group_of(instance);
    let mut all = Vec::new();
    for spec in specs {
        if !path(tracefs).exists() {
            let why = "this kernel has no synthetic events (CONFIG_SYNTH_EVENTS)";
            return Err(refused(spec, why));
        }
        if !names.insert(&spec.name) {
            return Err(refused(spec, "there are two of this name"));
        }
        let name = format!("{group}_{}", spec.name);
        let lowered = lower(tracefs, spec, name, clock);
        all.push(lowered.map_err(|why| refused(spec, why))?);
    }
    Ok(all)
}

fn tell(tracefs: &Tracefs, line: &str) -> io::Result<()> {
    // Any other way of opening it removes those of everybody.
    let mut file = OpenOptions::new().append(true).open(path(tracefs))?;
    file.write_all(line.as_bytes())
}

/// Removes the synthetic events of this instance, which is gone.
///
/// # Errors
/// tracefs cannot be read, or somebody else has them on.
pub(crate) fn remove_own(tracefs: &Tracefs, instance: &str) -> Result<(), Error> {
    let own = group_of(instance);
    remove(tracefs, &|name| beginning(name) == Some(&*own))
}

/// Removes the synthetic events of instances that are gone: their recorders died at the end.
///
/// # Errors
/// As for a recording's own.
pub fn remove_stray_synthetics(tracefs: &Tracefs) -> Result<(), Error> {
    // The events first: a recording makes its instance before them.
    let names = defined(tracefs);
    let instances = tracefs.root().join("instances");
    let living = living(tracefs).map_err(|error| Error::io("list", &instances, error))?;
    let is_stray = |name: &str| {
        names.iter().any(|known| known == name)
            && beginning(name).is_some_and(|own| !living.contains(own))
    };
    remove(tracefs, &is_stray)
}

/// The names of all that recordings of ours have made.
fn defined(tracefs: &Tracefs) -> Vec<String> {
    let list = text::read(&path(tracefs)).unwrap_or_default();
    let names = list
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().next());
    let own = names.filter(|name| beginning(name).is_some());
    own.map(str::to_owned).collect()
}

fn remove(tracefs: &Tracefs, is_meant: &dyn Fn(&str) -> bool) -> Result<(), Error> {
    let mut result = Ok(());
    for name in defined(tracefs).iter().filter(|name| is_meant(name)) {
        match tell(tracefs, &format!("!{name}\n")) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = path(tracefs);
                result = Err(Error::io(
                    "remove a synthetic event of ours from",
                    &path,
                    error,
                ));
            }
        }
    }
    result
}
