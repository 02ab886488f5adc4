//! An event that LTTng does not know: the kernel's names, in their order, with straight types.

use thalweg_model::{DisplayBase, FieldClass, IntegerClass};

use super::Made;
use crate::format::{Element, EventFormat, Field, Shape, known_size};

/// Adds every field of the kernel's format.
pub(super) fn lower(system: &str, format: &EventFormat, made: &mut Made) {
    for field in &format.fields {
        match system {
            "syscalls" if field.name == "__syscall_nr" => {}
            "syscalls" => argument(field, made),
            _ => plain(field, made),
        }
    }
}

pub(super) fn plain(field: &Field, made: &mut Made) {
    let name = &field.name;
    match (field.shape, field.element) {
        (Shape::Array(0), _) => {}
        (Shape::Scalar, _) => {
            made.integer(name, FieldClass::Integer(integer(field)), field, 0);
        }
        (Shape::Array(room), Element::Char) => {
            made.text(name, u64::from(room), field);
        }
        (Shape::Array(count), _) => {
            made.array(name, integer(field), u64::from(count), field);
        }
        (_, Element::Char) => {
            made.string(name, field);
        }
        _ => {
            let length = (format!("_{name}_length"), IntegerClass::le(16, false));
            made.sequence(name, (&length.0, length.1), integer(field), field);
        }
    }
}

pub(crate) fn integer(field: &Field) -> IntegerClass {
    let bits = field.element.size_bytes() * 8;
    match field.element {
        Element::Integer { .. } if field.is_hexadecimal => {
            IntegerClass::le(bits, false).in_base(DisplayBase::Hexadecimal)
        }
        Element::Integer { signed, .. } => IntegerClass::le(bits, signed),
        Element::Char => IntegerClass::le(bits, true).text(),
        Element::Pointer { .. } | Element::Opaque => {
            IntegerClass::le(bits, false).in_base(DisplayBase::Hexadecimal)
        }
    }
}

/// A syscall's argument.
fn argument(field: &Field, made: &mut Made) {
    match field.element {
        Element::Integer { .. } => {
            let class = FieldClass::Integer(argument_class(field));
            made.integer(&field.name, class, field, 0);
        }
        _ => plain(field, made),
    }
}

/// The class of a syscall's argument: the kernel keeps each in eight bytes and calls them unsigned;
/// the declared type tells what they are.
pub(crate) fn argument_class(field: &Field) -> IntegerClass {
    let declared = known_size(&field.c_type).filter(|&size| size <= field.element.size_bytes());
    match (field.element, declared) {
        (Element::Integer { signed, .. }, Some(size)) => {
            IntegerClass::le(size * 8, signed || is_signed(&field.c_type))
        }
        _ => integer(field),
    }
}

fn is_signed(c_type: &str) -> bool {
    let bare = c_type.strip_prefix("const ").unwrap_or(c_type);
    matches!(
        bare,
        "int"
            | "long"
            | "long long"
            | "short"
            | "s32"
            | "s64"
            | "__s32"
            | "__s64"
            | "pid_t"
            | "loff_t"
            | "off_t"
            | "ssize_t"
            | "key_t"
            | "mqd_t"
            | "timer_t"
            | "clockid_t"
            | "key_serial_t"
            | "rwf_t"
    )
}
