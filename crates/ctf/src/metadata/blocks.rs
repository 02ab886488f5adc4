//! The blocks of the top level: `trace`, `env`, `clock`, `stream`, `event`, `callsite`.

use thalweg_model::{
    ByteOrder, ClockClass, EnvValue, EventClass, LogLevel, StreamClass, StructClass, Uuid,
};

use super::attributes::{Attribute, Right};
use super::error::{MetadataError, Position, Reason};
use super::lexer::Kind;
use super::parser::Parser;
use super::types::missing;

/// What the blocks said so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) trace: Option<Trace>,
    pub(super) environment: Vec<(String, EnvValue)>,
    pub(super) clocks: Vec<(ClockClass, Position)>,
    pub(super) streams: Vec<(StreamClass, Position)>,
    pub(super) events: Vec<DraftEvent>,
    /// Where the text ends.
    pub(super) end: Option<Position>,
}

/// The `trace` block.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) at: Option<Position>,
    pub(super) uuid: Option<Uuid>,
    pub(super) byte_order: Option<ByteOrder>,
    pub(super) packet_header: Option<StructClass>,
    major: Option<u64>,
    minor: Option<u64>,
}

/// An `event` block; its stream may be declared later.
#[derive(Debug)]
pub(super) struct DraftEvent {
    pub(super) class: EventClass,
    pub(super) stream_id: Option<u64>,
    pub(super) at: Position,
}

impl Draft {
    /// The byte order that the trace block declares.
    pub(super) fn byte_order(&self) -> Result<ByteOrder, MetadataError> {
        let at = self.end.unwrap_or(Position { line: 1, column: 1 });
        let trace = self
            .trace
            .as_ref()
            .ok_or(missing("the metadata", "trace").at(at))?;
        trace
            .byte_order
            .ok_or(missing("trace", "byte_order").at(trace.at.unwrap_or(at)))
    }
}

impl Parser<'_> {
    pub(super) fn root_declaration(&mut self) -> Result<(), MetadataError> {
        let at = self.at();
        match self.peek_word() {
            Some("trace") => self.trace(at)?,
            Some("env") => self.environment()?,
            Some("clock") => self.clock(at)?,
            Some("stream") => self.stream(at)?,
            Some("event") => self.event(at)?,
            Some("callsite") => self.callsite()?,
            Some("typealias" | "typedef") => {
                self.type_declaration()?;
                self.draft.end = Some(self.at());
                return Ok(());
            }
            // Nothing but a type can follow a type here, so that its semicolon may be missing.
            Some("struct" | "variant" | "enum") => {
                self.type_specifier()?;
                if matches!(self.peek_word(), Some("struct" | "variant" | "enum")) {
                    return Ok(());
                }
            }
            _ => return Err(self.unexpected("a block or a type")),
        }
        self.expect(";")?;
        self.draft.end = Some(self.at());
        Ok(())
    }

    fn trace(&mut self, at: Position) -> Result<(), MetadataError> {
        self.next()?;
        if self.draft.trace.is_some() {
            return Err(Reason::Twice {
                kind: "block",
                name: "trace".to_owned(),
            }
            .at(at));
        }
        let mut trace = Trace {
            at: Some(at),
            ..Trace::default()
        };
        self.block("trace", |_, a| trace.set(a))?;
        for (attribute, found, wanted) in [("major", trace.major, 1), ("minor", trace.minor, 8)] {
            match found {
                None => return Err(missing("trace", attribute).at(at)),
                Some(number) if number != wanted => {
                    return Err(Reason::Version(format!("with {attribute} {number}")).at(at));
                }
                Some(_) => {}
            }
        }
        self.draft.trace = Some(trace);
        Ok(())
    }

    fn environment(&mut self) -> Result<(), MetadataError> {
        self.next()?;
        self.block("env", |parser, a| {
            let value = match a.right {
                Right::Integer(number) => match i64::try_from(number) {
                    Ok(number) => EnvValue::Integer(number),
                    Err(_) => EnvValue::Text(number.to_string()),
                },
                Right::Text(text) | Right::Words(text) => EnvValue::Text(text),
                Right::Type(_) => return Err(a.refuse("an integer or a string")),
            };
            let environment = &mut parser.draft.environment;
            environment.retain(|(name, _)| *name != a.name);
            environment.push((a.name, value));
            Ok(())
        })
    }

    fn clock(&mut self, at: Position) -> Result<(), MetadataError> {
        self.next()?;
        let mut clock = DraftClock::new();
        self.block("clock", |_, a| clock.set(&a))?;
        let class = clock.finish().map_err(|reason| reason.at(at))?;
        if self
            .draft
            .clocks
            .iter()
            .any(|(other, _)| other.name == class.name)
        {
            return Err(Reason::Twice {
                kind: "clock",
                name: class.name,
            }
            .at(at));
        }
        self.draft.clocks.push((class, at));
        Ok(())
    }

    fn stream(&mut self, at: Position) -> Result<(), MetadataError> {
        self.next()?;
        let mut stream = StreamClass::default();
        self.block("stream", |_, a| {
            match a.name.as_str() {
                "id" => stream.id = a.unsigned("an id")?,
                "packet.context" => stream.packet_context = Some(a.structure()?),
                "event.header" => stream.event_header = Some(a.structure()?),
                "event.context" => stream.event_context = Some(a.structure()?),
                _ => {}
            }
            Ok(())
        })?;
        if self
            .draft
            .streams
            .iter()
            .any(|(other, _)| other.id == stream.id)
        {
            return Err(Reason::Twice {
                kind: "stream",
                name: stream.id.to_string(),
            }
            .at(at));
        }
        self.draft.streams.push((stream, at));
        Ok(())
    }

    fn event(&mut self, at: Position) -> Result<(), MetadataError> {
        self.next()?;
        let mut event = DraftEvent {
            class: no_event(),
            stream_id: None,
            at,
        };
        let mut named = false;
        self.block("event", |_, a| {
            named |= a.name == "name";
            event.set(a)
        })?;
        if !named {
            return Err(missing("event", "name").at(at));
        }
        self.draft.events.push(event);
        Ok(())
    }

    fn callsite(&mut self) -> Result<(), MetadataError> {
        self.next()?;
        if *self.peek() != Kind::Mark("{") {
            return Err(self.unexpected("{"));
        }
        self.block("callsite", |_, _| Ok(()))
    }
}

