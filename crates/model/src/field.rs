//! The classes (types) of fields.

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// The base in which people want to read an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum DisplayBase {
    Binary = 2,
    Octal = 8,
    Decimal = 10,
    Hexadecimal = 16,
}

/// Whether an integer or a string is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Encoding {
    None,
    Utf8,
    Ascii,
}

/// An integer of 1 to 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerClass {
    /// Size in bits.
    pub size_bits: u32,
    /// Alignment in bits, a power of two.
    pub align_bits: u32,
    /// Whether it is in two's complement.
    pub signed: bool,
    /// Which byte comes first.
    pub byte_order: ByteOrder,
    /// The base for display.
    pub base: DisplayBase,
    /// Whether it is a character.
    pub encoding: Encoding,
    /// The name of the clock that this integer samples, if any.
    pub clock: Option<String>,
}

impl IntegerClass {
    /// An unaligned little-endian decimal integer.
    pub const fn le(size_bits: u32, signed: bool) -> Self {
        Self {
            size_bits,
            align_bits: 8,
            signed,
            byte_order: ByteOrder::Little,
            base: DisplayBase::Decimal,
            encoding: Encoding::None,
            clock: None,
        }
    }

    /// The same integer, shown in another base.
    #[must_use]
    pub fn in_base(mut self, base: DisplayBase) -> Self {
        self.base = base;
        self
    }

    /// The same integer with another alignment.
    #[must_use]
    pub fn aligned(mut self, align_bits: u32) -> Self {
        self.align_bits = align_bits;
        self
    }

    /// The same integer as a UTF-8 character.
    #[must_use]
    pub fn text(mut self) -> Self {
        self.encoding = Encoding::Utf8;
        self
    }

    /// The same integer, mapped to the clock with this name.
    #[must_use]
    pub fn clocked(mut self, clock: &str) -> Self {
        self.clock = Some(clock.to_owned());
        self
    }
}

/// An IEEE 754 number of 32 or 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatClass {
    /// Bits of the exponent: 8 or 11.
    pub exponent_bits: u32,
    /// Bits of the mantissa and the sign: 24 or 53.
    pub mantissa_bits: u32,
    /// Alignment in bits.
    pub align_bits: u32,
    /// Which byte comes first.
    pub byte_order: ByteOrder,
}

impl FloatClass {
    /// An unaligned little-endian `f32`.
    pub const fn f32_le() -> Self {
        Self {
            exponent_bits: 8,
            mantissa_bits: 24,
            align_bits: 8,
            byte_order: ByteOrder::Little,
        }
    }

    /// An unaligned little-endian `f64`.
    pub const fn f64_le() -> Self {
        Self {
            exponent_bits: 11,
            mantissa_bits: 53,
            align_bits: 8,
            byte_order: ByteOrder::Little,
        }
    }
}

/// One label and the numbers that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumMapping {
    /// The label.
    pub label: String,
    /// The first number.
    pub first: i128,
    /// The last number.
    pub last: i128,
}

/// An integer whose numbers have labels; ranges may overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumClass {
    /// The integer.
    pub integer: IntegerClass,
    /// The labels, in the order of their declaration.
    pub mappings: Vec<EnumMapping>,
}

/// Bytes up to a NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringClass {
    /// What the bytes mean.
    pub encoding: Encoding,
}

/// Elements, as many as the class says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayClass {
    /// The class of each element.
    pub element: Box<FieldClass>,
    /// How many.
    pub length: u64,
}

/// Elements, as many as an earlier field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceClass {
    /// The class of each element.
    pub element: Box<FieldClass>,
    /// Where the length is: a path of names, as written in the metadata but unescaped.
    pub length: Vec<String>,
}

/// Named fields, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StructClass {
    /// The least alignment in bits, if the class asks for one.
    pub min_align_bits: u32,
    /// The fields in order.
    pub members: Vec<Member>,
}

/// A named field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name, unescaped.
    pub name: String,
    /// The class.
    pub class: FieldClass,
}

impl Member {
    /// A member from its parts.
    pub fn new(name: impl Into<String>, class: FieldClass) -> Self {
        Self {
            name: name.into(),
            class,
        }
    }
}

/// One of several classes, as an earlier enumeration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantClass {
    /// Where the tag is: a path of names, as written in the metadata but unescaped.
    pub tag: Vec<String>,
    /// The options; each name is a label of the tag.
    pub options: Vec<VariantOption>,
}

/// One option of a variant.
pub type VariantOption = Member;

/// The class of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is one class, documented there")]
pub enum FieldClass {
    Integer(IntegerClass),
    Float(FloatClass),
    Enum(EnumClass),
    String(StringClass),
    Array(ArrayClass),
    Sequence(SequenceClass),
    Struct(StructClass),
    Variant(VariantClass),
}

impl FieldClass {
    /// An unaligned little-endian unsigned integer.
    pub const fn uint(size_bits: u32) -> Self {
        Self::Integer(IntegerClass::le(size_bits, false))
    }

    /// An unaligned little-endian signed integer.
    pub const fn int(size_bits: u32) -> Self {
        Self::Integer(IntegerClass::le(size_bits, true))
    }

    /// An unaligned little-endian unsigned integer, shown in hexadecimal.
    pub const fn hex(size_bits: u32) -> Self {
        let mut class = IntegerClass::le(size_bits, false);
        class.base = DisplayBase::Hexadecimal;
        Self::Integer(class)
    }

    /// A UTF-8 string that ends with a NUL.
    pub const fn string() -> Self {
        Self::String(StringClass {
            encoding: Encoding::Utf8,
        })
    }

    /// Text in a fixed room of `length` bytes, as LTTng writes `comm`.
    pub fn text_array(length: u64) -> Self {
        let element = Self::Integer(IntegerClass::le(8, true).text());
        Self::Array(ArrayClass {
            element: Box::new(element),
            length,
        })
    }
}
