//! From a record to an event's payload, a step a field.

use super::address::Part;
use super::record::State;
use super::{Copy, SyscallEvent, SyscallRecord};

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
    /// What became of a copy.
    State { copy: u8 },
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
                out.extend_from_slice(record.text(copy.into()));
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
            Step::State { copy } => out.push(match self.copies.get(usize::from(copy)) {
                Some(known) => State::of(record, *known, copy.into()) as u8,
                None => State::Fault as u8,
            }),
        }
    }

    /// The bytes of a copy; none if they are not to be believed.
    fn bytes<'a>(&self, record: &SyscallRecord<'a>, copy: u8) -> &'a [u8] {
        let place = usize::from(copy);
        let is_whole = |known: &&Copy| State::of(record, **known, place) == State::Whole;
        let known = self.copies.get(place).filter(is_whole);
        let copied = known.and_then(|_| record.copy(place));
        copied.map_or(&[], |copied| copied.bytes)
    }
}

/// As many strings as the record says, or as it has.
fn strings(record: &SyscallRecord<'_>, place: usize, out: &mut Vec<u8>) {
    let copied = record.copy(place);
    let bytes = copied.map_or(&[][..], |copied| copied.bytes);
    let claimed = copied.map_or(0, |copied| {
        copied.count & !(Copy::CUT_STRINGS | Copy::FAULTY_STRINGS)
    });
    let whole = bytes.iter().filter(|byte| **byte == 0).count() as u32;
    let count = claimed.min(whole);
    out.extend_from_slice(&count.to_le_bytes());
    let mut rest = bytes.split_inclusive(|byte| *byte == 0);
    for string in rest.by_ref().take(count as usize) {
        out.extend_from_slice(string);
    }
}
