//! Events read back with their values, as a filter sees them.

use thalweg_filter::{Context, Source, Value};
use thalweg_kernel::{KernelEvent, KernelPacket};
use thalweg_model::{ByteOrder, FieldClass, StructClass};

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decoded {
    Int(i64),
    Uint(u64),
    Text(Vec<u8>),
    List(Vec<Decoded>),
}

/// An event, and what is known where it happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedEvent {
    pub(crate) at: u64,
    /// Its place among the recording's events.
    pub(crate) event: usize,
    pub(crate) values: Vec<Decoded>,
    pub(crate) cpu: u32,
    pub(crate) pid: i32,
    pub(crate) tid: i32,
    pub(crate) procname: Vec<u8>,
}

impl Decoded {
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::Text(text) => Value::Text(text),
            Self::List(_) => panic!("a list has elements, and no value"),
        }
    }
}

impl Source for DecodedEvent {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        Some(self.values.get(usize::from(index))?.as_value())
    }

    fn element(&self, index: u16, at: u32) -> Option<Value<'_>> {
        match self.values.get(usize::from(index))? {
            Decoded::List(values) => Some(values.get(at as usize)?.as_value()),
            _ => None,
        }
    }

    fn context(&self, context: Context) -> Option<Value<'_>> {
        match context {
            Context::CpuId => Some(Value::Uint(self.cpu.into())),
            Context::Tid => Some(Value::Int(self.tid.into())),
            Context::Pid => Some(Value::Int(self.pid.into())),
            Context::Procname => Some(Value::Text(&self.procname)),
            _ => None,
        }
    }
}

/// Reads a packet with large headers to its last byte.
pub(crate) fn decode(packet: &KernelPacket<'_>, events: &[KernelEvent]) -> Vec<DecodedEvent> {
    let payloads: Vec<&StructClass> = events.iter().map(|event| &event.payload).collect();
    decode_behind(0, packet, &payloads)
}

/// The same, of system calls, which have pid, tid and procname in front of each payload.
pub(crate) fn decode_calls(
    packet: &KernelPacket<'_>,
    payloads: &[&StructClass],
) -> Vec<DecodedEvent> {
    decode_behind(24, packet, payloads)
}

fn decode_behind(
    contexts: usize,
    packet: &KernelPacket<'_>,
    payloads: &[&StructClass],
) -> Vec<DecodedEvent> {
    let (mut rest, mut last, mut out) = (packet.records, packet.begin.0, Vec::new());
    while !rest.is_empty() {
        let (id, at, head) = match number(&rest[..2]) {
            0xffff => (number(&rest[2..6]), number(&rest[6..14]), 14),
            id => {
                let at = last >> 32 << 32 | number(&rest[2..6]);
                (id, if at < last { at + (1 << 32) } else { at }, 6)
            }
        };
        let (context, payload) = rest[head..].split_at(contexts);
        rest = payload;
        let mut values: Vec<Decoded> = Vec::new();
        for member in &payloads[id as usize].members {
            let before = values.last().cloned();
            values.push(value(&member.class, before.as_ref(), &mut rest));
        }
        let id_of = |at: usize| context.get(at..at + 4).map_or(0, |id| number(id) as i32);
        let name = context.get(8..).unwrap_or_default();
        out.push(DecodedEvent {
            at,
            event: id as usize,
            values,
            cpu: packet.cpu,
            pid: id_of(0),
            tid: id_of(4),
            procname: name.iter().copied().take_while(|byte| *byte != 0).collect(),
        });
        last = at;
    }
    out
}

fn number(bytes: &[u8]) -> u64 {
    let places = bytes.iter().rev();
    places.fold(0, |n, &byte| n << 8 | u64::from(byte))
}

/// A field's value; `before` is what stands in front of it: of a sequence, its length.
fn value(class: &FieldClass, before: Option<&Decoded>, rest: &mut &[u8]) -> Decoded {
    let mut take = |len: usize| {
        let (bytes, behind) = rest.split_at(len);
        *rest = behind;
        bytes
    };
    match class {
        FieldClass::Integer(class) => {
            let bits = class.size_bits;
            let bytes = take(bits as usize / 8);
            let low = match class.byte_order {
                ByteOrder::Little => number(bytes),
                ByteOrder::Big => bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
            };
            match class.signed {
                true => Decoded::Int((low << (64 - bits)) as i64 >> (64 - bits)),
                false => Decoded::Uint(low),
            }
        }
        FieldClass::String(_) => {
            let len = rest.iter().position(|&byte| byte == 0).expect("a NUL");
            let (text, behind) = rest.split_at(len);
            *rest = &behind[1..];
            Decoded::Text(text.to_vec())
        }
        FieldClass::Enum(class) => value(&FieldClass::Integer(class.integer.clone()), None, rest),
        FieldClass::Array(class) if matches!(*class.element, FieldClass::Integer(ref element) if element.size_bits > 8) =>
        {
            let elements = 0..class.length;
            Decoded::List(
                elements
                    .map(|_| value(&class.element, None, rest))
                    .collect(),
            )
        }
        FieldClass::Sequence(class) => {
            let Some(Decoded::Uint(length)) = before else {
                panic!("a length is no number");
            };
            Decoded::List(
                (0..*length)
                    .map(|_| value(&class.element, None, rest))
                    .collect(),
            )
        }
        FieldClass::Array(class) => {
            let room = take(class.length as usize);
            let text = room.split(|&byte| byte == 0).next();
            Decoded::Text(text.unwrap_or_default().to_vec())
        }
        other => panic!("these events have no {other:?}"),
    }
}
