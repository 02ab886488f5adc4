//! The classes of fields that a program can define, as a constant that needs no allocation.
//!
//! ```text
//!   payload   | integer | text … NUL | len u32 · element … | tag u8 · value? | member · member … |
//!               fixed     Text         Sequence, Blob,        Optional         Struct
//!               size                   CountedText
//! ```
//!
//! Invariant: everything is packed, and little-endian where the class does not say otherwise. A
//! class has at most [`MAX_DEPTH`] others around it, and an element of a list has at least one
//! byte, so that whoever walks a payload takes neither more stack nor more time than it has bytes.

/// The most classes within each other: a list of structures of integers is 3 deep.
pub const MAX_DEPTH: usize = 8;

/// The most classes of an event, those within others counted too.
pub const MAX_CLASSES: usize = 512;

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first: the network's order.
    Big,
}

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Its bytes: 1, 2, 4 or 8.
    pub bytes: u8,
    /// Whether it is signed.
    pub signed: bool,
    /// Base for display: 2, 8, 10 or 16.
    pub base: u8,
    /// Its byte order.
    pub order: ByteOrder,
}

/// A label of an enumeration, and the numbers that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The first number; that of an unsigned enumeration as the `i64` with the same bits.
    pub first: i64,
    /// The last number.
    pub last: i64,
    /// The label.
    pub name: &'static str,
}

/// A class, as a call site declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldClass {
    /// An integer.
    Integer(Integer),
    /// A 4-byte or 8-byte float.
    Float {
        /// Its bytes.
        bytes: u8,
        /// Its byte order.
        order: ByteOrder,
    },
    /// Bytes up to a NUL.
    Text,
    /// A `u32` length and then that many bytes of text.
    CountedText,
    /// A `u32` length and then that many bytes of something that is no text.
    Blob {
        /// What they are: a media type.
        media_type: &'static str,
    },
    /// An integer whose numbers have labels; other numbers are allowed.
    Enum {
        /// The integer.
        integer: Integer,
        /// The labels.
        labels: &'static [Label],
    },
    /// A fixed number of elements.
    Array {
        /// The class of each.
        element: &'static FieldClass,
        /// How many.
        length: u32,
    },
    /// A `u32` length and then that many elements.
    Sequence {
        /// The class of each.
        element: &'static FieldClass,
    },
    /// Named fields, one after the other.
    Struct {
        /// The fields.
        fields: &'static [Field],
    },
    /// A byte that is 0, or one that is 1 and then a value.
    Optional {
        /// The class of the value.
        class: &'static FieldClass,
    },
}

/// A field of an event or a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its class.
    pub class: FieldClass,
    /// Whether it is in the payload; if not, only filters see it.
    pub is_written: bool,
}

impl Field {
    /// A field that is in the payload.
    pub const fn written(name: &'static str, class: FieldClass) -> Self {
        Self {
            name,
            class,
            is_written: true,
        }
    }

    /// A field that only filters see.
    pub const fn nowrite(name: &'static str, class: FieldClass) -> Self {
        Self {
            name,
            class,
            is_written: false,
        }
    }
}

impl Integer {
    /// A little-endian decimal integer.
    pub const fn new(bytes: usize, signed: bool) -> Self {
        Self {
            bytes: bytes as u8,
            signed,
            base: 10,
            order: ByteOrder::Little,
        }
    }
}

impl FieldClass {
    /// The fewest bytes that a value takes.
    pub const fn min_len(&self) -> usize {
        match self {
            Self::Integer(integer) | Self::Enum { integer, .. } => integer.bytes as usize,
            Self::Float { bytes, .. } => *bytes as usize,
            Self::Text | Self::Optional { .. } => 1,
            Self::CountedText | Self::Blob { .. } | Self::Sequence { .. } => 4,
            Self::Array { element, length } => element.min_len().saturating_mul(*length as usize),
            Self::Struct { fields } => {
                let (mut sum, mut at) = (0_usize, 0);
                while at < fields.len() {
                    sum = sum.saturating_add(fields[at].class.min_len());
                    at += 1;
                }
                sum
            }
        }
    }

    /// The bytes of a value, if all values have as many.
    pub const fn fixed_len(&self) -> Option<usize> {
        match self {
            Self::Text | Self::CountedText | Self::Blob { .. } => None,
            Self::Sequence { .. } | Self::Optional { .. } => None,
            Self::Integer(_) | Self::Enum { .. } | Self::Float { .. } => Some(self.min_len()),
            Self::Array { element, .. } => match element.fixed_len() {
                Some(_) => Some(self.min_len()),
                None => None,
            },
            Self::Struct { fields } => {
                let mut at = 0;
                while at < fields.len() {
                    if fields[at].class.fixed_len().is_none() {
                        return None;
                    }
                    at += 1;
                }
                Some(self.min_len())
            }
        }
    }

    /// How many classes are within each other here, this one included.
    pub const fn depth(&self) -> usize {
        1 + match self {
            Self::Array { element, .. } | Self::Sequence { element } => element.depth(),
            Self::Optional { class } => class.depth(),
            Self::Struct { fields } => {
                let (mut most, mut at) = (0, 0);
                while at < fields.len() {
                    let depth = fields[at].class.depth();
                    most = if depth > most { depth } else { most };
                    at += 1;
                }
                most
            }
            _ => 0,
        }
    }

