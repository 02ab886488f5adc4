//! What kind of value a field has, as far as filters care.

use core::fmt;

use thalweg_abi::field::FieldClass;

/// The kind of a field, of a context, or of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any integer, an enum, a truth.
    Integer,
    /// Any float.
    Float,
    /// Bytes up to a NUL.
    Text,
    /// Integers: an array, whose length is given, or a sequence.
    IntegerList(Option<u32>),
    /// Floats: an array, whose length is given, or a sequence.
    FloatList(Option<u32>),
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
            Self::Unknown => Some(Self::Unknown),
            Self::Integer | Self::Float | Self::Text => None,
        }
    }

    /// How many elements every such list has, if that is known.
    pub(crate) const fn length(self) -> Option<u32> {
        match self {
            Self::IntegerList(length) | Self::FloatList(length) => length,
            _ => None,
        }
    }

    /// A list of what an element of this class is.
    fn list(element: &FieldClass, length: Option<u32>) -> Self {
        match Self::from(element) {
            Self::Integer => Self::IntegerList(length),
            Self::Float => Self::FloatList(length),
            _ => Self::Unknown,
        }
    }
}

impl From<&FieldClass> for Kind {
    fn from(class: &FieldClass) -> Self {
        match class {
            FieldClass::Integer { .. } | FieldClass::Enum { .. } => Self::Integer,
            FieldClass::Float { .. } => Self::Float,
            FieldClass::Text => Self::Text,
            FieldClass::Array { element, length } => Self::list(element, Some(*length)),
            FieldClass::Sequence { element } => Self::list(element, None),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Text => "a text",
            Self::IntegerList(_) | Self::FloatList(_) => "a list",
            Self::Unknown => "a value",
        })
    }
}
