//! The kernel's events, and its system calls.

use std::collections::BTreeSet;
use std::fmt::Write;

use thalweg_kernel::{Error, KnownEvent, Tracefs, find_syscalls};

use super::{Args, class};
use crate::exit::{Failure, INCOMPLETE};

/// Names are padded to so many characters.
const WIDTH: usize = 36;
const INDENT: &str = "    ";

fn failure(error: Error) -> Failure {
    Failure::new(INCOMPLETE, error)
}

/// Every event that one of the patterns means.
pub(super) fn events(args: &Args, out: &mut String) -> Result<(), Failure> {
    let tracefs = Tracefs::find().map_err(failure)?;
    for event in find(&tracefs, &args.patterns).map_err(failure)? {
        let _ = writeln!(out, "{:WIDTH$} {}", event.name, event.path());
        if args.fields {
            let described = tracefs.describe(&event).map_err(failure)?;
            class::fields(&described.payload, INDENT, out);
        }
    }
    Ok(())
}

/// In the order of their names, each once.
fn find(tracefs: &Tracefs, patterns: &[String]) -> Result<BTreeSet<KnownEvent>, Error> {
    if patterns.is_empty() {
        return Ok(tracefs.events()?.into_iter().collect());
    }
    let found = patterns.iter().map(|pattern| tracefs.find_events(pattern));
    let found: Result<Vec<_>, Error> = found.collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Every system call that one of the patterns means.
pub(super) fn calls(args: &Args, out: &mut String) -> Result<(), Failure> {
    let tracefs = Tracefs::find().map_err(failure)?;
    for call in find_syscalls(&tracefs, &args.patterns).map_err(failure)? {
        let _ = writeln!(out, "{:WIDTH$} {}", call.name, call.number);
        if !args.fields {
            continue;
        }
        for event in &call.events {
            let _ = writeln!(out, "{INDENT}{}", event.name);
            class::fields(&event.payload, &INDENT.repeat(2), out);
        }
    }
    Ok(())
}
