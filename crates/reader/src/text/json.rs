//! Messages as JSON: one object a line and event.
//!
//! ```text
//!   {"time_ns":21,"name":"a","stream":0,"context":{"cpu_id":1},"fields":{"x":[1,2],"e":{"value":1,"labels":["A"]}}}
//! ```
//!
//! Integers are written with all their digits. Bytes that are not UTF-8 are replaced.

use thalweg_model::{EnumClass, FieldClass, Message, StructClass, Value, Values};

use super::number;
use crate::merge::Item;
use crate::trace::Trace;

/// Writes events as JSON. Give it every message: it needs the packets to write their events.
#[derive(Debug)]
pub struct Json {
    traces: Vec<Trace>,
    /// By stream: the context of its current packet.
    packets: Vec<Vec<u8>>,
}

impl Json {
    /// For the messages of these traces.
    pub fn new(traces: &[Trace]) -> Self {
        Self {
            traces: traces.to_vec(),
            packets: Vec::new(),
        }
    }

    /// Appends the line of an event, if the message is one.
    pub fn write(&mut self, out: &mut Vec<u8>, item: &Item<'_>) {
        let Some(class) = self
            .traces
            .get(item.trace)
            .map(|trace| trace.class().clone())
        else {
            return;
        };
        let stream = class.streams.get(item.stream_class);
        match &item.message {
            Message::PacketBegin(packet) => {
                let mut text = Vec::new();
                let context = stream.and_then(|stream| stream.packet_context.as_ref());
                part(&mut text, "packet", context, packet.context);
                self.keep(item.stream, text);
            }
            Message::Event(event) => {
                let Some(own) = class.events.get(event.class) else {
                    return;
                };
                out.extend_from_slice(b"{\"time_ns\":");
                match item.at_ns {
                    Some(at_ns) => number::signed(out, at_ns),
                    None => out.extend_from_slice(b"null"),
                }
                out.extend_from_slice(b",\"name\":");
                text(out, own.name.as_bytes());
                out.extend_from_slice(b",\"stream\":");
                number::unsigned(out, item.stream as u64);
                out.extend_from_slice(self.packets.get(item.stream).map_or(&[], Vec::as_slice));
                let common = stream.and_then(|stream| stream.event_context.as_ref());
                part(out, "context", common, event.common_context());
                let specific = own.specific_context.as_ref();
                part(out, "event_context", specific, event.specific_context());
                part(out, "fields", Some(&own.payload), event.payload());
                out.extend_from_slice(b"}\n");
            }
            _ => {}
        }
    }

    fn keep(&mut self, stream: usize, text: Vec<u8>) {
        if self.packets.len() <= stream {
            self.packets.resize(stream + 1, Vec::new());
        }
        self.packets[stream] = text;
    }
}

fn part(out: &mut Vec<u8>, name: &str, class: Option<&StructClass>, value: Option<Value<'_>>) {
    if let (Some(class), Some(Value::Struct(members))) = (class, value) {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        structure(out, class, members);
    }
}

fn structure(out: &mut Vec<u8>, class: &StructClass, members: Values<'_>) {
    let mut separator = b'{';
    for (member, value) in class.members.iter().zip(members) {
        out.push(separator);
        text(out, member.name.as_bytes());
        out.push(b':');
        write(out, &member.class, value);
        separator = b',';
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

fn write(out: &mut Vec<u8>, class: &FieldClass, value: Value<'_>) {
    match (class, value) {
        (FieldClass::Enum(class), Value::Unsigned(number)) => {
            labelled(out, class, number.into());
        }
        (FieldClass::Enum(class), Value::Signed(number)) => labelled(out, class, number.into()),
        (_, Value::Unsigned(value)) => number::unsigned(out, value),
        (_, Value::Signed(value)) => number::signed(out, value),
        (_, Value::F32(value)) => float(out, value.is_finite(), &value),
        (_, Value::F64(value)) => float(out, value.is_finite(), &value),
        (_, Value::Text(value)) => text(out, value),
        (FieldClass::Array(class), Value::List(values)) => list(out, &class.element, values),
        (FieldClass::Sequence(class), Value::List(values)) => list(out, &class.element, values),
        (FieldClass::Struct(class), Value::Struct(values)) => structure(out, class, values),
        (FieldClass::Variant(class), Value::Variant(option, chosen)) => {
            match (class.options.get(option), chosen.get(0)) {
                (Some(option), Some(value)) => write(out, &option.class, value),
                _ => out.extend_from_slice(b"null"),
            }
        }
        _ => out.extend_from_slice(b"null"),
    }
}

fn list(out: &mut Vec<u8>, element: &FieldClass, values: Values<'_>) {
    out.push(b'[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, element, value);
    }
    out.push(b']');
}

fn labelled(out: &mut Vec<u8>, class: &EnumClass, number: i128) {
    out.extend_from_slice(format!("{{\"value\":{number},\"labels\":[").as_bytes());
    let is_meant = |m: &&thalweg_model::EnumMapping| (m.first..=m.last).contains(&number);
    for (index, mapping) in class.mappings.iter().filter(is_meant).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(out, mapping.label.as_bytes());
    }
    out.extend_from_slice(b"]}");
}

/// The shortest digits that mean this number; what JSON has no number for is a text.
fn float(out: &mut Vec<u8>, is_finite: bool, value: &impl std::fmt::Debug) {
    let digits = format!("{value:?}");
    if is_finite {
        out.extend_from_slice(digits.as_bytes());
    } else {
        text(out, digits.as_bytes());
    }
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for character in String::from_utf8_lossy(bytes).chars() {
        match character {
            '"' | '\\' => out.extend_from_slice(&[b'\\', character as u8]),
            '\0'..='\x1f' => {
                out.extend_from_slice(format!("\\u{:04x}", character as u32).as_bytes());
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
