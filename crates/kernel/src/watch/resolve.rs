//! Which events of this kernel a one-liner is about, and what is copied of each.

use thalweg_bpf::Btf;
use thalweg_filter::{Context, Expr, Logic, Node};
use thalweg_kbuf::{EventFormat, Naming};

use super::field::{EventFields, Found, Names, context};
use super::layout::{Layout, Part};
use super::probe::ProbeEvent;
use super::spec::{Expression, WatchError, WatchSpec};
use super::syscall::{OF_EXITS, Offsets, Syscall};
use super::table::KeyKind;
use super::texts::{Texts, whole};
use super::tracepoint::Tracepoint;
use crate::plan::describe;
use crate::probes::{ProbeSpec, resolve_probes};
use crate::syscalls::find_syscalls;
use crate::{Error, KernelEvent, Missing, Tracefs};

/// More programs than these would take more descriptors than a process has.
const MOST_EVENTS: usize = 400;

/// An event that is watched.
#[derive(Debug)]
pub(super) enum Watched {
    Tracepoint(Tracepoint),
    Syscall(Box<Syscall>),
    Probe(Box<ProbeEvent>),
}

impl Watched {
    pub(super) fn fields(&self) -> &dyn EventFields {
        match self {
            Self::Tracepoint(event) => event,
            Self::Syscall(call) => &**call,
            Self::Probe(probe) => &**probe,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Tracepoint(event) => &event.event.name,
            Self::Syscall(_) => "syscall",
            Self::Probe(probe) => &probe.probe.name,
        }
    }

    pub(super) fn syscall(&self) -> Option<&Syscall> {
        match self {
            Self::Tracepoint(_) | Self::Probe(_) => None,
            Self::Syscall(call) => Some(call),
        }
    }

    /// Whether its duration is asked for.
    pub(super) fn is_timed(&self) -> bool {
        match self {
            Self::Tracepoint(_) => false,
            Self::Syscall(call) => call.is_timed,
            Self::Probe(probe) => probe.is_timed,
        }
    }
}

/// The events of the source.
pub(super) fn events(
    tracefs: &Tracefs,
    spec: &WatchSpec,
    btf: &Btf,
) -> Result<(Vec<Watched>, Vec<Missing>), Error> {
    let (column, source) = match &spec.source {
        Some((column, source)) => (*column, source.as_str()),
        None => (1, "syscall"),
    };
    if let Some(probe) = source.strip_prefix("probe:") {
        return probes(tracefs, probe, (column, spec), btf);
    }
    let call = match source {
        "syscall" | "syscalls" => None,
        source => match source.strip_prefix("syscall:") {
            Some(name) => Some(one_call(tracefs, name, column)?),
            None => return tracepoints(tracefs, source, column),
        },
    };
    let is_asked = |field: &&str| fields(spec).any(|name| name == *field);
    let syscall = Syscall {
        is_exit: OF_EXITS.iter().any(is_asked),
        is_timed: is_asked(&"latency"),
        call,
        offsets: Offsets::find(btf)?,
    };
    Ok((vec![Watched::Syscall(Box::new(syscall))], Vec::new()))
}

fn one_call(tracefs: &Tracefs, name: &str, column: usize) -> Result<(u32, KernelEvent), Error> {
    if name.contains(['*', '?']) {
        let why = format!("one call is meant here; for several: where syscall == \"{name}\"");
        return Err(WatchError::at(column, why).into());
    }
    let calls =
        find_syscalls(tracefs, &[name.to_owned()]).map_err(|error| placed(error, column))?;
    // A name means one call, or is an error.
    let call = calls.into_iter().next();
    let call = call.ok_or_else(|| WatchError::at(column, "there is no such system call"))?;
    let entry = format!("syscalls:sys_enter_{}", call.name);
    let known = tracefs.find_events(&entry)?;
    let format = in_registers(tracefs.format(&known[0])?);
    Ok((
        call.number,
        KernelEvent::new(&known[0].system, &format, Naming::Lttng),
    ))
}

/// The arguments as a program finds them: kernels from 6.19 on have copies of texts in the record, too.
fn in_registers(mut format: EventFormat) -> EventFormat {
    format.fields.retain(|field| !field.is_dynamic());
    format
}

fn probes(
    tracefs: &Tracefs,
    text: &str,
    (column, spec): (usize, &WatchSpec),
    btf: &Btf,
) -> Result<(Vec<Watched>, Vec<Missing>), Error> {
    let here = |why: String| Error::from(WatchError::at(column, why));
    let without_text = |error: Error| match error {
        Error::Probe { why, .. } => here(why),
        error => error,
    };
    let probe: ProbeSpec = text.parse().map_err(without_text)?;
    if probe.filter.is_some() {
        return Err(here(
            "say behind `where` which count, not in the probe".to_owned(),
        ));
    }
    let (found, notes) = resolve_probes(tracefs, &[probe]).map_err(without_text)?;
    if found.len() > MOST_EVENTS {
        let why = format!(
            "{} places are meant; {MOST_EVENTS} at most can be watched",
            found.len()
        );
        return Err(here(why));
    }
    let is_timed = fields(spec).any(|name| name == "latency");
    let watched = found.into_iter().map(|probe| {
        let event = ProbeEvent::new(probe, is_timed, btf)?;
        Ok(Watched::Probe(Box::new(event)))
    });
    let missing = notes.into_iter().map(|note| Missing {
        what: text.to_owned(),
        why: note,
    });
    Ok((watched.collect::<Result<_, Error>>()?, missing.collect()))
}

