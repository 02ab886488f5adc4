//! The fields of an event of tracefs: in its record, at which a program looks through R6.

use thalweg_bpf::Register::R6;
use thalweg_filter::tracefs::Width;
use thalweg_kbuf::{Element, Field, FieldSource, Reading, Shape};
use thalweg_model::{FieldClass, IntegerClass};

use super::field::{COMMON, EventFields, Found, Names, TextSource, common};
use crate::KernelEvent;
use crate::predicate::{Integer, Place};

/// The first bytes of a record are not the program's to see.
const HIDDEN_BYTES: u16 = 8;

/// An event, and its place among those of the watch.
#[derive(Clone, Debug)]
pub(super) struct Tracepoint {
    pub(super) event: KernelEvent,
    pub(super) place: usize,
}

impl EventFields for Tracepoint {
    fn find(&self, name: &str) -> Option<Found> {
        let sources = &self.event.sources;
        if let Some(source) = sources.iter().find(|source| source.name == name) {
            return Some(self.of_trace(source));
        }
        // The kernel's own names are known, too.
        if let Some(source) = sources.iter().find(|source| source.field.name == name) {
            return Some(match (source.reading, place(&source.field)) {
                (Reading::Number { .. }, Ok((place, width))) => {
                    Found::Number(Integer::plain(place, width.bits, width.signed))
                }
                _ => self.of_trace(source),
            });
        }
        match name {
            "event" => {
                let place = Place::Constant(self.place as i64);
                Some(Found::Names(Integer::plain(place, 64, true), Names::Events))
            }
            _ => common(name),
        }
    }

    fn names(&self) -> Vec<&str> {
        let own = self.event.sources.iter().map(|source| source.name.as_str());
        own.chain(COMMON).chain(["event"]).collect()
    }
}

impl Tracepoint {
    fn of_trace(&self, source: &FieldSource) -> Found {
        let field = &source.field;
        match source.reading {
            Reading::Number { add } => match (place(field), self.class(&source.name)) {
                (Ok((place, kernel)), Some(class)) => Found::Number(Integer {
                    place,
                    kernel,
                    trace: Width {
                        bits: class.size_bits,
                        signed: class.signed,
                    },
                    add,
                }),
                (Err(why), _) => Found::Closed(why),
                (_, None) => Found::Closed("it is no integer".to_owned()),
            },
            Reading::Text | Reading::CutText => text(field),
            Reading::List => list(field),
            Reading::Capped => match place(field) {
                Ok((place, width)) => {
                    Found::Number(Integer::plain(place, width.bits, width.signed))
                }
                Err(why) => Found::Closed(why),
            },
            Reading::Told => Found::Closed("it is not in the kernel's record".to_owned()),
            Reading::Letters => Found::Closed("the kernel has letters for these flags".to_owned()),
        }
    }

    fn class(&self, name: &str) -> Option<&IntegerClass> {
        let members = &self.event.payload.members;
        match &members.iter().find(|member| member.name == name)?.class {
            FieldClass::Integer(class) => Some(class),
            FieldClass::Enum(class) => Some(&class.integer),
            _ => None,
        }
    }
}

/// Where a number lies in the record, and how.
fn place(field: &Field) -> Result<(Place, Width), String> {
    let (size_bytes, signed) = match field.element {
        Element::Integer { size_bytes, signed } => (size_bytes, signed),
        Element::Pointer { size_bytes } => (size_bytes, false),
        Element::Char | Element::Opaque => return Err("it is no integer".to_owned()),
    };
    if field.offset < HIDDEN_BYTES || !field.offset.is_multiple_of(size_bytes.into()) {
        return Err("it lies where no program may look".to_owned());
    }
    let width = Width {
        bits: u32::from(size_bytes) * 8,
        signed,
    };
    Ok((Place::Memory(R6, offset(field)?), width))
}

fn offset(field: &Field) -> Result<i16, String> {
    i16::try_from(field.offset).map_err(|_| "it lies too far away".to_owned())
}

fn text(field: &Field) -> Found {
    let at = match offset(field) {
        Ok(at) => at,
        Err(why) => return Found::Closed(why),
    };
    match (field.element, field.shape) {
        (Element::Char, Shape::Array(bytes @ 1..=0x7fff)) => {
            Found::Text(TextSource::Record(at, bytes as u16))
        }
        (Element::Char, Shape::DataLoc) => Found::Text(TextSource::Location(at, false)),
        (Element::Char, Shape::RelLoc) => Found::Text(TextSource::Location(at, true)),
        _ => Found::Closed("the kernel has no text there".to_owned()),
    }
}

fn list(field: &Field) -> Found {
    match (place(field), field.shape) {
        (Ok((place, width)), Shape::Array(length)) => {
            Found::List(Integer::plain(place, width.bits, width.signed), length)
        }
        (Err(why), _) => Found::Closed(why),
        _ => Found::Closed("it is a list whose length differs from event to event".to_owned()),
    }
}
