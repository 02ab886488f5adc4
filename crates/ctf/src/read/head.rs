//! The header and context of a packet, and what they claim about it.

use thalweg_model::{StructClass, Timestamp, Value};

use super::error::DecodeError;

pub(super) const MAGIC: u64 = 0xc1fc_1fc1;

/// What a packet says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketHead {
    /// The index of its stream's class in the trace's `streams`.
    pub stream: usize,
    /// Which of the streams of that class.
    pub instance_id: Option<u64>,
    /// When it began.
    pub begin: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Its size up to the end of the last event, heads included.
    pub content_bits: Option<u64>,
    /// Its size with padding.
    pub packet_bits: Option<u64>,
    /// Its number in its stream.
    pub sequence: Option<u64>,
    /// How many events its stream had lost up to its end.
    pub events_discarded: Option<u64>,
    /// Where its first event's header begins, before alignment.
    pub head_bits: u64,
}

impl PacketHead {
    /// Where the packet ends, as far as it tells: in bits, without a claim about the file.
    pub fn size_bits(&self) -> Option<u64> {
        self.packet_bits.or(self.content_bits)
    }

    /// Where the content ends, as far as it tells.
    pub(super) fn content_end_bits(&self) -> Option<u64> {
        self.content_bits.or(self.packet_bits)
    }

    /// The sizes must hold the head and each other.
    pub(super) fn check_sizes(&self) -> Result<(), DecodeError> {
        let head_bits = self.head_bits;
        if let Some(packet_bits) = self.size_bits()
            && (packet_bits < head_bits || packet_bits == 0 || !packet_bits.is_multiple_of(8))
        {
            return Err(DecodeError::PacketSize {
                packet_bits,
                head_bits,
            });
        }
        match (self.content_bits, self.size_bits()) {
            (Some(content_bits), Some(packet_bits))
                if content_bits > packet_bits || content_bits < head_bits =>
            {
                Err(DecodeError::ContentSize {
                    content_bits,
                    head_bits,
                    packet_bits,
                })
            }
            _ => Ok(()),
        }
    }
}

/// Where the fields that readers know are in a packet's header.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderFields {
    magic: Option<usize>,
    stream_id: Option<usize>,
    instance_id: Option<usize>,
}

impl HeaderFields {
    pub(super) fn of(class: Option<&StructClass>) -> Self {
        Self {
            magic: find(class, "magic"),
            stream_id: find(class, "stream_id"),
            instance_id: find(class, "stream_instance_id"),
        }
    }

    /// The magic number must be right. The uuid may differ: readers take such traces, and a packet
    /// that is read although it belongs to another trace fails at its stream or its events.
    pub(super) fn check(&self, header: &Value<'_>) -> Result<(), DecodeError> {
        match number(header, self.magic) {
            Some(found) if found != MAGIC => Err(DecodeError::Magic { found }),
            _ => Ok(()),
        }
    }

    pub(super) fn stream_id(&self, header: &Value<'_>) -> Option<u64> {
        number(header, self.stream_id)
    }

    pub(super) fn instance_id(&self, header: &Value<'_>) -> Option<u64> {
        number(header, self.instance_id)
    }
}

/// Where the fields that readers know are in a packet's context.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ContextFields {
    begin: Option<usize>,
    end: Option<usize>,
    content_size: Option<usize>,
    packet_size: Option<usize>,
    sequence: Option<usize>,
    events_discarded: Option<usize>,
}

impl ContextFields {
    pub(super) fn of(class: Option<&StructClass>) -> Self {
        Self {
            begin: find(class, "timestamp_begin"),
            end: find(class, "timestamp_end"),
            content_size: find(class, "content_size"),
            packet_size: find(class, "packet_size"),
            sequence: find(class, "packet_seq_num"),
            events_discarded: find(class, "events_discarded"),
        }
    }

    pub(super) fn fill(&self, context: &Value<'_>, head: &mut PacketHead) {
        head.begin = number(context, self.begin).map(Timestamp);
        head.end = number(context, self.end).map(Timestamp);
        head.content_bits = number(context, self.content_size);
        head.packet_bits = number(context, self.packet_size);
        head.sequence = number(context, self.sequence);
        head.events_discarded = number(context, self.events_discarded);
    }
}

fn find(class: Option<&StructClass>, name: &str) -> Option<usize> {
    class?.members.iter().position(|member| member.name == name)
}

fn number(value: &Value<'_>, index: Option<usize>) -> Option<u64> {
    match value {
        Value::Struct(members) => match members.get(index?)? {
            Value::Unsigned(number) => Some(number),
            _ => None,
        },
        _ => None,
    }
}