    /// Whether each element of each list in this class has at least one byte.
    pub const fn has_bytes_in_lists(&self) -> bool {
        match self {
            Self::Array { element, .. } | Self::Sequence { element } => {
                element.min_len() > 0 && element.has_bytes_in_lists()
            }
            Self::Optional { class } => class.has_bytes_in_lists(),
            Self::Struct { fields } => {
                let mut at = 0;
                while at < fields.len() {
                    if !fields[at].class.has_bytes_in_lists() {
                        return false;
                    }
                    at += 1;
                }
                true
            }
            _ => true,
        }
    }

    /// The most members of a structure in this class.
    pub const fn widest(&self) -> usize {
        match self {
            Self::Array { element, .. } | Self::Sequence { element } => element.widest(),
            Self::Optional { class } => class.widest(),
            Self::Struct { fields } => {
                let (mut most, mut at) = (fields.len(), 0);
                while at < fields.len() {
                    let width = fields[at].class.widest();
                    most = if width > most { width } else { most };
                    at += 1;
                }
                most
            }
            _ => 0,
        }
    }

    /// How many classes this one consists of, itself included.
    pub const fn count(&self) -> usize {
        1 + match self {
            Self::Array { element, .. } | Self::Sequence { element } => element.count(),
            Self::Optional { class } => class.count(),
            Self::Struct { fields } => count(fields),
            _ => 0,
        }
    }

    /// The number's class in another base; what is no number stays as it is.
    #[must_use]
    pub const fn in_base(self, base: u8) -> Self {
        match self {
            Self::Integer(integer) => Self::Integer(Integer { base, ..integer }),
            other => other,
        }
    }

    /// The number's class with its bytes the other way round.
    #[must_use]
    pub const fn in_order(self, order: ByteOrder) -> Self {
        match self {
            Self::Integer(integer) => Self::Integer(Integer { order, ..integer }),
            Self::Enum { integer, labels } => Self::Enum {
                integer: Integer { order, ..integer },
                labels,
            },
            Self::Float { bytes, .. } => Self::Float { bytes, order },
            other => other,
        }
    }
}

/// How many classes these fields consist of.
pub const fn count(fields: &[Field]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < fields.len() {
        sum += fields[at].class.count();
        at += 1;
    }
    sum
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
    pub const COUNTED_TEXT: u8 = 7;
    pub const BLOB: u8 = 8;
    pub const STRUCT: u8 = 9;
    pub const OPTIONAL: u8 = 10;
}

/// Bits of a number's form in a rendezvous file.
pub mod form {
    /// The integer is signed.
    pub const SIGNED: u8 = 1;
    /// The number is big-endian.
    pub const BIG_ENDIAN: u8 = 2;
}

/// The flag of a field that is not in the payload, in a rendezvous file.
pub const NOWRITE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const BYTE: FieldClass = FieldClass::Integer(Integer::new(1, false));
    const PAIR: FieldClass = FieldClass::Struct {
        fields: &[
            Field::written("a", BYTE),
            Field::written("b", FieldClass::Sequence { element: &BYTE }),
        ],
    };

    const LIST: FieldClass = FieldClass::Array {
        element: &PAIR,
        length: 3,
    };
    const OPTION: FieldClass = FieldClass::Optional { class: &LIST };
    const PLAIN: FieldClass = FieldClass::Struct {
        fields: &[Field::written("a", BYTE), Field::written("b", BYTE)],
    };

    #[test]
    fn a_class_knows_its_depth_its_size_and_how_many_it_is() {
        for (class, expected, fixed) in [
            (BYTE, [1, 1, 1], Some(1)),
            (PAIR, [3, 5, 4], None),
            (LIST, [4, 15, 5], None),
            (OPTION, [5, 1, 6], None),
            (PLAIN, [2, 2, 3], Some(2)),
        ] {
            let found = [class.depth(), class.min_len(), class.count()];
            assert_eq!(found, expected, "{class:?}");
            assert_eq!(class.fixed_len(), fixed, "{class:?}");
        }
    }

    #[test]
    fn elements_without_bytes_are_found_wherever_they_are() {
        const EMPTY: FieldClass = FieldClass::Struct { fields: &[] };
        const NONE: FieldClass = FieldClass::Sequence { element: &EMPTY };
        const WRAPPED: FieldClass = FieldClass::Struct {
            fields: &[Field::written("a", FieldClass::Optional { class: &NONE })],
        };
        for class in [NONE, WRAPPED] {
            assert!(!class.has_bytes_in_lists(), "{class:?}");
        }
        for class in [EMPTY, LIST, OPTION, FieldClass::Text] {
            assert!(class.has_bytes_in_lists(), "{class:?}");
        }
        assert_eq!((OPTION.widest(), EMPTY.widest()), (2, 0));
    }

    #[test]
    fn base_and_order_change_numbers_only() {
        let network = BYTE.in_base(16).in_order(ByteOrder::Big);
        let expected = Integer {
            bytes: 1,
            signed: false,
            base: 16,
            order: ByteOrder::Big,
        };
        assert_eq!(network, FieldClass::Integer(expected));
        let text = FieldClass::Text.in_base(2).in_order(ByteOrder::Big);
        assert_eq!(text, FieldClass::Text);
    }
}
