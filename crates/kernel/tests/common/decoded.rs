//! Events read back with their values, as a filter sees them.

use thalweg_filter::{Context, Source, Value};
use thalweg_kernel::{KernelEvent, KernelPacket};
use thalweg_model::FieldClass;

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decoded {
    Int(i64),
    Uint(u64),
    Text(Vec<u8>),
}

/// An event, and what is known where it happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedEvent {
    pub(crate) at: u64,
    /// Its place among the recording's events.
    pub(crate) event: usize,
    pub(crate) values: Vec<Decoded>,
    pub(crate) cpu: u32,
    pub(crate) tid: i32,
    pub(crate) procname: Vec<u8>,
}

impl Decoded {
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::Text(text) => Value::Text(text),
        }
    }
}

impl Source for DecodedEvent {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        Some(self.values.get(usize::from(index))?.as_value())
    }

    fn context(&self, context: Context) -> Option<Value<'_>> {
        match context {
            Context::CpuId => Some(Value::Uint(self.cpu.into())),
            Context::Tid => Some(Value::Int(self.tid.into())),
            Context::Procname => Some(Value::Text(&self.procname)),
            _ => None,
        }
    }
}

/// Reads a packet with large headers to its last byte.
pub(crate) fn decode(packet: &KernelPacket<'_>, events: &[KernelEvent]) -> Vec<DecodedEvent> {
    let (mut rest, mut last, mut out) = (packet.records, packet.begin.0, Vec::new());
    while !rest.is_empty() {
        let (id, at, head) = match number(&rest[..2]) {
            0xffff => (number(&rest[2..6]), number(&rest[6..14]), 14),
            id => {
                let at = last >> 32 << 32 | number(&rest[2..6]);
                (id, if at < last { at + (1 << 32) } else { at }, 6)
            }
        };
        rest = &rest[head..];
        let event = id as usize;
        let members = &events[event].payload.members;
        let values = members.iter().map(|member| value(&member.class, &mut rest));
        out.push(DecodedEvent {
            at,
            event,
            values: values.collect(),
            cpu: packet.cpu,
            tid: 0,
            procname: Vec::new(),
        });
        last = at;
    }
    out
}

fn number(bytes: &[u8]) -> u64 {
    let places = bytes.iter().rev();
    places.fold(0, |n, &byte| n << 8 | u64::from(byte))
}

fn value(class: &FieldClass, rest: &mut &[u8]) -> Decoded {
    let mut take = |len: usize| {
        let (bytes, behind) = rest.split_at(len);
        *rest = behind;
        bytes
    };
    match class {
        FieldClass::Integer(class) => {
            let bits = class.size_bits;
            let low = number(take(bits as usize / 8));
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
        FieldClass::Array(class) => {
            let room = take(class.length as usize);
            let text = room.split(|&byte| byte == 0).next();
            Decoded::Text(text.unwrap_or_default().to_vec())
        }
        other => panic!("these events have no {other:?}"),
    }
}
