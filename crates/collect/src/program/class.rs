//! The classes of an event's fields, read with doubt.

use thalweg_abi::field::{MAX_CLASSES, MAX_DEPTH, form, tag};
use thalweg_abi::rendezvous::MAX_FIELDS;
use thalweg_model::{
    ByteOrder, DisplayBase, Encoding, EnumClass, EnumMapping, FieldClass, FloatClass, IntegerClass,
};

use super::definitions::DefinitionError;
use super::input::Input;
use super::lowered::Lowered;

type Read<T> = Result<T, DefinitionError>;

/// Reads the classes of one event.
pub(super) struct Classes<'i, 'b> {
    pub(super) input: &'i mut Input<'b>,
    /// How many more there may be.
    left: usize,
    /// The members that lead to the class that is read, one for each level.
    path: Vec<String>,
    /// Where blobs are, and what they are.
    pub(super) media_types: Vec<(String, String)>,
}

impl<'i, 'b> Classes<'i, 'b> {
    pub(super) fn new(input: &'i mut Input<'b>) -> Self {
        Self {
            input,
            left: MAX_CLASSES,
            path: Vec::new(),
            media_types: Vec::new(),
        }
    }

    /// The class of the field that is called `name`.
    pub(super) fn field(&mut self, name: &str) -> Read<Lowered> {
        self.path.push(name.to_owned());
        let class = self.class(1);
        self.path.pop();
        class
    }

    fn class(&mut self, depth: usize) -> Read<Lowered> {
        if depth > MAX_DEPTH {
            return Err(self.input.meaningless("a class too deep in others"));
        }
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| self.input.meaningless("too many classes of an event"))?;
        match self.input.u8()? {
            tag::INTEGER => self.based_integer(),
            tag::FLOAT => self.float(),
            tag::TEXT => Ok(Lowered::text()),
            tag::COUNTED_TEXT => {
                let byte = FieldClass::Integer(IntegerClass::le(8, true).text());
                Ok(Lowered::sequence(Lowered::fixed(byte, 1)))
            }
            tag::BLOB => self.blob(),
            tag::ENUM => self.enumeration(),
            tag::ARRAY => self.array(depth),
            tag::SEQUENCE => self.element(depth).map(Lowered::sequence),
            tag::STRUCT => self.structure(depth),
            tag::OPTIONAL => self.class(depth + 1).map(Lowered::optional),
            _ => Err(self.input.meaningless("no class of a field")),
        }
    }

    fn blob(&mut self) -> Read<Lowered> {
        let media_type = self.input.text()?;
        self.media_types.push((self.path.join("."), media_type));
        Ok(Lowered::sequence(Lowered::fixed(FieldClass::uint(8), 1)))
    }

    fn array(&mut self, depth: usize) -> Read<Lowered> {
        let length = self.input.u32()?;
        let element = self.element(depth)?;
        let array = Lowered::array(element, length);
        array.ok_or_else(|| self.input.meaningless("an array larger than memory"))
    }

    /// The class of a list's elements: one of which no byte is used would let a length of some
    /// bytes stand for any number of them.
    fn element(&mut self, depth: usize) -> Read<Lowered> {
        let element = self.class(depth + 1)?;
        if element.min_len == 0 {
            return Err(self.input.meaningless("a list of elements without bytes"));
        }
        Ok(element)
    }

    fn structure(&mut self, depth: usize) -> Read<Lowered> {
        let count = usize::from(self.input.u8()?);
        if count > MAX_FIELDS {
            return Err(self.input.meaningless("too many members"));
        }
        let mut members = Vec::new();
        for _ in 0..count {
            let name = self.input.text()?;
            self.path.push(name);
            let class = self.class(depth + 1);
            let name = self.path.pop().unwrap_or_default();
            members.push((name, class?));
        }
        Ok(Lowered::structure(members))
    }

    fn float(&mut self) -> Read<Lowered> {
        let bytes = self.input.u8()?;
        let class = match bytes {
            4 => FloatClass::f32_le(),
            8 => FloatClass::f64_le(),
            _ => return Err(self.input.meaningless("a float of no known size")),
        };
        let (signed, byte_order) = self.form()?;
        if signed {
            return Err(self.input.meaningless("a float that is a signed integer"));
        }
        let class = FieldClass::Float(FloatClass {
            byte_order,
            ..class
        });
        Ok(Lowered::fixed(class, bytes.into()))
    }

    fn based_integer(&mut self) -> Read<Lowered> {
        let (integer, bytes) = self.integer()?;
        let base = match self.input.u8()? {
            2 => DisplayBase::Binary,
            8 => DisplayBase::Octal,
            10 => DisplayBase::Decimal,
            16 => DisplayBase::Hexadecimal,
            _ => return Err(self.input.meaningless("an integer in no known base")),
        };
        let class = FieldClass::Integer(integer.in_base(base));
        Ok(Lowered::fixed(class, bytes))
    }

    fn integer(&mut self) -> Read<(IntegerClass, usize)> {
        let bytes = self.input.u8()?;
        if !matches!(bytes, 1 | 2 | 4 | 8) {
            return Err(self.input.meaningless("an integer of no known size"));
        }
        let (signed, byte_order) = self.form()?;
        let class = IntegerClass {
            byte_order,
            encoding: Encoding::None,
            ..IntegerClass::le(u32::from(bytes) * 8, signed)
        };
        Ok((class, bytes.into()))
    }

    fn form(&mut self) -> Read<(bool, ByteOrder)> {
        let bits = self.input.u8()?;
        if bits & !(form::SIGNED | form::BIG_ENDIAN) != 0 {
            return Err(self.input.meaningless("no form of a number"));
        }
        let order = match bits & form::BIG_ENDIAN {
            0 => ByteOrder::Little,
            _ => ByteOrder::Big,
        };
        Ok((bits & form::SIGNED != 0, order))
    }

    fn enumeration(&mut self) -> Read<Lowered> {
        let (integer, bytes) = self.integer()?;
        let mappings = self.labels(&integer)?;
        let class = FieldClass::Enum(EnumClass { integer, mappings });
        Ok(Lowered::fixed(class, bytes))
    }

    fn labels(&mut self, integer: &IntegerClass) -> Read<Vec<EnumMapping>> {
        let count = self.input.u16()?;
        let mut mappings = Vec::new();
        for _ in 0..count {
            let first = self.label_number(integer)?;
            let last = self.label_number(integer)?;
            if first > last {
                return Err(self.input.meaningless("a label of no number"));
            }
            let label = self.input.text()?;
            mappings.push(EnumMapping { label, first, last });
        }
        if mappings.is_empty() {
            return Err(self.input.meaningless("an enumeration without labels"));
        }
        Ok(mappings)
    }

    /// A number that the integer can have.
    fn label_number(&mut self, integer: &IntegerClass) -> Read<i128> {
        let number = i64::from_le_bytes(self.input.array()?);
        let (number, least, most) = if integer.signed {
            let half = 1_i128 << (integer.size_bits - 1);
            (i128::from(number), -half, half - 1)
        } else {
            let number = i128::from(number.cast_unsigned());
            (number, 0, (1_i128 << integer.size_bits) - 1)
        };
        if number < least || number > most {
            return Err(self.input.meaningless("a label beyond its integer"));
        }
        Ok(number)
    }
}
