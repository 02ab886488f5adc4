//! Writes the rendezvous file: the head, and a definition for each site.

use super::folder::Folder;
use super::path::Path;
use crate::site::{self, Site};
use crate::sys::{self, Fd};
use thalweg_abi::field::{ByteOrder, FieldClass, Integer, Label, NOWRITE, form, tag};
use thalweg_abi::rendezvous::{Head, MAX_FIELDS};

/// Creates the file under its hidden name, complete; the descriptor can be handed over.
pub(crate) fn write(folder: &Folder, hidden: &Path, mut head: Head) -> Option<Fd> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    let file = sys::open(folder.descriptor(), hidden.as_c_str()?, flags, 0o600)?;
    let mut measured = Output {
        file: None,
        buffer: [0; ROOM],
        filled: 0,
        total: 0,
        failed: false,
    };
    write_all(&mut measured, &head);
    head.len = u32::try_from(measured.total).ok()?;
    let mut output = Output {
        file: Some(&file),
        buffer: [0; ROOM],
        filled: 0,
        total: 0,
        failed: false,
    };
    write_all(&mut output, &head);
    output.flush();
    let complete = !output.failed;
    complete.then_some(file)
}

fn write_all(output: &mut Output<'_>, head: &Head) {
    output.put(&head.encode());
    for site in site::all() {
        write_site(output, site);
    }
}

fn write_site(output: &mut Output<'_>, site: &Site) {
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
fn write_class(output: &mut Output<'_>, class: &FieldClass) {
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

fn write_integer(output: &mut Output<'_>, tag: u8, integer: Integer, more: &[u8]) {
    output.put(&[tag, integer.bytes, form_of(integer.signed, integer.order)]);
    output.put(more);
}

fn write_enum(output: &mut Output<'_>, integer: Integer, labels: &[Label]) {
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

const ROOM: usize = 512;

/// Collects small pieces into few writes; without a file it only counts.
struct Output<'f> {
    file: Option<&'f Fd>,
    buffer: [u8; ROOM],
    filled: usize,
    total: usize,
    failed: bool,
}

impl Output<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.total += bytes.len();
        for part in bytes.chunks(ROOM) {
            if self.filled + part.len() > ROOM {
                self.flush();
            }
            self.buffer[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
        }
    }

    fn text(&mut self, text: &str) {
        let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
        self.put(&(bytes.len() as u16).to_le_bytes());
        self.put(bytes);
    }

    fn flush(&mut self) {
        let bytes = &self.buffer[..core::mem::take(&mut self.filled)];
        if let Some(file) = self.file {
            self.failed |= !sys::write_all(file, bytes);
        }
    }
}
