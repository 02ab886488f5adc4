//! From what the blocks said to a trace class: streams found, paths resolved, names settled.

use std::collections::HashSet;

use thalweg_model::{FieldClass, StreamClass, TraceClass};

use super::blocks::{Draft, DraftEvent};
use super::error::{MetadataError, Position, Reason};
use super::lengths::fix_environment_lengths;
use super::names::{Target, rename};
use super::parts::{Part, parts, scopes_of};
use super::timestamps::map_timestamps;
use super::types::missing;
use crate::path::{Place, Scope, Scopes, Site, class_at, option_matches, resolve, sites};

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
    site: &Site<'_>,
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
