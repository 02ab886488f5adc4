//! A parsed `format` file: an event's name, id and fields.

use super::{FormatError, parse};

/// What one element of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// An integer of 1, 2, 4 or 8 bytes.
    Integer {
        /// Its size.
        size_bytes: u8,
        /// Whether it is in two's complement.
        signed: bool,
    },
    /// A character of text.
    Char,
    /// An address, of the kernel or of the program.
    Pointer {
        /// Its size.
        size_bytes: u8,
    },
    /// A byte of something that has no class of its own, such as a structure.
    Opaque,
}

impl Element {
    /// The element's size.
    pub const fn size_bytes(self) -> u32 {
        match self {
            Self::Integer { size_bytes, .. } | Self::Pointer { size_bytes } => size_bytes as u32,
            Self::Char | Self::Opaque => 1,
        }
    }
}

/// How a field's elements lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One element, in the record's fixed part.
    Scalar,
    /// So many elements, in the record's fixed part.
    Array(u32),
    /// Elsewhere in the record: `length << 16 | offset`, counted from the record's start.
    DataLoc,
    /// Elsewhere in the record: `length << 16 | offset`, counted from the end of this word.
    RelLoc,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The C type as declared, without array brackets or location words.
    pub c_type: String,
    /// What it is made of.
    pub element: Element,
    /// How that lies.
    pub shape: Shape,
    /// Where it begins in the record.
    pub offset: u16,
    /// How many bytes it takes in the record's fixed part.
    pub size_bytes: u16,
    /// Whether it is a number of a dynamic probe that its user wants in hexadecimal.
    pub is_hexadecimal: bool,
}

impl Field {
    /// Where the field's fixed part ends.
    pub fn end(&self) -> usize {
        usize::from(self.offset) + usize::from(self.size_bytes)
    }

    /// Whether the field's elements lie in the record's dynamic part.
    pub fn is_dynamic(&self) -> bool {
        matches!(self.shape, Shape::DataLoc | Shape::RelLoc)
    }
}

/// One event's `format` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFormat {
    /// The kernel's name for it, without subsystem.
    pub name: String,
    /// The number that begins each of its records.
    pub id: u16,
    /// Where a record says which thread was running.
    pub common_pid: Option<Field>,
    /// The event's own fields, in the order of the file.
    pub fields: Vec<Field>,
    /// How the kernel prints it.
    pub(super) print: String,
}

impl EventFormat {
    /// Parses a `format` file.
    ///
    /// # Errors
    /// The first line that is not of the file's form, by its number.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        parse::event(text)
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
