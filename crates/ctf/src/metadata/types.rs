//! Type specifiers: scalars, names, aliases and arrays of them.

use thalweg_model::{
    ArrayClass, DisplayBase, Encoding, FieldClass, FloatClass, IntegerClass, SequenceClass,
    StringClass,
};

use super::attributes::{Attribute, Right};
use super::error::{MetadataError, Position, Reason};
use super::lexer::Kind;
use super::parser::{Parser, is_reserved};
use super::scope::{Space, Typed};

/// Words that make up C's own type names.
const C_WORDS: [&str; 12] = [
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "const",
    "_Bool", "_Complex",
];

/// A name with the array sizes behind it.
pub(super) struct Declarator<'a> {
    pub(super) name: &'a str,
    pub(super) at: Position,
    lengths: Vec<Length>,
}

enum Length {
    Fixed(u64),
    Path(Vec<String>),
}

impl<'a> Parser<'a> {
    /// A `typealias`, `typedef`, or a named type's own declaration, if one is next.
    pub(super) fn type_declaration(&mut self) -> Result<bool, MetadataError> {
        match self.peek_word() {
            Some("typealias") => self.alias()?,
            Some("typedef") => self.typedef()?,
            Some("struct" | "variant" | "enum") => {
                self.type_specifier()?;
                self.expect(";")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn alias(&mut self) -> Result<(), MetadataError> {
        self.next()?;
        let typed = self.type_specifier()?;
        self.expect(":=")?;
        let at = self.at();
        let name = self.type_name()?;
        self.declare(Space::Alias, &name, typed, at)?;
        self.expect(";")
    }

    fn typedef(&mut self) -> Result<(), MetadataError> {
        self.next()?;
        let typed = self.type_specifier()?;
        loop {
            let declarator = self.declarator()?;
            let (name, at) = (declarator.name, declarator.at);
            let typed = self.arrayed(typed.clone(), declarator)?;
            self.declare(Space::Alias, name, typed, at)?;
            if !self.accept(",")? {
                return self.expect(";");
            }
        }
    }

    pub(super) fn declare(
        &mut self,
        space: Space,
        name: &str,
        typed: Typed,
        at: Position,
    ) -> Result<(), MetadataError> {
        let typed = self.charge(typed, at)?;
        if self.scopes.declare(space, name, typed) {
            return Ok(());
        }
        Err(Reason::Twice {
            kind: space.kind(),
            name: name.to_owned(),
        }
        .at(at))
    }

    /// Any type, at its place of use.
    pub(super) fn type_specifier(&mut self) -> Result<Typed, MetadataError> {
        let at = self.at();
        let typed = self.nested(|parser| match parser.peek_word() {
            Some("integer") => parser.integer(),
            Some("floating_point") => parser.float(),
            Some("string") => parser.string(),
            Some("struct") => parser.structure(),
            Some("variant") => parser.variant(),
            Some("enum") => parser.enumeration(),
            _ => parser.named(),
        })?;
        self.charge(typed, at)
    }

    fn named(&mut self) -> Result<Typed, MetadataError> {
        let at = self.at();
        let name = self.type_name()?;
        self.find(Space::Alias, &name, at)
    }

    /// The type that was declared with this name.
    pub(super) fn find(
        &self,
        space: Space,
        name: &str,
        at: Position,
    ) -> Result<Typed, MetadataError> {
        let unknown = || Reason::UnknownType(name.to_owned()).at(at);
        self.scopes.find(space, name).cloned().ok_or_else(unknown)
    }

    /// `unsigned long`, `void *` or one identifier.
    fn type_name(&mut self) -> Result<String, MetadataError> {
        let mut name = String::new();
        while let Some(word) = self.peek_word().filter(|word| C_WORDS.contains(word)) {
            join(&mut name, word);
            self.next()?;
        }
        if name.is_empty() || name == "const" {
            join(&mut name, self.identifier("a type")?);
        }
        while self.accept("*")? {
            join(&mut name, "*");
        }
        Ok(name)
    }

    pub(super) fn declarator(&mut self) -> Result<Declarator<'a>, MetadataError> {
        let at = self.at();
        let name = self.identifier("a name")?;
        let mut lengths = Vec::new();
        while self.accept("[")? {
            let length = self.nested(Self::length)?;
            lengths.push(length);
            self.expect("]")?;
        }
        Ok(Declarator { name, at, lengths })
    }

    fn length(&mut self) -> Result<Length, MetadataError> {
        if let Kind::Integer(length) = *self.peek() {
            self.next()?;
            return Ok(Length::Fixed(length));
        }
        self.path().map(Length::Path)
    }

    /// The path to an earlier field: one name, or names and scopes joined by points.
    pub(super) fn path(&mut self) -> Result<Vec<String>, MetadataError> {
        let at = self.at();
        let mut path = vec![self.word("a field")?.to_owned()];
        while self.accept(".")? {
            path.push(self.word("a field")?.to_owned());
        }
        match path.as_slice() {
            [only] if is_reserved(only) => Err(Reason::Reserved(only.clone()).at(at)),
            // Outside a structure no earlier field can be meant but one of a named scope.
            [only] if !self.in_structure() => Err(unresolved(only, "a field").at(at)),
            _ => Ok(path),
        }
    }

    /// `typed`, in as many arrays as the declarator has sizes; the first size is the outermost.
    pub(super) fn arrayed(
        &mut self,
        typed: Typed,
        declarator: Declarator<'_>,
    ) -> Result<Typed, MetadataError> {
        let wrap = |typed: Typed, length| {
            typed.inside(|class| {
                let element = Box::new(class);
                match length {
                    Length::Fixed(length) => FieldClass::Array(ArrayClass { element, length }),
                    Length::Path(length) => FieldClass::Sequence(SequenceClass { element, length }),
                }
            })
        };
        let arrayed = declarator.lengths.into_iter().rev().fold(typed, wrap);
        self.charge(arrayed, declarator.at)
    }

    /// The attributes in braces, if there are any.
    fn attributes(
        &mut self,
        block: &'static str,
        mut on: impl FnMut(&Attribute) -> Result<(), MetadataError>,
    ) -> Result<(), MetadataError> {
        if *self.peek() != Kind::Mark("{") {
            return Ok(());
        }
        self.block(block, |_, attribute| on(&attribute))
    }

    fn integer(&mut self) -> Result<Typed, MetadataError> {
        let (at, native) = (self.at(), self.native);
        self.next()?;
        let mut class = IntegerClass {
            byte_order: native,
            ..IntegerClass::le(0, false)
        };
        let mut align = None;
        self.attributes("an integer", |a| {
            match a.name.as_str() {
                "size" => class.size_bits = size(a)?,
                "align" => align = Some(alignment(a)?),
                "signed" => class.signed = a.boolean()?,
                "byte_order" => class.byte_order = a.byte_order(Some(native))?,
                "base" => class.base = base(a)?,
                "encoding" => class.encoding = encoding(a)?,
                "map" => class.clock = Some(clock(a)?),
                _ => {}
            }
            Ok(())
        })?;
        if class.size_bits == 0 {
            return Err(missing("an integer", "size").at(at));
        }
        let natural = if class.size_bits.is_multiple_of(8) {
            8
        } else {
            1
        };
        class.align_bits = align.unwrap_or(natural);
        Ok(Typed::leaf(FieldClass::Integer(class)))
    }

    fn float(&mut self) -> Result<Typed, MetadataError> {
        let (at, native) = (self.at(), self.native);
        self.next()?;
        let mut class = FloatClass {
            exponent_bits: 0,
            mantissa_bits: 0,
            align_bits: 8,
            byte_order: native,
        };
        self.attributes("a floating_point", |a| {
            match a.name.as_str() {
                "exp_dig" => class.exponent_bits = a.unsigned("8 or 11")?,
                "mant_dig" => class.mantissa_bits = a.unsigned("24 or 53")?,
                "align" => class.align_bits = alignment(a)?,
                "byte_order" => class.byte_order = a.byte_order(Some(native))?,
                _ => {}
            }
            Ok(())
        })?;
        match (class.exponent_bits, class.mantissa_bits) {
            (8, 24) | (11, 53) => Ok(Typed::leaf(FieldClass::Float(class))),
            (0, _) => Err(missing("a floating_point", "exp_dig").at(at)),
            (_, 0) => Err(missing("a floating_point", "mant_dig").at(at)),
            _ => Err(Reason::Unsupported("a floating_point of other than 32 or 64 bits").at(at)),
        }
    }

    fn string(&mut self) -> Result<Typed, MetadataError> {
        self.next()?;
        let mut class = StringClass {
            encoding: Encoding::Utf8,
        };
        self.attributes("a string", |a| {
            if a.name == "encoding" {
                class.encoding = encoding(a)?;
            }
            Ok(())
        })?;
        Ok(Typed::leaf(FieldClass::String(class)))
    }
}

fn join(name: &mut String, word: &str) {
    if !name.is_empty() {
        name.push(' ');
    }
    name.push_str(word);
}

pub(super) fn missing(block: &'static str, attribute: &'static str) -> Reason {
    Reason::Missing { block, attribute }
}

pub(super) fn unresolved(path: &str, wanted: &'static str) -> Reason {
    Reason::Unresolved {
        path: path.to_owned(),
        scope: "this scope".to_owned(),
        wanted,
    }
}

fn size(a: &Attribute) -> Result<u32, MetadataError> {
    const EXPECTED: &str = "1 to 64 bits";
    let size = a.unsigned(EXPECTED)?;
    if (1..=64).contains(&size) {
        Ok(size)
    } else {
        Err(a.refuse(EXPECTED))
    }
}

fn alignment(a: &Attribute) -> Result<u32, MetadataError> {
    const EXPECTED: &str = "a power of two";
    let align: u32 = a.unsigned(EXPECTED)?;
    if align.is_power_of_two() {
        Ok(align)
    } else {
        Err(a.refuse(EXPECTED))
    }
}

fn base(a: &Attribute) -> Result<DisplayBase, MetadataError> {
    const EXPECTED: &str = "2, 8, 10, 16 or the name of a base";
    match &a.right {
        Right::Integer(2) => Ok(DisplayBase::Binary),
        Right::Integer(8) => Ok(DisplayBase::Octal),
        Right::Integer(10) => Ok(DisplayBase::Decimal),
        Right::Integer(16) => Ok(DisplayBase::Hexadecimal),
        Right::Words(word) => base_named(word).ok_or_else(|| a.refuse(EXPECTED)),
        _ => Err(a.refuse(EXPECTED)),
    }
}

fn base_named(word: &str) -> Option<DisplayBase> {
    match word {
        "decimal" | "dec" | "d" | "i" | "u" => Some(DisplayBase::Decimal),
        "hexadecimal" | "hex" | "x" | "X" | "p" => Some(DisplayBase::Hexadecimal),
        "octal" | "oct" | "o" => Some(DisplayBase::Octal),
        "binary" | "b" => Some(DisplayBase::Binary),
        _ => None,
    }
}

fn encoding(a: &Attribute) -> Result<Encoding, MetadataError> {
    const EXPECTED: &str = "none, UTF8 or ASCII";
    match a.words(EXPECTED)? {
        "none" => Ok(Encoding::None),
        "UTF8" | "utf8" => Ok(Encoding::Utf8),
        "ASCII" | "ascii" => Ok(Encoding::Ascii),
        _ => Err(a.refuse(EXPECTED)),
    }
}

fn clock(a: &Attribute) -> Result<String, MetadataError> {
    const EXPECTED: &str = "clock.NAME.value";
    let name = a
        .words(EXPECTED)?
        .strip_prefix("clock.")
        .and_then(|w| w.strip_suffix(".value"));
    name.map(str::to_owned).ok_or_else(|| a.refuse(EXPECTED))
}
