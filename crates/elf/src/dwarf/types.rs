//! The type of a parameter, as far as a register's content needs it.

use gimli::{AttributeValue, DwAte};

use super::entry::{Entry, Unit};

/// Types stand for types: not deeper than this.
const MAX_DEPTH: usize = 16;

/// What a parameter is, or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer { bytes: u8, is_signed: bool },
    Pointer,
    Text,
    Float { bytes: u64 },
    Structure { bytes: u64 },
    Nothing,
}

/// What an entry stands for: a type, or `void`; and whether it may not be written.
struct Bare<'d> {
    entry: Option<Entry<'d>>,
    is_const: bool,
}

/// The type that the entry has; none if it is not known here.
pub(super) fn value_of<'d>(unit: &Unit<'d>, entry: &Entry<'d>) -> Option<Value> {
    let bare = bare(unit, entry)?;
    let Some(found) = bare.entry else {
        return Some(Value::Nothing);
    };
    match found.tag() {
        gimli::DW_TAG_pointer_type if is_text(unit, &found) => Some(Value::Text),
        gimli::DW_TAG_pointer_type
        | gimli::DW_TAG_reference_type
        | gimli::DW_TAG_rvalue_reference_type => Some(Value::Pointer),
        gimli::DW_TAG_base_type => number(&found),
        gimli::DW_TAG_enumeration_type => {
            let signed = |encoding| matches!(encoding, gimli::DW_ATE_signed);
            integer(size(&found)?, encoding(&found).is_some_and(signed))
        }
        gimli::DW_TAG_structure_type | gimli::DW_TAG_class_type | gimli::DW_TAG_union_type => {
            size(&found).map(|bytes| Value::Structure { bytes })
        }
        _ => None,
    }
}

fn number(entry: &Entry<'_>) -> Option<Value> {
    let bytes = size(entry)?;
    match encoding(entry)? {
        gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => integer(bytes, true),
        gimli::DW_ATE_unsigned
        | gimli::DW_ATE_unsigned_char
        | gimli::DW_ATE_boolean
        | gimli::DW_ATE_UTF => integer(bytes, false),
        gimli::DW_ATE_float => Some(Value::Float { bytes }),
        _ => None,
    }
}

fn integer(bytes: u64, is_signed: bool) -> Option<Value> {
    match u8::try_from(bytes) {
        Ok(bytes @ (1 | 2 | 4 | 8)) => Some(Value::Integer { bytes, is_signed }),
        _ => None,
    }
}

fn encoding(entry: &Entry<'_>) -> Option<DwAte> {
    match entry.attr_value(gimli::DW_AT_encoding) {
        Some(AttributeValue::Encoding(encoding)) => Some(encoding),
        _ => None,
    }
}

fn size(entry: &Entry<'_>) -> Option<u64> {
    let bytes = entry.attr(gimli::DW_AT_byte_size)?.udata_value();
    bytes.filter(|&bytes| bytes > 0)
}

/// Whether a pointer's target is characters that may not be written.
fn is_text<'d>(unit: &Unit<'d>, pointer: &Entry<'d>) -> bool {
    match bare(unit, pointer) {
        Some(Bare {
            entry: Some(target),
            is_const: true,
        }) => unit.name_of(&target).is_some_and(|name| name == "char"),
        _ => false,
    }
}

/// What the entry's type stands for; none if that is in another unit.
fn bare<'d>(unit: &Unit<'d>, entry: &Entry<'d>) -> Option<Bare<'d>> {
    let mut is_const = false;
    let mut next = entry.attr_value(gimli::DW_AT_type);
    for _ in 0..MAX_DEPTH {
        let found = match next {
            None => {
                return Some(Bare {
                    entry: None,
                    is_const,
                });
            }
            Some(AttributeValue::UnitRef(at)) => unit.entry(at)?,
            Some(_) => return None,
        };
        match found.tag() {
            gimli::DW_TAG_const_type => is_const = true,
            gimli::DW_TAG_typedef | gimli::DW_TAG_volatile_type | gimli::DW_TAG_restrict_type => {}
            _ => {
                return Some(Bare {
                    entry: Some(found),
                    is_const,
                });
            }
        }
        next = found.attr_value(gimli::DW_AT_type);
    }
    None
}
