//! The class of a field, as a description owns it.

use thalweg_abi::field::{ByteOrder, FieldClass, Integer, Label};

/// A class of fixed size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// An integer of 1, 2, 4 or 8 bytes, shown to base 10 or 16.
    Integer {
        /// Its bytes.
        bytes: u8,
        /// Whether it is signed.
        signed: bool,
        /// The base that it is shown to.
        base: u8,
    },
    /// A 4-byte or 8-byte float.
    Float {
        /// Its bytes.
        bytes: u8,
    },
    /// An integer whose numbers have labels.
    Enum {
        /// The integer's bytes.
        bytes: u8,
        /// Whether it is signed.
        signed: bool,
        /// The numbers and their labels.
        labels: Vec<(i64, String)>,
    },
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// One value.
    One(Scalar),
    /// Text with a NUL behind it.
    Text,
    /// A fixed number of values.
    Array(Scalar, u32),
    /// A `u32` length and then that many values.
    Sequence(Scalar),
}

impl Scalar {
    fn is(&self, class: &FieldClass) -> bool {
        match (self, class) {
            (
                Self::Enum {
                    bytes,
                    signed,
                    labels,
                },
                FieldClass::Enum {
                    integer,
                    labels: others,
                },
            ) => {
                let same = |(own, other): (&(i64, String), &Label)| {
                    (own.0, own.0, &*own.1) == (other.first, other.last, other.name)
                };
                decimal(*bytes, *signed) == *integer
                    && labels.len() == others.len()
                    && labels.iter().zip(*others).all(same)
            }
            (Self::Enum { .. }, _) => false,
            _ => self.leak() == *class,
        }
    }

    fn leak(&self) -> FieldClass {
        match self {
            &Self::Integer {
                bytes,
                signed,
                base,
            } => FieldClass::Integer(Integer {
                base,
                ..decimal(bytes, signed)
            }),
            &Self::Float { bytes } => FieldClass::Float {
                bytes,
                order: ByteOrder::Little,
            },
            Self::Enum {
                bytes,
                signed,
                labels,
            } => {
                let leaked = |(number, name): &(i64, String)| Label {
                    first: *number,
                    last: *number,
                    name: name.clone().leak(),
                };
                FieldClass::Enum {
                    integer: decimal(*bytes, *signed),
                    labels: Vec::leak(labels.iter().map(leaked).collect()),
                }
            }
        }
    }
}

fn decimal(bytes: u8, signed: bool) -> Integer {
    Integer::new(usize::from(bytes), signed)
}

impl Class {
    /// Whether the class is the same as a site's.
    pub(super) fn is(&self, class: &FieldClass) -> bool {
        match (self, class) {
            (Self::One(own), _) => own.is(class),
            (Self::Text, FieldClass::Text) => true,
            (Self::Array(own, count), FieldClass::Array { element, length }) => {
                count == length && own.is(element)
            }
            (Self::Sequence(own), FieldClass::Sequence { element }) => own.is(element),
            _ => false,
        }
    }

    /// The class for ever.
    pub(super) fn leak(&self) -> FieldClass {
        let element =
            |scalar: &Scalar| -> &'static FieldClass { Box::leak(Box::new(scalar.leak())) };
        match self {
            Self::One(scalar) => scalar.leak(),
            Self::Text => FieldClass::Text,
            Self::Array(scalar, length) => FieldClass::Array {
                element: element(scalar),
                length: *length,
            },
            Self::Sequence(scalar) => FieldClass::Sequence {
                element: element(scalar),
            },
        }
    }
}
