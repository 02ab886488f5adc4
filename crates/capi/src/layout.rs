//! What `thalweg.h` and this library share: the layout of a call site, and the tags.
//!
//! ```text
//!   section thalweg_c_sites:  | pointer | pointer | …       one a call site
//!                                 ▼
//!   Site  | gate | handle | name | file | fields | line, count, level, kind | users, size |
//!                                            ▼
//!   Field | name | labels | label_count, length | shape, scalar, bytes |       one a field
//! ```
//!
//! The values of an event come as the trace has them: packed, text with a NUL behind it, a list with
//! a `u32` before it. A test compiles the header against what is here.

use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, AtomicU32};

/// A call site, a static of the module.
#[repr(C)]
#[derive(Debug)]
pub struct Site {
    /// The word that it tests; of a site that is not registered one that is always zero.
    pub gate: AtomicPtr<u32>,
    /// The library's own name for it.
    pub handle: AtomicPtr<()>,
    /// The event's name.
    pub name: *const c_char,
    /// The source file.
    pub file: *const c_char,
    /// The fields.
    pub fields: *const Field,
    /// The line in the source file.
    pub line: u32,
    /// How many fields.
    pub field_count: u16,
    /// The level, LTTng's number.
    pub level: u8,
    /// `EVENT` or `GUARD`.
    pub kind: u8,
    /// How many entries of the section, of all modules, refer to it and are registered.
    pub users: AtomicU32,
    /// The size of this structure, as the module knows it.
    pub size: u32,
}

/// A field of an event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: *const c_char,
    /// The labels of an enum.
    pub labels: *const Label,
    /// How many labels.
    pub label_count: u32,
    /// How many elements an array has.
    pub length: u32,
    /// `NUMBER`, `TEXT`, `ARRAY` or `SEQUENCE`.
    pub shape: u8,
    /// What a number or an element is: `UNSIGNED` and what follows it.
    pub scalar: u8,
    /// The bytes of a number or an element.
    pub bytes: u8,
    /// Nothing yet.
    pub reserved: u8,
    /// Nothing yet.
    pub reserved_too: u32,
}

/// Bytes of an event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where they are; null stands for zeros.
    pub at: *const u8,
    /// How many.
    pub len: usize,
}

/// A number of an enum and its label.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The number.
    pub number: i64,
    /// Its label.
    pub label: *const c_char,
}

/// A span that has begun, or none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// Its id, or 0.
    pub id: u64,
    /// The number of the process in which it began.
    pub origin: u64,
}

/// Where in the code an event is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CodePlace {
    /// Whose place it is.
    pub site: *const Site,
    /// The address.
    pub ip: *const u8,
}

/// What was around a thread before it entered a span.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The id of the span that was current, or 0.
    pub before: u64,
    /// How many spans were around it.
    pub depth: u64,
}

/// The kind of a site that emits.
pub(crate) const EVENT: u8 = 0;
/// The kind of a site that only asks whether another is on.
pub(crate) const GUARD: u8 = 1;

/// The shape of one number.
pub(crate) const NUMBER: u8 = 1;
/// The shape of text.
pub(crate) const TEXT: u8 = 2;
/// The shape of so many numbers as the description says.
pub(crate) const ARRAY: u8 = 3;
/// The shape of any number of numbers.
pub(crate) const SEQUENCE: u8 = 4;

/// An unsigned integer.
pub(crate) const UNSIGNED: u8 = 1;
/// A signed integer.
pub(crate) const SIGNED: u8 = 2;
/// An unsigned integer that is shown in hexadecimal.
pub(crate) const HEX: u8 = 3;
/// A float.
pub(crate) const FLOAT: u8 = 4;
/// 0 or 1.
pub(crate) const BOOL: u8 = 5;
/// An unsigned integer whose numbers have labels.
pub(crate) const ENUM_UNSIGNED: u8 = 6;
/// A signed integer whose numbers have labels.
pub(crate) const ENUM_SIGNED: u8 = 7;
