//! `name = value;` and `name := type;` inside the braces of a block.

use std::str::FromStr;

use thalweg_model::{ByteOrder, FieldClass, StructClass};

use super::error::{MetadataError, Position, Reason};
use super::lexer::Kind;
use super::parser::Parser;
use super::scope::Typed;

/// The right side of an attribute.
#[derive(Clone, Debug)]
pub(super) enum Right {
    Integer(i128),
    Text(String),
    /// Words joined by points.
    Words(String),
    Type(Box<Typed>),
}

/// One attribute of a block.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    /// What kind of block it is in, for messages.
    pub(super) block: &'static str,
    /// The left side, words joined by points.
    pub(super) name: String,
    pub(super) right: Right,
    pub(super) at: Position,
}

impl Parser<'_> {
    /// A block in braces: types are declared in a scope of its own, attributes are handed out.
    pub(super) fn block(
        &mut self,
        block: &'static str,
        mut on: impl FnMut(&mut Self, Attribute) -> Result<(), MetadataError>,
    ) -> Result<(), MetadataError> {
        self.expect("{")?;
        self.scopes.open();
        while !self.accept("}")? {
            if self.type_declaration()? {
                continue;
            }
            let attribute = self.attribute(block)?;
            on(self, attribute)?;
        }
        self.scopes.close();
        Ok(())
    }

    fn attribute(&mut self, block: &'static str) -> Result<Attribute, MetadataError> {
        let at = self.at();
        let name = self.dotted()?;
        let right = if self.accept(":=")? {
            Right::Type(Box::new(self.type_specifier()?))
        } else {
            self.expect("=")?;
            self.right()?
        };
        self.expect(";")?;
        Ok(Attribute {
            block,
            name,
            right,
            at,
        })
    }

    fn dotted(&mut self) -> Result<String, MetadataError> {
        let mut name = self.word("an attribute")?.to_owned();
        while self.accept(".")? {
            name.push('.');
            name.push_str(self.word("a name")?);
        }
        Ok(name)
    }

    fn right(&mut self) -> Result<Right, MetadataError> {
        if let Some(number) = self.signed()? {
            return Ok(Right::Integer(number));
        }
        match self.peek().clone() {
            Kind::Word(_) => self.dotted().map(Right::Words),
            Kind::Text(text) => self.next().map(|_| Right::Text(text)),
            Kind::Character(byte) => self.next().map(|_| Right::Integer(byte.into())),
            _ => Err(self.unexpected("a value")),
        }
    }

    /// An integer with its sign, if one is next.
    pub(super) fn signed(&mut self) -> Result<Option<i128>, MetadataError> {
        let negative = self.accept("-")?;
        match *self.peek() {
            Kind::Integer(number) => {
                self.next()?;
                let number = i128::from(number);
                Ok(Some(if negative { -number } else { number }))
            }
            _ if negative => Err(self.unexpected("an integer")),
            _ => Ok(None),
        }
    }
}

impl Attribute {
    /// This attribute's value is not what it has to be.
    pub(super) fn refuse(&self, expected: &'static str) -> MetadataError {
        let value = match &self.right {
            Right::Integer(number) => number.to_string(),
            Right::Text(text) => format!("{text:?}"),
            Right::Words(words) => words.clone(),
            Right::Type(_) => "a type".to_owned(),
        };
        Reason::Attribute {
            block: self.block,
            attribute: self.name.clone(),
            value,
            expected,
        }
        .at(self.at)
    }

    pub(super) fn unsigned<T: TryFrom<i128>>(
        &self,
        expected: &'static str,
    ) -> Result<T, MetadataError> {
        match self.right {
            Right::Integer(number) => T::try_from(number).map_err(|_| self.refuse(expected)),
            _ => Err(self.refuse(expected)),
        }
    }

    /// A string, or a bare word in its place.
    pub(super) fn text(&self) -> Result<&str, MetadataError> {
        match &self.right {
            Right::Text(text) | Right::Words(text) => Ok(text),
            _ => Err(self.refuse("a string")),
        }
    }

    /// A bare word.
    pub(super) fn words(&self, expected: &'static str) -> Result<&str, MetadataError> {
        match &self.right {
            Right::Words(words) => Ok(words),
            _ => Err(self.refuse(expected)),
        }
    }

    /// A string of a form of its own, like a uuid.
    pub(super) fn parsed<T: FromStr>(&self, expected: &'static str) -> Result<T, MetadataError> {
        match &self.right {
            Right::Text(text) => text.parse().map_err(|_| self.refuse(expected)),
            _ => Err(self.refuse(expected)),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, MetadataError> {
        match &self.right {
            Right::Integer(number @ 0..=1) => Ok(*number == 1),
            Right::Words(word) if matches!(word.as_str(), "true" | "TRUE") => Ok(true),
            Right::Words(word) if matches!(word.as_str(), "false" | "FALSE") => Ok(false),
            _ => Err(self.refuse("true or false")),
        }
    }

    pub(super) fn byte_order(&self, native: Option<ByteOrder>) -> Result<ByteOrder, MetadataError> {
        const EXPECTED: &str = "le, be or network";
        match (self.words(EXPECTED)?, native) {
            ("le", _) => Ok(ByteOrder::Little),
            ("be" | "network", _) => Ok(ByteOrder::Big),
            ("native", Some(native)) => Ok(native),
            _ => Err(self.refuse(EXPECTED)),
        }
    }

    /// A type that is a structure.
    pub(super) fn structure(self) -> Result<StructClass, MetadataError> {
        match self.right {
            Right::Type(typed) => match typed.class {
                FieldClass::Struct(class) => Ok(class),
                _ => Err(Reason::Expected {
                    expected: "a structure",
                    found: "another type".into(),
                }
                .at(self.at)),
            },
            _ => Err(self.refuse("a structure")),
        }
    }
}
