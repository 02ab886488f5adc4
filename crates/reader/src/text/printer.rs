//! Writes messages, one line an event.

use thalweg_model::{Event, EventClass, Message, StructClass, TraceClass, Value};

use super::header::Origin;
use super::options::{Names, Options};
use super::shape::{Shape, Shaper};
use super::time::Times;
use crate::merge::Item;
use crate::trace::Trace;

/// Fields of a packet's context that are for readers only.
const FOR_READERS: [&str; 6] = [
    "timestamp_begin",
    "timestamp_end",
    "content_size",
    "packet_size",
    "packet_seq_num",
    "events_discarded",
];

/// Writes messages as text. Give it every message: it needs the packets to write their events.
#[derive(Debug)]
pub struct Printer {
    traces: Vec<TraceText>,
    times: Times,
    /// By stream: the context of its current packet, as text.
    packets: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct TraceText {
    /// By stream class.
    contexts: Vec<Part>,
    events: Vec<EventText>,
}

#[derive(Debug)]
struct EventText {
    /// `host name: `.
    head: Vec<u8>,
    common_context: Part,
    specific_context: Part,
    payload: Part,
}

impl Printer {
    /// A printer for the messages of these traces.
    pub fn new(traces: &[Trace], options: Options) -> Self {
        let texts = traces
            .iter()
            .map(|trace| TraceText::new(trace, &folder_of(trace, traces), &options))
            .collect();
        Self {
            traces: texts,
            times: Times::new(options),
            packets: Vec::new(),
        }
    }

    /// Appends the line of an event, if the message is one.
    #[inline]
    pub fn write(&mut self, out: &mut Vec<u8>, item: &Item<'_>) {
        match &item.message {
            Message::Event(event) => self.write_event(out, item, event),
            Message::PacketBegin(packet) => {
                let shape = self
                    .traces
                    .get(item.trace)
                    .and_then(|t| t.contexts.get(item.stream_class));
                let mut text = Vec::new();
                if let Some(shape) = shape {
                    shape.write(&mut text, packet.context);
                }
                self.keep(item.stream, text);
            }
            _ => {}
        }
    }

    /// The time of a message as lines show it, for messages that are no events.
    pub fn write_time(&mut self, out: &mut Vec<u8>, at_ns: i64) {
        self.times.write_time(out, at_ns);
    }

    fn keep(&mut self, stream: usize, text: Vec<u8>) {
        if self.packets.len() <= stream {
            self.packets.resize(stream + 1, Vec::new());
        }
        self.packets[stream] = text;
    }

    fn write_event(&mut self, out: &mut Vec<u8>, item: &Item<'_>, event: &Event<'_>) {
        let Some(text) = self
            .traces
            .get(item.trace)
            .and_then(|t| t.events.get(event.class))
        else {
            return;
        };
        if let Some(at_ns) = item.at_ns {
            self.times.write(out, at_ns, event.at.unwrap_or_default().0);
        }
        out.extend_from_slice(&text.head);
        let begin = out.len();
        out.extend_from_slice(self.packets.get(item.stream).map_or(&[], Vec::as_slice));
        text.common_context.write(out, event.common_context());
        text.specific_context.write(out, event.specific_context());
        text.payload.write(out, event.payload());
        // Each part ends with a separator; the last one's goes.
        if out.len() > begin {
            out.truncate(out.len() - SEPARATOR.len());
        }
        out.push(b'\n');
    }
}

const SEPARATOR: &[u8] = b", ";

/// A context or the fields: what stands before it, and how it is shown.
#[derive(Debug)]
struct Part {
    scope: &'static str,
    shape: Shape,
}

impl Part {
    fn new(scope: &'static str, shape: Shape, names: Names) -> Self {
        let scope = if names.scope { scope } else { "" };
        Self { scope, shape }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>, value: Option<Value<'_>>) {
        if let Some(value) = value
            && !matches!(self.shape, Shape::Hidden)
        {
            out.extend_from_slice(self.scope.as_bytes());
            self.shape.write(out, value);
            out.extend_from_slice(SEPARATOR);
        }
    }
}

/// A trace's folder below the one that was asked for; folders that are one trace have none.
fn folder_of(trace: &Trace, all: &[Trace]) -> String {
    let uuid = trace.class().uuid;
    let is_alone = uuid.is_none() || all.iter().filter(|t| t.class().uuid == uuid).count() == 1;
    let below = trace.path().strip_prefix(trace.root());
    match below {
        Ok(below) if is_alone => below.display().to_string(),
        _ => String::new(),
    }
}

impl TraceText {
    fn new(trace: &Trace, folder: &str, options: &Options) -> Self {
        let class = trace.class();
        let origin = Origin {
            class,
            folder,
            fields: options.fields,
            names: options.names,
        };
        let has_time = |event: &EventClass| {
            let stream = class.streams.iter().position(|s| s.id == event.stream_id);
            stream.and_then(|stream| trace.scale(stream)).is_some()
        };
        Self {
            contexts: class
                .streams
                .iter()
                .map(|s| packet_part(class, s.id, s.packet_context.as_ref(), options.names))
                .collect(),
            events: class
                .events
                .iter()
                .map(|event| EventText::new(&origin, event, has_time(event)))
                .collect(),
        }
    }
}

fn packet_part(
    class: &TraceClass,
    stream_id: u64,
    context: Option<&StructClass>,
    names: Names,
) -> Part {
    let stream = class.streams.iter().find(|stream| stream.id == stream_id);
    let events = class
        .events
        .iter()
        .filter(|event| event.stream_id == stream_id)
        .map(|event| &event.payload);
    let roots = context
        .into_iter()
        .chain(stream.and_then(|s| s.event_context.as_ref()))
        .chain(events);
    let shaper = Shaper::new(roots, &FOR_READERS).naming(names.context);
    let shape = context.map_or(Shape::Hidden, |context| shaper.structure(context));
    Part::new("stream.packet.context = ", shape, names)
}

impl EventText {
    fn new(origin: &Origin<'_>, event: &EventClass, has_time: bool) -> Self {
        let (names, streams) = (origin.names, &origin.class.streams);
        let stream = streams.iter().find(|stream| stream.id == event.stream_id);
        let common = stream.and_then(|stream| stream.event_context.as_ref());
        let specific = event.specific_context.as_ref();
        let roots = || common.into_iter().chain(specific).chain([&event.payload]);
        let part = |scope, class: Option<&StructClass>, named| {
            let shaper = Shaper::new(roots(), &[]).naming(named);
            let shape = class.map_or(Shape::Hidden, |class| shaper.structure(class));
            Part::new(scope, shape, names)
        };
        Self {
            head: origin.header(event, has_time).into_bytes(),
            common_context: part("stream.event.context = ", common, names.context),
            specific_context: part("event.context = ", specific, names.context),
            payload: part("event.fields = ", Some(&event.payload), names.payload),
        }
    }
}
