//! From a call site's tables to a description that the library owns.

use crate::layout::{
    self, ARRAY, BOOL, ENUM_SIGNED, ENUM_UNSIGNED, FLOAT, Field, HEX, Label, NUMBER, SEQUENCE,
    SIGNED, Site, TEXT, UNSIGNED,
};
use core::ffi::{CStr, c_char};
use thalweg::ffi::{Class, Description, Scalar};

/// What a site describes; `None` if that makes no sense, or comes from a newer header.
///
/// # Safety
/// The site and all that it refers to are as the header makes them.
pub(crate) unsafe fn describe(site: &Site) -> Option<Description> {
    // SAFETY: as the caller promises.
    let fields = unsafe { fields(site) };
    // SAFETY: as the caller promises.
    let described = fields.iter().map(|field| unsafe { describe_field(field) });
    let fields = described.collect::<Option<Vec<_>>>()?;
    // SAFETY: as the caller promises.
    let name = unsafe { text(site.name) }?;
    // SAFETY: as the caller promises.
    let file = unsafe { text(site.file) }?;
    Some(Description {
        name,
        level: site.level,
        file,
        line: site.line,
        fields,
    })
}

/// The fields of a site.
///
/// # Safety
/// The site and its fields are as the header makes them.
unsafe fn fields(site: &Site) -> &[Field] {
    if site.fields.is_null() {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { core::slice::from_raw_parts(site.fields, usize::from(site.field_count)) }
}

/// # Safety
/// The field and all that it refers to are as the header makes them.
unsafe fn describe_field(field: &Field) -> Option<(String, Class)> {
    // SAFETY: as the caller promises.
    let name = unsafe { text(field.name) }?;
    if field.shape == TEXT {
        return Some((name, Class::Text));
    }
    // SAFETY: as the caller promises.
    let scalar = unsafe { scalar(field) }?;
    let class = match field.shape {
        NUMBER => Class::One(scalar),
        ARRAY => Class::Array(scalar, field.length),
        SEQUENCE => Class::Sequence(scalar),
        _ => return None,
    };
    Some((name, class))
}

/// # Safety
/// As for [`describe_field`].
unsafe fn scalar(field: &Field) -> Option<Scalar> {
    let bytes = field.bytes;
    let integer = |signed, base| Scalar::Integer {
        bytes,
        signed,
        base,
    };
    let known = match field.scalar {
        FLOAT => matches!(bytes, 4 | 8),
        BOOL => bytes == 1,
        _ => matches!(bytes, 1 | 2 | 4 | 8),
    };
    if !known {
        return None;
    }
    Some(match field.scalar {
        UNSIGNED => integer(false, 10),
        SIGNED => integer(true, 10),
        HEX => integer(false, 16),
        FLOAT => Scalar::Float { bytes },
        BOOL => Scalar::Enum {
            bytes,
            signed: false,
            labels: vec![(0, "false".into()), (1, "true".into())],
        },
        ENUM_UNSIGNED | ENUM_SIGNED => {
            let signed = field.scalar == ENUM_SIGNED;
            // SAFETY: as the caller promises.
            let mut labels = unsafe { labels(field) }?;
            // As C converts a constant to the field's type: -1 of an unsigned one is its largest.
            for (number, _) in &mut labels {
                *number = converted(*number, bytes, signed);
            }
            Scalar::Enum {
                bytes,
                signed,
                labels,
            }
        }
        _ => return None,
    })
}

/// A number in an integer of so many bytes.
fn converted(number: i64, bytes: u8, signed: bool) -> i64 {
    let above = 64 - 8 * u32::from(bytes);
    if signed {
        number << above >> above
    } else {
        (number.cast_unsigned() << above >> above).cast_signed()
    }
}

/// # Safety
/// As for [`describe_field`].
unsafe fn labels(field: &Field) -> Option<Vec<(i64, String)>> {
    if field.labels.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let labels: &[Label] =
        unsafe { core::slice::from_raw_parts(field.labels, field.label_count as usize) };
    // SAFETY: as the caller promises.
    let read = |label: &Label| Some((label.number, unsafe { text(label.label) }?));
    labels.iter().map(read).collect()
}

/// Text that C wrote, in whatever encoding.
///
/// # Safety
/// Null, or a C string.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// Whether a site is one that this library knows how to read.
pub(crate) fn is_known(site: &Site) -> bool {
    site.size as usize == size_of::<Site>() && matches!(site.kind, layout::EVENT | layout::GUARD)
}
