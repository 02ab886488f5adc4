//! From what the blocks said to a trace class: streams found, paths resolved, names as people say
//! them.
//!
//! TSDL text puts `_` before a field's name, so that it cannot be a reserved word. One `_` is taken
//! off each name of a structure, unless that would make two names equal. Paths follow their fields;
//! labels and the options that they choose keep their spelling.

use std::collections::HashSet;

use thalweg_model::{
    ClockClass, EnvValue, FieldClass, Member, StreamClass, StructClass, TraceClass,
};

use super::blocks::{Draft, DraftEvent};
use super::error::{MetadataError, Position, Reason};
use super::types::missing;
use crate::path::{Place, Scope, Scopes, class_at, option_matches, resolve, sites};

const START: Position = Position { line: 1, column: 1 };

impl Draft {
    /// The trace class, complete and consistent.
    pub(super) fn finish(mut self) -> Result<TraceClass, MetadataError> {
        let trace = self
            .trace
            .take()
            .ok_or(missing("the metadata", "trace").at(START))?;
        let byte_order = trace
            .byte_order
            .ok_or(missing("trace", "byte_order").at(START))?;
        self.give_streams()?;
        let positions = Positions {
            trace: trace.at.unwrap_or(START),
            streams: self.streams.iter().map(|(_, at)| *at).collect(),
            events: self.events.iter().map(|event| event.at).collect(),
        };
        let mut class = TraceClass {
            uuid: trace.uuid,
            byte_order,
            packet_header: trace.packet_header,
            environment: self.environment,
            clocks: self.clocks.into_iter().map(|(clock, _)| clock).collect(),
            streams: self.streams.into_iter().map(|(stream, _)| stream).collect(),
            events: self.events.into_iter().map(|event| event.class).collect(),
        };
        fix_environment_lengths(&mut class);
        map_timestamps(&mut class);
        check_clocks(&class, &positions)?;
        let targets = targets(&class, &positions)?;
        rename(&mut class, &targets);
        Ok(class)
    }

    /// Settles which stream each event belongs to, and that ids are unique in it.
    fn give_streams(&mut self) -> Result<(), MetadataError> {
        if self.streams.is_empty() {
            self.streams.push((StreamClass::default(), START));
        }
        let known: HashSet<u64> = self.streams.iter().map(|(stream, _)| stream.id).collect();
        let only = (known.len() == 1).then(|| self.streams[0].0.id);
        let mut seen = HashSet::new();
        for event in &mut self.events {
            let id = stream_of(event, only, &known).map_err(|reason| reason.at(event.at))?;
            event.class.stream_id = id;
            if !seen.insert((id, event.class.id)) {
                let name = format!("{}, id {}", event.class.name, event.class.id);
                return Err(Reason::Twice {
                    kind: "event",
                    name,
                }
                .at(event.at));
            }
        }
        Ok(())
    }
}

fn stream_of(event: &DraftEvent, only: Option<u64>, known: &HashSet<u64>) -> Result<u64, Reason> {
    let name = || event.class.name.clone();
    let id = event
        .stream_id
        .or(only)
        .ok_or_else(|| Reason::WhichStream(name()))?;
    if known.contains(&id) {
        Ok(id)
    } else {
        Err(Reason::UnknownStream {
            event: name(),
            stream_id: id,
        })
    }
}

/// Where each block began, for errors that show only at the end.
struct Positions {
    trace: Position,
    streams: Vec<Position>,
    events: Vec<Position>,
}

/// A structure of the trace: which scope it is, and of which stream or event.
#[derive(Clone, Copy)]
struct Part {
    scope: Scope,
    stream: usize,
    event: Option<usize>,
}

/// Every structure of the trace, each once.
fn parts(class: &TraceClass) -> Vec<Part> {
    let mut parts = vec![Part {
        scope: Scope::PacketHeader,
        stream: 0,
        event: None,
    }];
    for stream in 0..class.streams.len() {
        for scope in [
            Scope::PacketContext,
            Scope::EventHeader,
            Scope::CommonContext,
        ] {
            parts.push(Part {
                scope,
                stream,
                event: None,
            });
        }
    }
    for (index, event) in class.events.iter().enumerate() {
        let stream = class
            .streams
            .iter()
            .position(|s| s.id == event.stream_id)
            .unwrap_or_default();
        for scope in [Scope::SpecificContext, Scope::Payload] {
            parts.push(Part {
                scope,
                stream,
                event: Some(index),
            });
        }
    }
    parts
}