impl Trace {
    fn set(&mut self, a: Attribute) -> Result<(), MetadataError> {
        match a.name.as_str() {
            "major" => self.major = Some(a.unsigned("1")?),
            "minor" => self.minor = Some(a.unsigned("8")?),
            "uuid" => self.uuid = Some(a.parsed("a uuid")?),
            "byte_order" => self.byte_order = Some(a.byte_order(None)?),
            "packet.header" => self.packet_header = Some(a.structure()?),
            _ => {}
        }
        Ok(())
    }
}

fn no_event() -> EventClass {
    EventClass {
        id: 0,
        name: String::new(),
        stream_id: 0,
        log_level: None,
        model_uri: None,
        specific_context: None,
        payload: StructClass::default(),
    }
}

impl DraftEvent {
    fn set(&mut self, a: Attribute) -> Result<(), MetadataError> {
        let class = &mut self.class;
        match a.name.as_str() {
            "name" => a.text()?.clone_into(&mut class.name),
            "id" => class.id = a.unsigned("an id")?,
            "stream_id" => self.stream_id = Some(a.unsigned("an id")?),
            "loglevel" => {
                class.log_level = a.unsigned("a level").ok().and_then(LogLevel::from_number);
            }
            "model.emf.uri" => class.model_uri = Some(a.text()?.to_owned()),
            "context" => class.specific_context = Some(a.structure()?),
            "fields" => class.payload = a.structure()?,
            _ => {}
        }
        Ok(())
    }
}

/// A clock without a name that counts nanoseconds: what a `clock` block need not say.
pub(super) fn nanoseconds() -> ClockClass {
    ClockClass {
        name: String::new(),
        description: String::new(),
        uuid: None,
        frequency_hz: 1_000_000_000,
        precision: 0,
        offset_s: 0,
        offset_cycles: 0,
        absolute: false,
    }
}

struct DraftClock {
    class: ClockClass,
    offset: i128,
}

impl DraftClock {
    fn new() -> Self {
        Self {
            class: nanoseconds(),
            offset: 0,
        }
    }

    fn set(&mut self, a: &Attribute) -> Result<(), MetadataError> {
        let class = &mut self.class;
        match a.name.as_str() {
            "name" => a.text()?.clone_into(&mut class.name),
            "uuid" => class.uuid = Some(a.parsed("a uuid")?),
            "description" => a.text()?.clone_into(&mut class.description),
            "freq" => class.frequency_hz = a.unsigned("a number of cycles")?,
            "precision" => class.precision = a.unsigned("a number of cycles")?,
            "offset_s" => class.offset_s = a.unsigned("a number of seconds")?,
            "offset" => self.offset = a.unsigned("a number of cycles")?,
            "absolute" => class.absolute = a.boolean()?,
            _ => {}
        }
        Ok(())
    }

    /// Brings the offset in cycles below one second, as the model wants it.
    fn finish(mut self) -> Result<ClockClass, Reason> {
        if self.class.name.is_empty() {
            return Err(missing("clock", "name"));
        }
        if self.class.frequency_hz == 0 {
            return Err(missing("clock", "freq above 0"));
        }
        let frequency = i128::from(self.class.frequency_hz);
        let seconds = i128::from(self.class.offset_s) + self.offset.div_euclid(frequency);
        let too_far = Reason::Unsupported("a clock this far from the epoch");
        self.class.offset_s = i64::try_from(seconds).map_err(|_| too_far)?;
        self.class.offset_cycles = self.offset.rem_euclid(frequency).unsigned_abs() as u64;
        Ok(self.class)
    }
}
