//! Writes messages, one line an event.

use thalweg_model::{Event, EventClass, Message, StructClass, TraceClass, Value};

use super::header::origin;
use super::shape::{Shape, Shaper};
use super::time::{Style, Times};
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

/// How lines are written.
#[derive(Debug)]
pub struct Options {
    /// How times are shown.
    pub time: Style,
}

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
    contexts: Vec<Shape>,
    events: Vec<EventText>,
}

#[derive(Debug)]
struct EventText {
    /// `host name: `.
    head: Vec<u8>,
    common_context: Shape,
    specific_context: Shape,
    payload: Shape,
}

impl Printer {
    /// A printer for the messages of these traces.
    pub fn new(traces: &[Trace], options: Options) -> Self {
        let traces = traces
            .iter()
            .map(|trace| TraceText::new(trace.class()))
            .collect();
        Self {
            traces,
            times: Times::new(options.time),
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
                    part(&mut text, shape, packet.context);
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
            self.times.write(out, at_ns);
        }
        out.extend_from_slice(&text.head);
        let begin = out.len();
        out.extend_from_slice(self.packets.get(item.stream).map_or(&[], Vec::as_slice));
        part(out, &text.common_context, event.common_context());
        part(out, &text.specific_context, event.specific_context());
        part(out, &text.payload, event.payload());
        // Each part ends with a separator; the last one's goes.
        if out.len() > begin {
            out.truncate(out.len() - SEPARATOR.len());
        }
        out.push(b'\n');
    }
}

const SEPARATOR: &[u8] = b", ";

fn part(out: &mut Vec<u8>, shape: &Shape, value: Option<Value<'_>>) {
    if let Some(value) = value
        && !matches!(shape, Shape::Hidden)
    {
        shape.write(out, value);
        out.extend_from_slice(SEPARATOR);
    }
}

impl TraceText {
    fn new(class: &TraceClass) -> Self {
        let origin = origin(class);
        Self {
            contexts: class
                .streams
                .iter()
                .map(|s| context_shape(class, s.id, s.packet_context.as_ref()))
                .collect(),
            events: class
                .events
                .iter()
                .map(|event| EventText::new(class, event, &origin))
                .collect(),
        }
    }
}

fn context_shape(class: &TraceClass, stream_id: u64, context: Option<&StructClass>) -> Shape {
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
    let shaper = Shaper::new(roots, &FOR_READERS);
    context.map_or(Shape::Hidden, |context| shaper.structure(context))
}

impl EventText {
    fn new(class: &TraceClass, event: &EventClass, origin: &str) -> Self {
        let stream = class
            .streams
            .iter()
            .find(|stream| stream.id == event.stream_id);
        let common = stream.and_then(|stream| stream.event_context.as_ref());
        let specific = event.specific_context.as_ref();
        let roots = common.into_iter().chain(specific).chain([&event.payload]);
        let shaper = Shaper::new(roots, &[]);
        let shape = |class: Option<&StructClass>| {
            class.map_or(Shape::Hidden, |class| shaper.structure(class))
        };
        Self {
            head: format!("{origin}{}: ", event.name).into_bytes(),
            common_context: shape(common),
            specific_context: shape(specific),
            payload: shape(Some(&event.payload)),
        }
    }
}