/// All structures that a field of `part` may refer to.
fn scopes_of<'a>(class: &'a TraceClass, part: &Part) -> Scopes<'a> {
    let stream = class.streams.get(part.stream);
    let event = part.event.and_then(|event| class.events.get(event));
    Scopes([
        class.packet_header.as_ref(),
        stream.and_then(|s| s.packet_context.as_ref()),
        stream.and_then(|s| s.event_header.as_ref()),
        stream.and_then(|s| s.event_context.as_ref()),
        event.and_then(|e| e.specific_context.as_ref()),
        event.map(|e| &e.payload),
    ])
}

fn root_mut<'a>(class: &'a mut TraceClass, part: &Part) -> Option<&'a mut StructClass> {
    match part.scope {
        Scope::PacketHeader => class.packet_header.as_mut(),
        Scope::PacketContext => class.streams.get_mut(part.stream)?.packet_context.as_mut(),
        Scope::EventHeader => class.streams.get_mut(part.stream)?.event_header.as_mut(),
        Scope::CommonContext => class.streams.get_mut(part.stream)?.event_context.as_mut(),
        Scope::SpecificContext => class.events.get_mut(part.event?)?.specific_context.as_mut(),
        Scope::Payload => Some(&mut class.events.get_mut(part.event?)?.payload),
    }
}

/// What a path in `part` means, by place.
struct Target {
    part: Part,
    site: Place,
    target: Place,
    /// Whether the path began with the name of a scope.
    named_scope: bool,
    length: usize,
}

fn targets(class: &TraceClass, positions: &Positions) -> Result<Vec<Target>, MetadataError> {
    let mut targets = Vec::new();
    for part in parts(class) {
        let scopes = scopes_of(class, &part);
        let Some(root) = scopes.get(part.scope) else {
            continue;
        };
        for site in sites(part.scope, root) {
            let found = resolve(&scopes, &site.place, site.path, site.want);
            let target = found.ok_or_else(|| unresolved(class, &part, &site, positions))?;
            check_options(&scopes, &site.place, &target, site.path)
                .map_err(|reason| reason.at(positions.of(&part)))?;
            let words = target.scope.words();
            let named_scope =
                site.path.len() > words.len() && site.path.iter().zip(words).all(|(a, b)| a == b);
            let length = site.path.len() - if named_scope { words.len() } else { 0 };
            targets.push(Target {
                part,
                site: site.place,
                target,
                named_scope,
                length,
            });
        }
    }
    Ok(targets)
}

impl Positions {
    fn of(&self, part: &Part) -> Position {
        let at = match (part.event, part.scope) {
            (Some(event), _) => self.events.get(event),
            (None, Scope::PacketHeader) => Some(&self.trace),
            (None, _) => self.streams.get(part.stream),
        };
        at.copied().unwrap_or(START)
    }
}

fn unresolved(
    class: &TraceClass,
    part: &Part,
    site: &crate::path::Site<'_>,
    positions: &Positions,
) -> MetadataError {
    let words = part.scope.words().join(".");
    let scope = match part.event.and_then(|event| class.events.get(event)) {
        Some(event) => format!("{words} of `{}`", event.name),
        None => words,
    };
    let path = site.path.join(".");
    Reason::Unresolved {
        path,
        scope,
        wanted: site.want.words(),
    }
    .at(positions.of(part))
}

/// A variant of which no option can ever be chosen is a mistake.
fn check_options(
    scopes: &Scopes<'_>,
    site: &Place,
    target: &Place,
    path: &[String],
) -> Result<(), Reason> {
    match (class_at(scopes, site), class_at(scopes, target)) {
        (Some(FieldClass::Variant(variant)), Some(FieldClass::Enum(tag)))
            if !option_matches(variant, tag) =>
        {
            Err(Reason::NoOption(path.join(".")))
        }
        _ => Ok(()),
    }
}

