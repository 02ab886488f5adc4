//! The structures that a trace class consists of, each once.

use thalweg_model::{StructClass, TraceClass};

use crate::path::{Scope, Scopes};

/// A structure of the trace: which scope it is, and of which stream or event.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) scope: Scope,
    pub(super) stream: usize,
    pub(super) event: Option<usize>,
}

/// Every structure of the trace, each once.
pub(super) fn parts(class: &TraceClass) -> Vec<Part> {
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
pub(super) fn scopes_of<'a>(class: &'a TraceClass, part: &Part) -> Scopes<'a> {
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

pub(super) fn root_mut<'a>(class: &'a mut TraceClass, part: &Part) -> Option<&'a mut StructClass> {
    match part.scope {
        Scope::PacketHeader => class.packet_header.as_mut(),
        Scope::PacketContext => class.streams.get_mut(part.stream)?.packet_context.as_mut(),
        Scope::EventHeader => class.streams.get_mut(part.stream)?.event_header.as_mut(),
        Scope::CommonContext => class.streams.get_mut(part.stream)?.event_context.as_mut(),
        Scope::SpecificContext => class.events.get_mut(part.event?)?.specific_context.as_mut(),
        Scope::Payload => Some(&mut class.events.get_mut(part.event?)?.payload),
    }
}
