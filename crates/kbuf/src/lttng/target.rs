//! An event that LTTng knows: its fields, each filled from the kernel's.

use thalweg_model::{FieldClass, IntegerClass};

use super::listing::{Listed, ListedClass};
use super::{Made, rules, told};
use crate::format::{Element, EventFormat, Field, Shape};
use crate::plan::ToldKey;
use crate::told::ToldKind;

/// Adds every field of LTTng's `event` that the kernel's format can fill, or a program tells.
pub(super) fn lower(
    event: &str,
    fields: Vec<Listed>,
    format: &EventFormat,
    kind: Option<ToldKind>,
    made: &mut Made,
) {
    let key = kind.and_then(|kind| {
        let field = format.field(kind.key())?;
        Some((ToldKey::new(kind, field)?, field))
    });
    let mut length = None;
    for field in fields {
        match &field.class {
            // A sequence's length comes with the sequence.
            ListedClass::Integer(class) if field.name.ends_with("_length") => {
                length = Some((field.name, class.clone()));
            }
            _ if key.is_some_and(|key| told::fill(&field, &length, key, made)) => length = None,
            class => {
                fill(event, field.name, class, length.take(), format, made);
            }
        }
    }
}

fn fill(
    event: &str,
    name: &str,
    class: &ListedClass,
    length: Option<(&str, IntegerClass)>,
    format: &EventFormat,
    made: &mut Made,
) -> bool {
    let Some(source) = rules::source(event, name, format) else {
        return false;
    };
    let add = rules::offset(event, name);
    match class {
        ListedClass::Integer(class) => {
            made.integer(name, FieldClass::Integer(class.clone()), source, add)
                || made.rwbs(name, class.clone(), source)
        }
        ListedClass::Enum(class) => {
            made.labelled(name, class.clone(), source, &format.labels(&source.name))
        }
        ListedClass::String => {
            made.string(name, content(name, format).unwrap_or(source))
                || address(name, source, made)
        }
        ListedClass::Text(room) => made.text(name, *room, source),
        ListedClass::Array(class, count) => {
            made.array(name, class.clone(), *count, source) || address(name, source, made)
        }
        ListedClass::Sequence(class, _) => {
            length.is_some_and(|length| {
                made.sequence(name, length.clone(), class.clone(), source)
                    || format
                        .field("len")
                        .is_some_and(|len| made.bytes(name, length, class.clone(), (source, len)))
            }) || address(name, source, made)
        }
        ListedClass::Nested(_) => address(name, source, made),
    }
}

/// Kernels from 6.19 on copy what a syscall's string argument points to into a field of its own.
fn content<'a>(name: &str, format: &'a EventFormat) -> Option<&'a Field> {
    format
        .field(&format!("__{name}_val"))
        .filter(|field| field.is_dynamic())
}

/// The pointer in place of what it points to.
fn address(name: &str, source: &Field, made: &mut Made) -> bool {
    let pointer = matches!(source.element, Element::Pointer { size_bytes: 8 });
    pointer
        && source.shape == Shape::Scalar
        && made.integer(&format!("{name}_addr"), FieldClass::hex(64), source, 0)
}