/// Old tracers did not say which clock a time stamp shows: with one clock it is that one, with none
/// it is one of nanoseconds.
fn map_timestamps(class: &mut TraceClass) {
    let name = match class.clocks.as_slice() {
        [] => "default",
        [clock] => &clock.name,
        _ => return,
    };
    let mut mapper = Mapper {
        clock: name.to_owned(),
        mapped: false,
    };
    for stream in &mut class.streams {
        let context = stream
            .packet_context
            .iter_mut()
            .flat_map(|root| &mut root.members);
        for member in
            context.filter(|m| matches!(m.name.as_str(), "timestamp_begin" | "timestamp_end"))
        {
            mapper.map(&mut member.class);
        }
        let header = stream
            .event_header
            .iter_mut()
            .flat_map(|root| &mut root.members);
        header.for_each(|member| mapper.map_header(member));
    }
    if mapper.mapped && class.clocks.is_empty() {
        class.clocks.push(ClockClass {
            name: mapper.clock,
            ..super::blocks::nanoseconds()
        });
    }
}

struct Mapper {
    clock: String,
    mapped: bool,
}

impl Mapper {
    fn map(&mut self, class: &mut FieldClass) {
        if let FieldClass::Integer(class) = class
            && !class.signed
            && class.clock.is_none()
        {
            class.clock = Some(self.clock.clone());
            self.mapped = true;
        }
    }

    fn map_header(&mut self, member: &mut Member) {
        match &mut member.class {
            FieldClass::Struct(class) => class.members.iter_mut().for_each(|m| self.map_header(m)),
            FieldClass::Variant(class) => class.options.iter_mut().for_each(|m| self.map_header(m)),
            class if member.name == "timestamp" => self.map(class),
            _ => {}
        }
    }
}

fn check_clocks(class: &TraceClass, positions: &Positions) -> Result<(), MetadataError> {
    let known: HashSet<&str> = class
        .clocks
        .iter()
        .map(|clock| clock.name.as_str())
        .collect();
    for part in parts(class) {
        let Some(root) = scopes_of(class, &part).get(part.scope) else {
            continue;
        };
        if let Some(name) = root
            .members
            .iter()
            .find_map(|m| unknown_clock(&m.class, &known))
        {
            return Err(Reason::UnknownType(format!("clock.{name}")).at(positions.of(&part)));
        }
    }
    Ok(())
}

fn unknown_clock<'a>(class: &'a FieldClass, known: &HashSet<&str>) -> Option<&'a str> {
    match class {
        FieldClass::Integer(class) => class.clock.as_deref().filter(|name| !known.contains(name)),
        FieldClass::Enum(class) => class
            .integer
            .clock
            .as_deref()
            .filter(|name| !known.contains(name)),
        FieldClass::Array(class) => unknown_clock(&class.element, known),
        FieldClass::Sequence(class) => unknown_clock(&class.element, known),
        FieldClass::Struct(class) => class
            .members
            .iter()
            .find_map(|m| unknown_clock(&m.class, known)),
        FieldClass::Variant(class) => class
            .options
            .iter()
            .find_map(|m| unknown_clock(&m.class, known)),
        FieldClass::Float(_) | FieldClass::String(_) => None,
    }
}

/// A length that the environment gives is a fixed length.
fn fix_environment_lengths(class: &mut TraceClass) {
    let environment = std::mem::take(&mut class.environment);
    for part in parts(class) {
        if let Some(root) = root_mut(class, &part) {
            root.members
                .iter_mut()
                .for_each(|m| fix_length(&mut m.class, &environment));
        }
    }
    class.environment = environment;
}

fn fix_length(class: &mut FieldClass, environment: &[(String, EnvValue)]) {
    match class {
        FieldClass::Sequence(sequence) => {
            fix_length(&mut sequence.element, environment);
            let Some(length) = environment_length(&sequence.length, environment) else {
                return;
            };
            let element = sequence.element.clone();
            *class = FieldClass::Array(thalweg_model::ArrayClass { element, length });
        }
        FieldClass::Array(class) => fix_length(&mut class.element, environment),
        FieldClass::Struct(class) => class
            .members
            .iter_mut()
            .for_each(|m| fix_length(&mut m.class, environment)),
        FieldClass::Variant(class) => class
            .options
            .iter_mut()
            .for_each(|m| fix_length(&mut m.class, environment)),
        _ => {}
    }
}

