//! Where in a record an event's fields lie: for who tests them before they are in the trace.

use thalweg_model::FieldClass;

use super::SyscallEvent;
use super::address::Part;
use super::encode::Step;

/// Where a field's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The call's number.
    Number,
    /// What it returns.
    Result,
    /// The low bytes of an argument.
    Argument(u8),
    /// All arguments, one behind the other.
    Arguments,
    /// The text in a copy; empty if there is none.
    Text(u8),
    /// The first bytes of a copy; zeros if it has not as many.
    Bytes(u8),
    /// The family of the address in a copy.
    Family(u8),
    /// The port of the address in a copy; 0 if its family has none.
    Port(u8),
    /// It is made when the record is read.
    Made,
}

impl SyscallEvent {
    /// The fields, but for the lengths of sequences: their names, their classes, and where they are.
    pub fn origins(&self) -> impl Iterator<Item = (&str, &FieldClass, Origin)> {
        let mut members = self.payload.members.iter();
        self.steps.iter().filter_map(move |step| {
            if has_length(*step) {
                members.next();
            }
            let member = members.next()?;
            Some((member.name.as_str(), &member.class, self.origin(*step)))
        })
    }

    fn origin(&self, step: Step) -> Origin {
        match step {
            Step::Number => Origin::Number,
            Step::Result => Origin::Result,
            Step::Argument { index, .. } => Origin::Argument(index),
            Step::Arguments => Origin::Arguments,
            Step::Text { copy } if self.is_text(copy) => Origin::Text(copy),
            Step::Bytes { copy, .. } => Origin::Bytes(copy),
            Step::Address { copy, part } => match part {
                Part::Family => Origin::Family(copy),
                Part::Port => Origin::Port(copy),
                Part::V4 | Part::V6 | Part::Path => Origin::Made,
            },
            _ => Origin::Made,
        }
    }

    /// Whether a copy ends with a NUL.
    fn is_text(&self, copy: u8) -> bool {
        let copy = self.copies.get(usize::from(copy));
        copy.is_some_and(|copy| copy.kind == super::CopyKind::Text)
    }
}

/// Whether a step fills a sequence's length, too.
const fn has_length(step: Step) -> bool {
    let Step::Address { part, .. } = step else {
        return matches!(step, Step::Strings { .. } | Step::Labels { .. });
    };
    matches!(part, Part::V4 | Part::V6)
}
