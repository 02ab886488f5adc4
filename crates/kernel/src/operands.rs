//! The fields of an event, as the kernel's filters see them.
//!
//! A name is the trace's; where the trace has none such, the kernel's own.

use thalweg_filter::tracefs::{IntegerOperand, Operand, Operands, TextOperand, Width};
use thalweg_kbuf::{Element, Field, FieldSource, Reading};
use thalweg_model::{FieldClass, IntegerClass};

use crate::KernelEvent;

/// Bytes that a thread's name has at most, with its NUL.
const COMM_BYTES: u32 = 16;

/// The fields of an event.
pub(crate) struct EventFields<'e>(pub(crate) &'e KernelEvent);

impl Operands for EventFields<'_> {
    fn operand(&self, name: &str) -> Option<Operand<'_>> {
        let sources = &self.0.sources;
        if let Some(source) = sources.iter().find(|source| source.name == name) {
            return Some(self.of_trace(source));
        }
        let source = sources.iter().find(|source| source.field.name == name)?;
        Some(match source.reading {
            Reading::Number { .. } => of_kernel(&source.field),
            _ => self.of_trace(source),
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.sources.iter().map(|source| source.name.as_str())
    }
}

impl EventFields<'_> {
    fn of_trace<'s>(&self, source: &'s FieldSource) -> Operand<'s> {
        match source.reading {
            Reading::Number { add } => match (integer(&source.field), self.class(&source.name)) {
                (Ok(kernel), Some(class)) => Operand::Integer(IntegerOperand {
                    name: &source.field.name,
                    kernel,
                    trace: width(class),
                    add,
                }),
                (Err(why), _) => Operand::Closed(why),
                (_, None) => Operand::Closed("it is no integer"),
            },
            Reading::Text => text(&source.field, None),
            Reading::CutText if source.name.ends_with("comm") => {
                text(&source.field, Some(COMM_BYTES))
            }
            Reading::CutText => Operand::Closed("the trace keeps only its beginning"),
            Reading::List => Operand::Closed("it is a list"),
            Reading::Capped => of_kernel(&source.field),
            Reading::Told => Operand::Closed("it is not in the kernel's record"),
            Reading::Letters => Operand::Closed("the kernel has letters for these flags"),
        }
    }

    fn class(&self, name: &str) -> Option<&IntegerClass> {
        let members = &self.0.payload.members;
        match &members.iter().find(|member| member.name == name)?.class {
            FieldClass::Integer(class) => Some(class),
            FieldClass::Enum(class) => Some(&class.integer),
            _ => None,
        }
    }
}

fn of_kernel(field: &Field) -> Operand<'_> {
    match integer(field) {
        Ok(kernel) => Operand::Integer(IntegerOperand {
            name: &field.name,
            kernel,
            trace: kernel,
            add: 0,
        }),
        Err(why) => Operand::Closed(why),
    }
}

/// As what the kernel compares a scalar.
fn integer(field: &Field) -> Result<Width, &'static str> {
    let (size_bytes, signed) = match field.element {
        Element::Integer { size_bytes, signed } => (size_bytes, signed),
        Element::Pointer { size_bytes } => (size_bytes, false),
        Element::Char | Element::Opaque => return Err("it is no integer"),
    };
    match field.c_type.as_str() {
        "char *" | "const char *" => Err(
            "the kernel has an address of a text there; --syscalls records the text, unfiltered",
        ),
        _ => Ok(Width {
            bits: u32::from(size_bytes) * 8,
            signed,
        }),
    }
}

fn text(field: &Field, room: Option<u32>) -> Operand<'_> {
    let fixed = (!field.is_dynamic()).then_some(u32::from(field.size_bytes));
    Operand::Text(TextOperand {
        name: &field.name,
        room: room.or(fixed),
    })
}

const fn width(class: &IntegerClass) -> Width {
    Width {
        bits: class.size_bits,
        signed: class.signed,
    }
}
