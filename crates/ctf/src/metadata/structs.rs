//! Structures and variants.

use std::collections::HashSet;

use thalweg_model::{FieldClass, Member, StructClass, VariantClass};

use super::error::{MetadataError, Position, Reason};
use super::lexer::Kind;
use super::parser::Parser;
use super::scope::{Space, Typed};
use crate::path::{Want, option_matches};

/// The fields of a structure or the options of a variant.
#[derive(Default)]
struct Body {
    members: Vec<Member>,
    names: HashSet<String>,
    weight: usize,
    depth: usize,
}

impl Parser<'_> {
    /// `struct NAME`, or `struct [NAME] { fields } [align(n)]`.
    pub(super) fn structure(&mut self) -> Result<Typed, MetadataError> {
        self.next()?;
        let at = self.at();
        let name = self.optional_name()?;
        if let Some(name) = &name
            && *self.peek() != Kind::Mark("{")
        {
            return self.find(Space::Struct, name, at);
        }
        let body = self.body(true)?;
        let min_align_bits = self.alignment()?;
        let class = FieldClass::Struct(StructClass {
            min_align_bits,
            members: body.members,
        });
        let typed = Typed {
            class,
            weight: body.weight + 1,
            depth: body.depth + 1,
        };
        if let Some(name) = name {
            self.declare(Space::Struct, &name, typed.clone(), at)?;
        }
        Ok(typed)
    }

    /// `variant NAME <tag>`, or `variant [NAME] [<tag>] { options }`.
    pub(super) fn variant(&mut self) -> Result<Typed, MetadataError> {
        self.next()?;
        let at = self.at();
        let name = self.optional_name()?;
        let tag = self.tag()?;
        let mut typed = match &name {
            Some(name) if *self.peek() != Kind::Mark("{") => self.find(Space::Variant, name, at)?,
            _ => self.variant_body(name.as_deref(), at)?,
        };
        if let FieldClass::Variant(class) = &mut typed.class {
            class.tag = tag;
        }
        Ok(typed)
    }

    fn variant_body(&mut self, name: Option<&str>, at: Position) -> Result<Typed, MetadataError> {
        let body = self.body(false)?;
        let class = FieldClass::Variant(VariantClass {
            tag: Vec::new(),
            options: body.members,
        });
        let typed = Typed {
            class,
            weight: body.weight + 1,
            depth: body.depth + 1,
        };
        if let Some(name) = name {
            self.declare(Space::Variant, name, typed.clone(), at)?;
        }
        Ok(typed)
    }

    fn optional_name(&mut self) -> Result<Option<String>, MetadataError> {
        match self.peek() {
            Kind::Word(_) => self.identifier("a name").map(|name| Some(name.to_owned())),
            _ => Ok(None),
        }
    }

    fn tag(&mut self) -> Result<Vec<String>, MetadataError> {
        if !self.accept("<")? {
            return Ok(Vec::new());
        }
        let tag = self.path()?;
        self.expect(">")?;
        Ok(tag)
    }

    fn alignment(&mut self) -> Result<u32, MetadataError> {
        if !self.accept_word("align")? {
            return Ok(1);
        }
        self.expect("(")?;
        let at = self.at();
        let number = self
            .signed()?
            .ok_or_else(|| self.unexpected("an integer"))?;
        self.expect(")")?;
        let align = u32::try_from(number)
            .ok()
            .filter(|align| align.is_power_of_two());
        align.ok_or_else(|| {
            let (block, attribute) = ("a structure", "align".to_owned());
            let value = number.to_string();
            Reason::Attribute {
                block,
                attribute,
                value,
                expected: "a power of two",
            }
            .at(at)
        })
    }

    fn body(&mut self, is_struct: bool) -> Result<Body, MetadataError> {
        self.expect("{")?;
        self.scopes.open();
        self.bodies += 1;
        let mut body = Body::default();
        while !self.accept("}")? {
            match self.peek_word() {
                Some("typealias" | "typedef") => {
                    self.type_declaration()?;
                }
                _ => self.fields(&mut body, is_struct)?,
            }
        }
        self.bodies -= 1;
        self.scopes.close();
        Ok(body)
    }

    /// Whether a field may come before the next token.
    pub(super) fn in_structure(&self) -> bool {
        self.bodies > 0
    }

    fn fields(&mut self, body: &mut Body, is_struct: bool) -> Result<(), MetadataError> {
        let at = self.at();
        let base = self.type_specifier()?;
        // A named type that is declared here and not used here.
        if self.accept(";")? {
            return Ok(());
        }
        loop {
            let declarator = self.declarator()?;
            let name = declarator.name;
            let typed = self.arrayed(base.clone(), declarator)?;
            if let FieldClass::Variant(VariantClass { tag, .. }) = innermost(&typed.class)
                && tag.is_empty()
            {
                return Err(Reason::NoTag.at(at));
            }
            if is_struct {
                check_sibling(&typed.class, &body.members).map_err(|reason| reason.at(at))?;
            }
            body.add(name, typed, at)?;
            if !self.accept(",")? {
                return self.expect(";");
            }
        }
    }
}

impl Body {
    fn add(&mut self, name: &str, typed: Typed, at: Position) -> Result<(), MetadataError> {
        if !self.names.insert(name.to_owned()) {
            return Err(Reason::Twice {
                kind: "field",
                name: name.to_owned(),
            }
            .at(at));
        }
        self.weight += typed.weight;
        self.depth = self.depth.max(typed.depth);
        self.members.push(Member::new(name, typed.class));
        Ok(())
    }
}

fn innermost(class: &FieldClass) -> &FieldClass {
    match class {
        FieldClass::Array(array) => innermost(&array.element),
        FieldClass::Sequence(sequence) => innermost(&sequence.element),
        other => other,
    }
}

/// A length or tag that is a sibling must be of the right kind, even if the structure is never used.
fn check_sibling(class: &FieldClass, before: &[Member]) -> Result<(), Reason> {
    let (path, want) = match class {
        FieldClass::Sequence(sequence) => (&sequence.length, Want::Length),
        FieldClass::Variant(variant) => (&variant.tag, Want::Tag),
        _ => return Ok(()),
    };
    let [name] = path.as_slice() else {
        return Ok(());
    };
    let Some(sibling) = before.iter().find(|member| member.name == *name) else {
        return Ok(());
    };
    if !want.accepts(&sibling.class) {
        return Err(super::types::unresolved(name, want.words()));
    }
    match (class, &sibling.class) {
        (FieldClass::Variant(variant), FieldClass::Enum(tag)) if !option_matches(variant, tag) => {
            Err(Reason::NoOption(name.clone()))
        }
        _ => Ok(()),
    }
}
