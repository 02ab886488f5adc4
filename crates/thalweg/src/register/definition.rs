//! The bytes of a definition: what an event is called and which fields it has.

use crate::site::Site;
use thalweg_abi::field::{FieldClass, tag};
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
    let fields = &site.fields()[..site.fields().len().min(MAX_FIELDS)];
    output.put(&[fields.len() as u8]);
    for field in fields {
        output.text(field.name);
        write_class(output, &field.class);
    }
}

fn write_class(output: &mut impl Output, class: &FieldClass) {
    match *class {
        FieldClass::Integer {
            bytes,
            signed,
            base,
        } => {
            output.put(&[tag::INTEGER, bytes, u8::from(signed), base]);
        }
        FieldClass::Float { bytes } => output.put(&[tag::FLOAT, bytes]),
        FieldClass::Text => output.put(&[tag::TEXT]),
        FieldClass::Enum {
            bytes,
            signed,
            labels,
        } => {
            output.put(&[tag::ENUM, bytes, u8::from(signed)]);
            output.put(&(labels.len() as u16).to_le_bytes());
            for (number, label) in labels {
                output.put(&number.to_le_bytes());
                output.text(label);
            }
        }
        FieldClass::Array { element, length } => {
            output.put(&[tag::ARRAY]);
            output.put(&length.to_le_bytes());
            write_class(output, element);
        }
        FieldClass::Sequence { element } => {
            output.put(&[tag::SEQUENCE]);
            write_class(output, element);
        }
    }
}
