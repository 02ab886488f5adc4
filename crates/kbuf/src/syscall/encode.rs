//! From a record to an event's payload, a step a field.

use super::address::Part;
use super::element::Element;
use super::labels::LabelSet;
use super::state::State;
use super::{Copy, SyscallEvent, SyscallRecord, path};

/// How a field, or a sequence and its length, is made of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The call's number.
    Number,
    /// What it returns.
    Result,
    /// The low bytes of an argument.
    Argument { index: u8, bytes: u8 },
    /// All six.
    Arguments,
    /// The text of a copy.
    Text { copy: u8 },
    /// The first bytes of a copy; zeros if it has not as many.
    Bytes { copy: u8, len: u8 },
    /// A part of the address in a copy.
    Address { copy: u8, part: Part },
    /// The strings of a copy.
    Strings { copy: u8 },
    /// How many elements a copy has, in one byte or four.
    Count {
        copy: u8,
        element: Element,
        bytes: u8,
    },
    /// These elements.
    List {
        copy: u8,
        element: Element,
        bytes: u8,
    },
    /// The first element.
    First { copy: u8, element: Element },
    /// Whether any of these copies, a bit each, is cut.
    Overflow { copies: u8 },
    /// The path that is in a copy.
    Path { copy: u8 },
    /// The names of an argument.
    Labels { index: u8, set: &'static LabelSet },
    /// What became of a copy.
    State { copy: u8 },
    /// The structure in a copy, one of the event's.
    Structure { copy: u8, place: u8 },
}

impl SyscallEvent {
    /// Appends the payload of a record.
    pub fn encode(&self, record: &SyscallRecord<'_>, out: &mut Vec<u8>) {
        for step in &self.steps {
            self.step(*step, record, out);
        }
    }

    fn step(&self, step: Step, record: &SyscallRecord<'_>, out: &mut Vec<u8>) {
        match step {
            Step::Number => out.extend_from_slice(&record.number().to_le_bytes()),
            Step::Result => out.extend_from_slice(&record.result().to_le_bytes()),
            Step::Argument { index, bytes } => {
                let argument = record.argument(index).to_le_bytes();
                out.extend_from_slice(&argument[..usize::from(bytes).min(8)]);
            }
            Step::Arguments => out.extend_from_slice(record.arguments()),
            Step::Text { copy } => {
                out.extend_from_slice(text(self.bytes(record, copy)));
                out.push(0);
            }
            Step::Bytes { copy, len } => {
                let bytes = self.bytes(record, copy);
                let end = out.len() + usize::from(len);
                out.extend_from_slice(&bytes[..bytes.len().min(len.into())]);
                out.resize(end, 0);
            }
            Step::Address { copy, part } => part.encode(self.bytes(record, copy), out),
            Step::Strings { copy } => strings(record, copy.into(), out),
            Step::Labels { index, set } => labels(record, index, set, out),
            Step::State { copy } => out.push(self.state(record, copy) as u8),
            _ => self.copied(step, record, out),
        }
    }

    /// The steps that are about lists and paths.
    fn copied(&self, step: Step, record: &SyscallRecord<'_>, out: &mut Vec<u8>) {
        match step {
            Step::Count {
                copy,
                element,
                bytes,
            } => {
                let count = self.elements(record, copy, element, bytes).len() as u32;
                out.extend_from_slice(&count.to_le_bytes()[..usize::from(bytes).min(4)]);
            }
            Step::List {
                copy,
                element,
                bytes,
            } => {
                let elements = self.elements(record, copy, element, bytes);
                match element {
                    Element::Byte => out.extend(elements.flatten()),
                    _ => elements.for_each(|bytes| element.encode(bytes, out)),
                }
            }
            Step::Structure { copy, place } => {
                if let Some(structure) = self.structures.get(usize::from(place)) {
                    structure.encode(self.bytes(record, copy), out);
                }
            }
            Step::First { copy, element } => {
                element.encode(self.bytes(record, copy), out);
            }
            Step::Overflow { copies } => {
                let is_cut =
                    |copy: u8| copies >> copy & 1 != 0 && self.state(record, copy) == State::Cut;
                out.push((0..8).any(is_cut).into());
            }
            Step::Path { copy } => {
                let is_cut = self.state(record, copy) == State::Cut;
                let begin = out.len();
                path::encode(self.bytes(record, copy), is_cut, out);
                // Nothing in it is a NUL; a claim all the same.
                let len = text(&out[begin..]).len();
                out.truncate(begin + len);
                out.push(0);
            }
            _ => {}
        }
    }

    fn state(&self, record: &SyscallRecord<'_>, copy: u8) -> State {
        let place = usize::from(copy);
        let known = self.copies.get(place);
        known.map_or(State::Fault, |known| State::of(record, *known, place))
    }

    /// The bytes of a copy; none if they are not to be believed.
    fn bytes<'a>(&self, record: &SyscallRecord<'a>, copy: u8) -> &'a [u8] {
        let copied = record.copy(copy.into());
        let copied = copied.filter(|_| self.state(record, copy).has_bytes());
        copied.map_or(&[], |copied| copied.bytes)
    }

    /// The whole elements of a copy, as many as a count of so many bytes can tell.
    fn elements<'a>(
        &self,
        record: &SyscallRecord<'a>,
        copy: u8,
        element: Element,
        count_bytes: u8,
    ) -> std::slice::ChunksExact<'a, u8> {
        let bytes = self.bytes(record, copy);
        let most = if count_bytes == 1 {
            255 * element.len()
        } else {
            bytes.len()
        };
        bytes[..bytes.len().min(most)].chunks_exact(element.len())
    }
}

/// Up to the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn labels(record: &SyscallRecord<'_>, index: u8, set: &LabelSet, out: &mut Vec<u8>) {
    let count_at = out.len();
    out.push(0);
    for part in set.parts(record.argument(index) as u32) {
        out.extend_from_slice(&part.to_le_bytes());
        out[count_at] += 1;
    }
}

/// As many strings as the record says, or as it has.
fn strings(record: &SyscallRecord<'_>, place: usize, out: &mut Vec<u8>) {
    let copied = record.copy(place);
    let bytes = copied.map_or(&[][..], |copied| copied.bytes);
    let claimed = copied.map_or(0, |copied| copied.count & !(Copy::CUT | Copy::FAULTY));
    let whole = bytes.iter().filter(|byte| **byte == 0).count() as u32;
    let count = claimed.min(whole);
    out.extend_from_slice(&count.to_le_bytes());
    let mut rest = bytes.split_inclusive(|byte| *byte == 0);
    for string in rest.by_ref().take(count as usize) {
        out.extend_from_slice(string);
    }
}
