//! What kind of value a field has, as far as filters care.

use core::fmt;

use thalweg_abi::field::FieldClass;

/// The kind of a field, of a context, or of an expression.
///
/// Of a list the number is its length, if every such list is as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any integer, an enum, a truth.
    Integer,
    /// Any float.
    Float,
    /// Bytes of text.
    Text,
    /// Integers; also the bytes of something that is no text.
    IntegerList(Option<u32>),
    /// Floats.
    FloatList(Option<u32>),
    /// Texts.
    TextList(Option<u32>),
    /// Fields within a field.
    Structure,
    /// Structures, or lists.
    StructureList(Option<u32>),
    /// Not known before the event happens; nothing is said against it.
    Unknown,
}

impl Kind {
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Unknown)
    }

    pub(crate) const fn is_integer(self) -> bool {
        matches!(self, Self::Integer | Self::Unknown)
    }

    /// The kind of its elements, if it is a list.
    pub(crate) const fn element(self) -> Option<Self> {
        match self {
            Self::IntegerList(_) => Some(Self::Integer),
            Self::FloatList(_) => Some(Self::Float),
            Self::TextList(_) => Some(Self::Text),
            Self::StructureList(_) => Some(Self::Structure),
            Self::Unknown => Some(Self::Unknown),
            Self::Integer | Self::Float | Self::Text | Self::Structure => None,
        }
    }

    /// How many elements every such list has, if that is known.
    pub(crate) const fn length(self) -> Option<u32> {
        match self {
            Self::IntegerList(length)
            | Self::FloatList(length)
            | Self::TextList(length)
            | Self::StructureList(length) => length,
            Self::Integer | Self::Float | Self::Text | Self::Structure | Self::Unknown => None,
        }
    }

    /// A list of what an element of this class is.
    fn list(element: &FieldClass, length: Option<u32>) -> Self {
        match Self::from(element) {
            Self::Integer => Self::IntegerList(length),
            Self::Float => Self::FloatList(length),
            Self::Text => Self::TextList(length),
            _ => Self::StructureList(length),
        }
    }
}

impl From<&FieldClass> for Kind {
    fn from(class: &FieldClass) -> Self {
        match class {
            FieldClass::Integer { .. } | FieldClass::Enum { .. } => Self::Integer,
            FieldClass::Float { .. } => Self::Float,
            FieldClass::Text | FieldClass::CountedText => Self::Text,
            FieldClass::Blob { .. } => Self::IntegerList(None),
            FieldClass::Array { element, length } => Self::list(element, Some(*length)),
            FieldClass::Sequence { element } => Self::list(element, None),
            FieldClass::Struct { .. } => Self::Structure,
            FieldClass::Optional { class } => Self::from(*class),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Text => "a text",
            Self::Structure => "a structure",
            Self::Unknown => "a value",
            Self::IntegerList(_)
            | Self::FloatList(_)
            | Self::TextList(_)
            | Self::StructureList(_) => "a list",
        })
    }
}