/// An unknown name, with its place.
fn placed(error: Error, column: usize) -> Error {
    match error {
        Error::UnknownEvent { .. } | Error::UnknownSyscall { .. } => {
            let told = error.to_string();
            let told = told.trim_start_matches("find a ");
            WatchError::at(column, format!("there is no {told}")).into()
        }
        error => error,
    }
}

fn tracepoints(
    tracefs: &Tracefs,
    pattern: &str,
    column: usize,
) -> Result<(Vec<Watched>, Vec<Missing>), Error> {
    let found = tracefs
        .find_events(pattern)
        .map_err(|error| placed(error, column))?;
    if found.len() > MOST_EVENTS {
        let why = format!(
            "`{pattern}` means {} events; {MOST_EVENTS} at most can be watched at once",
            found.len()
        );
        return Err(WatchError::at(column, why).into());
    }
    let events = found.iter().map(|known| (known, ()));
    let (described, missing) = describe(tracefs, events, Naming::Lttng);
    let events = described.into_iter().enumerate();
    let watched =
        events.map(|(place, (event, ()))| Watched::Tracepoint(Tracepoint { event, place }));
    Ok((watched.collect(), missing))
}

/// The names of all fields that a one-liner uses.
fn fields(spec: &WatchSpec) -> impl Iterator<Item = &str> {
    expressions(spec).flat_map(|expression| expression.filter.expr().fields())
}

fn expressions(spec: &WatchSpec) -> impl Iterator<Item = &Expression> {
    let arguments = spec
        .aggregates
        .iter()
        .filter_map(|one| one.argument.as_ref());
    arguments.chain(&spec.keys).chain(&spec.filter)
}

/// What of a filter depends on nothing but which call it is: it can be told when the call begins.
pub(super) fn early(spec: &WatchSpec) -> Vec<Expr> {
    let Some(filter) = &spec.filter else {
        return Vec::new();
    };
    let folded = filter.filter.folded();
    let parts = match &folded.node {
        Node::Logic(Logic::And, parts) => parts.clone(),
        _ => vec![folded],
    };
    let is_early = |part: &Expr| {
        let (mut calls, mut others) = (0, 0);
        for part in part.parts() {
            match &part.node {
                Node::Field { name, .. } if name == "syscall" => calls += 1,
                Node::Field { .. } | Node::Context(_) | Node::App { .. } => others += 1,
                _ => {}
            }
        }
        calls > 0 && others == 0
    };
    parts.into_iter().filter(is_early).collect()
}

/// What a key is of an event.
pub(super) fn key_of(key: &Expression, event: &dyn EventFields) -> (Part, KeyKind) {
    let number = |kind| (Part::Number, kind);
    match plain(key.filter.expr(), event) {
        Some(Found::Text(source)) => {
            let (room, may_be_cut) = source.room();
            (Part::Text(whole(room)), KeyKind::Text { may_be_cut })
        }
        Some(Found::Names(_, Names::Syscalls)) => number(KeyKind::Syscall),
        Some(Found::Names(_, Names::Events)) => number(KeyKind::Event),
        Some(Found::Peek(_, width)) if !width.signed => number(KeyKind::Unsigned),
        Some(Found::Number(integer)) if !integer.trace.signed => number(KeyKind::Unsigned),
        _ => number(KeyKind::Signed),
    }
}

/// The field or context that an expression is, and nothing else.
fn plain(expr: &Expr, event: &dyn EventFields) -> Option<Found> {
    match &expr.node {
        Node::Field { name, index: None } => event.find(name),
        Node::Context(name) => context(*name),
        _ => None,
    }
}

/// The texts that a program has to copy.
pub(super) fn texts(spec: &WatchSpec, event: &dyn EventFields, layout: &Layout) -> Texts {
    let mut texts = Texts::new(layout);
    for name in fields(spec) {
        if let Some(Found::Peek(pointer, width)) = event.find(name) {
            texts.add_peek(pointer, width);
        }
    }
    for (index, key) in spec.keys.iter().enumerate() {
        if let Some(Found::Text(source)) = plain(key.filter.expr(), event) {
            texts.add_key(source, layout.part(index), layout.parts[index]);
        }
    }
    let is_plain_key =
        |one: &Expression| spec.keys.contains(one) && plain(one.filter.expr(), event).is_some();
    for expression in expressions(spec).filter(|one| !is_plain_key(one)) {
        for part in expression.filter.expr().parts() {
            let found = match &part.node {
                Node::Field { name, .. } => event.find(name),
                Node::Context(name @ Context::Procname) => context(*name),
                _ => None,
            };
            if let Some(Found::Text(source)) = found {
                texts.add_compared(source);
            }
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "name: sys_enter_openat\nID: 700\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n\
        \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\
        \tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\
        \tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n";

    #[test]
    fn an_argument_is_where_the_call_has_it() {
        let format = in_registers(EventFormat::parse(FORMAT).unwrap());
        let event = KernelEvent::new("syscalls", &format, Naming::Lttng);
        let mut sources = event.sources.iter();
        let path = sources
            .find(|source| source.field.name == "filename")
            .unwrap();
        assert_eq!(
            (path.field.offset, &*path.field.c_type),
            (24, "const char *")
        );
    }
}
