//! The bytes of a definition: what an event is called and which fields it has.

use crate::site::Site;
use thalweg_abi::field::{ByteOrder, FieldClass, Integer, Label, NOWRITE, form, tag};
use thalweg_abi::rendezvous::MAX_FIELDS;

/// Where the bytes go.
pub(crate) trait Output {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Takes a text, with its length before it.
    fn text(&mut self, text: &str) {
        let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
        self.put(&(bytes.len() as u16).to_le_bytes());
        self.put(bytes);
    }
}

impl Output for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Writes the definition of a site.
pub(crate) fn write_site(output: &mut impl Output, site: &Site) {
    output.put(&[site.level() as u8]);
    output.put(&site.gate().to_le_bytes());
    output.put(&site.line().to_le_bytes());
    output.text(site.name());
    output.text(site.file());
    output.text(site.model_uri());
    let fields = &site.fields()[..site.fields().len().min(MAX_FIELDS)];
    output.put(&[fields.len() as u8]);
    for field in fields {
        output.text(field.name);
        output.put(&[if field.is_written { 0 } else { NOWRITE }]);
        write_class(output, &field.class);
    }
}

/// Writes a class; it recurses as deep as the class is, which the call site limits.
fn write_class(output: &mut impl Output, class: &FieldClass) {
    match *class {
        FieldClass::Integer(integer) => {
            write_integer(output, tag::INTEGER, integer, &[integer.base]);
        }
        FieldClass::Float { bytes, order } => {
            output.put(&[tag::FLOAT, bytes, form_of(false, order)]);
        }
        FieldClass::Text => output.put(&[tag::TEXT]),
        FieldClass::CountedText => output.put(&[tag::COUNTED_TEXT]),
        FieldClass::Blob { media_type } => {
            output.put(&[tag::BLOB]);
            output.text(media_type);
        }
        FieldClass::Enum { integer, labels } => write_enum(output, integer, labels),
        FieldClass::Array { element, length } => {
            output.put(&[tag::ARRAY]);
            output.put(&length.to_le_bytes());
            write_class(output, element);
        }
        FieldClass::Sequence { element } => {
            output.put(&[tag::SEQUENCE]);
            write_class(output, element);
        }
        FieldClass::Struct { fields } => {
            output.put(&[tag::STRUCT, fields.len() as u8]);
            for field in fields {
                output.text(field.name);
                write_class(output, &field.class);
            }
        }
        FieldClass::Optional { class } => {
            output.put(&[tag::OPTIONAL]);
            write_class(output, class);
        }
    }
}

fn write_integer(output: &mut impl Output, tag: u8, integer: Integer, more: &[u8]) {
    output.put(&[tag, integer.bytes, form_of(integer.signed, integer.order)]);
    output.put(more);
}

fn write_enum(output: &mut impl Output, integer: Integer, labels: &[Label]) {
    let labels = &labels[..labels.len().min(usize::from(u16::MAX))];
    write_integer(
        output,
        tag::ENUM,
        integer,
        &(labels.len() as u16).to_le_bytes(),
    );
    for label in labels {
        output.put(&label.first.to_le_bytes());
        output.put(&label.last.to_le_bytes());
        output.text(label.name);
    }
}

fn form_of(signed: bool, order: ByteOrder) -> u8 {
    let signed = if signed { form::SIGNED } else { 0 };
    match order {
        ByteOrder::Little => signed,
        ByteOrder::Big => signed | form::BIG_ENDIAN,
    }
}
