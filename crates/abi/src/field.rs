//! The classes of fields that a program can define, as a constant that needs no allocation.

/// A class, as a call site declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldClass {
    /// An integer of 1, 2, 4 or 8 bytes.
    Integer {
        /// Its bytes.
        bytes: u8,
        /// Whether it is signed.
        signed: bool,
        /// Base for display: 10 or 16.
        base: u8,
    },
    /// A 4-byte or 8-byte float.
    Float {
        /// Its bytes.
        bytes: u8,
    },
    /// Bytes up to a NUL.
    Text,
    /// An integer whose numbers have labels.
    Enum {
        /// The integer's bytes.
        bytes: u8,
        /// Whether it is signed.
        signed: bool,
        /// The numbers and their labels.
        labels: &'static [(i64, &'static str)],
    },
    /// A fixed number of elements.
    Array {
        /// The class of each: an integer, float or enum.
        element: &'static FieldClass,
        /// How many.
        length: u32,
    },
    /// A `u32` length and then that many elements.
    Sequence {
        /// The class of each: an integer, float or enum.
        element: &'static FieldClass,
    },
}

/// A field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its class.
    pub class: FieldClass,
}

/// Tags of the classes in a rendezvous file.
#[allow(missing_docs, reason = "named as the classes are")]
pub mod tag {
    pub const INTEGER: u8 = 1;
    pub const FLOAT: u8 = 2;
    pub const TEXT: u8 = 3;
    pub const ENUM: u8 = 4;
    pub const ARRAY: u8 = 5;
    pub const SEQUENCE: u8 = 6;
}
