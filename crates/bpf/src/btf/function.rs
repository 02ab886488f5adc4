//! What a function of the kernel takes and gives.

use super::parse::{Btf, BtfError, Kind, TypeId};

/// Types stand for types: not deeper than this.
const MAX_DEPTH: usize = 16;

/// What a function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prototype {
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub result: Value,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: Value,
}

/// A value as a register holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, a truth value or a label.
    Integer {
        /// Its size.
        bytes: u8,
        /// Whether it may be negative.
        is_signed: bool,
    },
    /// An address.
    Pointer,
    /// The address of a text that the function only reads.
    Text,
    /// No value.
    Nothing,
    /// What no single register holds: a structure, a number with a fraction.
    Other,
}

impl Btf {
    /// What the function of this name takes and gives.
    ///
    /// # Errors
    /// There is no such function.
    pub fn function(&self, name: &str) -> Result<Prototype, BtfError> {
        let function = self.head(self.find(Kind::Function, name)?)?;
        let head = self.head(TypeId(function.size_or_type))?;
        if head.kind != Kind::Prototype {
            let what = format!("the prototype of {name}");
            return Err(BtfError::Missing { what });
        }
        let parameter = |index: usize| {
            let at = head.rest + 8 * index;
            Ok(Parameter {
                name: self.name(self.word(at)?).unwrap_or_default().to_owned(),
                value: self.value(TypeId(self.word(at + 4)?))?,
            })
        };
        Ok(Prototype {
            parameters: (0..head.count).map(parameter).collect::<Result<_, _>>()?,
            result: self.value(TypeId(head.size_or_type))?,
        })
    }

    /// The names of all functions.
    pub fn function_names(&self) -> impl Iterator<Item = &str> {
        self.ids().filter_map(|id| {
            let head = self.head(id).ok()?;
            (head.kind == Kind::Function).then(|| self.name(head.name))?
        })
    }

    fn value(&self, id: TypeId) -> Result<Value, BtfError> {
        let Some((id, _)) = self.bare(id)? else {
            return Ok(Value::Nothing);
        };
        let head = self.head(id)?;
        let integer = |is_signed| match u8::try_from(head.size_or_type) {
            Ok(bytes @ (1 | 2 | 4 | 8)) => Value::Integer { bytes, is_signed },
            _ => Value::Other,
        };
        Ok(match head.kind {
            Kind::Integer => integer(self.word(head.rest)? >> 24 & 1 != 0),
            Kind::Enum | Kind::Enum64 => integer(head.has_bit_fields),
            Kind::Pointer => match self.is_text(TypeId(head.size_or_type))? {
                true => Value::Text,
                false => Value::Pointer,
            },
            _ => Value::Other,
        })
    }

    fn is_text(&self, id: TypeId) -> Result<bool, BtfError> {
        let Some((id, is_const)) = self.bare(id)? else {
            return Ok(false);
        };
        let head = self.head(id)?;
        Ok(is_const && head.kind == Kind::Integer && self.is_named(head.name, "char"))
    }

    /// What a type stands for, and whether it may not be written; none if that is `void`.
    pub(super) fn bare(&self, mut id: TypeId) -> Result<Option<(TypeId, bool)>, BtfError> {
        let mut is_const = false;
        for _ in 0..MAX_DEPTH {
            if id.0 == 0 {
                return Ok(None);
            }
            let head = self.head(id)?;
            match head.kind {
                Kind::Const => is_const = true,
                Kind::Typedef | Kind::Volatile | Kind::Restrict | Kind::TypeTag => {}
                _ => return Ok(Some((id, is_const))),
            }
            id = TypeId(head.size_or_type);
        }
        Ok(None)
    }
}
