//! Enumerations: labels and the numbers that they stand for.

use thalweg_model::{EnumClass, EnumMapping, FieldClass, IntegerClass};

use super::error::{MetadataError, Reason};
use super::lexer::Kind;
use super::parser::Parser;
use super::scope::{Space, Typed};

impl Parser<'_> {
    /// `enum NAME`, or `enum [NAME] [: integer] { labels }`.
    pub(super) fn enumeration(&mut self) -> Result<Typed, MetadataError> {
        self.next()?;
        let at = self.at();
        let name = match self.peek() {
            Kind::Word(_) => Some(self.identifier("a name")?),
            _ => None,
        };
        if let Some(name) = name.filter(|_| !matches!(self.peek(), Kind::Mark("{" | ":"))) {
            return self.find(Space::Enum, name, at);
        }
        let integer = self.container()?;
        let mappings = self.labels(&integer)?;
        let typed = Typed::leaf(FieldClass::Enum(EnumClass { integer, mappings }));
        if let Some(name) = name {
            self.declare(Space::Enum, name, typed.clone(), at)?;
        }
        Ok(typed)
    }

    /// The integer behind the labels: `int` unless named.
    fn container(&mut self) -> Result<IntegerClass, MetadataError> {
        let at = self.at();
        let typed = if self.accept(":")? {
            self.type_specifier()?
        } else {
            self.find(Space::Alias, "int", at)?
        };
        match typed.class {
            FieldClass::Integer(class) => Ok(class),
            _ => Err(Reason::Expected {
                expected: "an integer type",
                found: "another type".into(),
            }
            .at(at)),
        }
    }

    fn labels(&mut self, integer: &IntegerClass) -> Result<Vec<EnumMapping>, MetadataError> {
        self.expect("{")?;
        let mut mappings = Vec::new();
        let mut next = 0;
        while !self.accept("}")? {
            let mapping = self.label(integer, next)?;
            next = mapping.last + 1;
            mappings.push(mapping);
            if !self.accept(",")? {
                self.expect("}")?;
                break;
            }
        }
        if mappings.is_empty() {
            return Err(Reason::EmptyEnum.at(self.at()));
        }
        Ok(mappings)
    }

    fn label(&mut self, integer: &IntegerClass, next: i128) -> Result<EnumMapping, MetadataError> {
        let at = self.at();
        let label = match self.next()?.kind {
            Kind::Word(word) => word.to_owned(),
            Kind::Text(text) => text,
            other => {
                let reason = Reason::Expected {
                    expected: "a label",
                    found: other.shown(),
                };
                return Err(reason.at(at));
            }
        };
        let (first, last) = self.label_range(next)?;
        if last < first {
            return Err(Reason::LabelOrder(label).at(at));
        }
        for value in [first, last] {
            if !holds(integer, value) {
                return Err(Reason::LabelRange {
                    label,
                    value,
                    bits: integer.size_bits,
                }
                .at(at));
            }
        }
        Ok(EnumMapping { label, first, last })
    }

    fn label_range(&mut self, next: i128) -> Result<(i128, i128), MetadataError> {
        if !self.accept("=")? {
            return Ok((next, next));
        }
        let first = self.label_value()?;
        let last = if self.accept("...")? {
            self.label_value()?
        } else {
            first
        };
        Ok((first, last))
    }

    fn label_value(&mut self) -> Result<i128, MetadataError> {
        if let Kind::Character(byte) = *self.peek() {
            self.next()?;
            return Ok(byte.into());
        }
        self.signed()?.ok_or_else(|| self.unexpected("an integer"))
    }
}

fn holds(integer: &IntegerClass, value: i128) -> bool {
    let bits = integer.size_bits;
    let (least, most) = if integer.signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    };
    (least..=most).contains(&value)
}