fn environment_length(path: &[String], environment: &[(String, EnvValue)]) -> Option<u64> {
    let [scope, name] = path else { return None };
    let value = environment
        .iter()
        .find(|(key, _)| scope == "env" && key == name);
    match value {
        Some((_, EnvValue::Integer(number))) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Takes the `_` off the names and lets the paths follow.
fn rename(class: &mut TraceClass, targets: &[Target]) {
    for part in parts(class) {
        if let Some(root) = root_mut(class, &part) {
            rename_members(&mut root.members);
        }
    }
    for target in targets {
        let path = new_path(class, target);
        if let Some(root) = root_mut(class, &target.part) {
            set_path(root, &target.site, path);
        }
    }
}

fn rename_members(members: &mut [Member]) {
    let mut taken: HashSet<String> = members.iter().map(|m| m.name.clone()).collect();
    for member in members {
        if let Some(short) = member.name.strip_prefix('_')
            && taken.insert(short.to_owned())
        {
            member.name = short.to_owned();
        }
        rename_inside(&mut member.class);
    }
}

fn rename_inside(class: &mut FieldClass) {
    match class {
        FieldClass::Struct(class) => rename_members(&mut class.members),
        FieldClass::Array(class) => rename_inside(&mut class.element),
        FieldClass::Sequence(class) => rename_inside(&mut class.element),
        FieldClass::Variant(class) => class
            .options
            .iter_mut()
            .for_each(|m| rename_inside(&mut m.class)),
        _ => {}
    }
}

/// The path as it was written, in new names; or the whole path from its scope, where the new names
/// would mean another field.
fn new_path(class: &TraceClass, target: &Target) -> Vec<String> {
    let scopes = scopes_of(class, &target.part);
    let names = names_of(&scopes, &target.target);
    let scope = target
        .target
        .scope
        .words()
        .iter()
        .map(|word| (*word).to_owned());
    let written = &names[names.len().saturating_sub(target.length)..];
    if target.named_scope {
        return scope.chain(written.iter().cloned()).collect();
    }
    let want = sites_want(&scopes, target);
    if resolve(&scopes, &target.site, written, want).as_ref() == Some(&target.target) {
        return written.to_vec();
    }
    scope.chain(names).collect()
}

fn sites_want(scopes: &Scopes<'_>, target: &Target) -> crate::path::Want {
    match class_at(scopes, &target.site) {
        Some(FieldClass::Variant(_)) => crate::path::Want::Tag,
        _ => crate::path::Want::Length,
    }
}

/// The names of the fields on the way to `place`; elements have none.
fn names_of(scopes: &Scopes<'_>, place: &Place) -> Vec<String> {
    let Some(root) = scopes.get(place.scope) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut members = Some(&root.members);
    for depth in 0..place.steps.len() {
        if let Some(member) = members.and_then(|members| members.get(place.steps[depth])) {
            names.push(member.name.clone());
        }
        let here = Place {
            scope: place.scope,
            steps: place.steps[..=depth].to_vec(),
        };
        members = match class_at(scopes, &here) {
            Some(FieldClass::Struct(class)) => Some(&class.members),
            Some(FieldClass::Variant(class)) => Some(&class.options),
            _ => None,
        };
    }
    names
}

fn set_path(root: &mut StructClass, site: &Place, path: Vec<String>) {
    let Some((first, rest)) = site.steps.split_first() else {
        return;
    };
    let Some(member) = root.members.get_mut(*first) else {
        return;
    };
    let mut class = &mut member.class;
    for step in rest {
        class = match class {
            FieldClass::Struct(class) => &mut class.members[*step].class,
            FieldClass::Variant(class) => &mut class.options[*step].class,
            FieldClass::Array(class) => &mut class.element,
            FieldClass::Sequence(class) => &mut class.element,
            _ => return,
        };
    }
    match class {
        FieldClass::Sequence(class) => class.length = path,
        FieldClass::Variant(class) => class.tag = path,
        _ => {}
    }
}
