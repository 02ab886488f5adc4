//! Writes the rendezvous file: the head, and a definition for each site.

use super::folder::Folder;
use super::path::Path;
use crate::site::{self, Site};
use crate::sys::{self, Fd};
use thalweg_abi::field::{FieldClass, tag};
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
    let fields = &site.fields()[..site.fields().len().min(MAX_FIELDS)];
    output.put(&[fields.len() as u8]);
    for field in fields {
        output.text(field.name);
        write_class(output, &field.class);
    }
}

fn write_class(output: &mut Output<'_>, class: &FieldClass) {
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
