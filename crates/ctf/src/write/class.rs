//! Field classes as metadata text.
//!
//! ```text
//!   Member { "len", uint(32) }   integer { size = 32; … } _len;
//!   Member { "ip", array of 4 }  integer { size = 8; … } _ip[4];
//!   Member { "buf", sequence }   integer { size = 8; … } _buf[ __buf_length ];
//! ```
//!
//! Invariant: the text parses, and each length and tag names a field before it; a class for which
//! that cannot be done is refused, never written in part.

use std::fmt::Write;

use thalweg_model::{
    EnumClass, EnumMapping, FieldClass, IntegerClass, Member, StructClass, VariantClass,
};

use super::error::{MAX_DEPTH, TsdlError};
use super::name::{Names, field_name, plain_name, quoted};
use super::scalar::{alias, float_text, integer_range, integer_text, string_text};

/// How a structure's members are named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// With the `_` that readers take away.
    Field,
    /// As they are, where the grammar allows it.
    Plain,
}

/// A field that later ones may refer to.
struct Known<'a> {
    name: &'a str,
    written: String,
    class: &'a FieldClass,
}

/// Writes classes one after the other, and knows which names are in scope.
pub(super) struct ClassWriter<'a> {
    naming: Naming,
    scopes: Vec<Vec<Known<'a>>>,
    out: String,
}

type Written = Result<(), TsdlError>;

impl<'a> ClassWriter<'a> {
    /// The text of `class` between `struct {` and `}`, each line indented by `indent` tabs.
    pub(super) fn members(
        class: &'a StructClass,
        naming: Naming,
        indent: usize,
    ) -> Result<String, TsdlError> {
        let mut writer = Self {
            naming,
            scopes: Vec::new(),
            out: String::new(),
        };
        writer.write_members(&class.members, &[], indent)?;
        Ok(writer.out)
    }

    /// `reserved`: names that the structure has beside these members.
    pub(super) fn plain_members(
        members: &'a [Member],
        reserved: &[&str],
    ) -> Result<String, TsdlError> {
        let mut writer = Self {
            naming: Naming::Plain,
            scopes: Vec::new(),
            out: String::new(),
        };
        writer.write_members(members, reserved, 1)?;
        Ok(writer.out)
    }

    fn write_members(
        &mut self,
        members: &'a [Member],
        reserved: &[&str],
        indent: usize,
    ) -> Written {
        if self.scopes.len() >= MAX_DEPTH {
            return Err(TsdlError::TooDeep);
        }
        let mut names = Names::default();
        for name in reserved {
            names.take((*name).to_owned());
        }
        let tags: Vec<&str> = members.iter().filter_map(tag_of).collect();
        self.scopes.push(Vec::new());
        for member in members {
            let written = names.take(self.written_name(&member.name));
            self.indent(indent);
            self.write_member(
                member,
                &written,
                tags.contains(&member.name.as_str()),
                indent,
            )?;
            self.out.push_str(";\n");
            self.remember(Known {
                name: &member.name,
                written,
                class: &member.class,
            });
        }
        self.scopes.pop();
        Ok(())
    }

    fn remember(&mut self, field: Known<'a>) {
        self.scopes
            .last_mut()
            .expect("a scope is open while its members are written")
            .push(field);
    }

    fn written_name(&self, name: &str) -> String {
        match self.naming {
            Naming::Field => field_name(name),
            Naming::Plain => plain_name(name),
        }
    }

    fn indent(&mut self, tabs: usize) {
        self.out.extend(std::iter::repeat_n('\t', tabs));
    }

    fn write_member(
        &mut self,
        member: &'a Member,
        name: &str,
        is_tag: bool,
        indent: usize,
    ) -> Written {
        let mut class = &member.class;
        let mut dimensions = String::new();
        for depth in 0.. {
            if depth + self.scopes.len() > MAX_DEPTH {
                return Err(TsdlError::TooDeep);
            }
            match class {
                FieldClass::Array(array) => {
                    dimensions.push_str(&format!("[{}]", array.length));
                    class = &array.element;
                }
                FieldClass::Sequence(sequence) => {
                    dimensions.push_str(&format!("[ {} ]", self.resolve(&sequence.length)?));
                    class = &sequence.element;
                }
                _ => break,
            }
        }
        self.write_class(class, is_tag, indent)?;
        let _ = write!(self.out, " {name}{dimensions}");
        Ok(())
    }

    fn write_class(&mut self, class: &'a FieldClass, is_tag: bool, indent: usize) -> Written {
        match class {
            FieldClass::Integer(class) => self.write_integer(class),
            FieldClass::Float(class) => self.push(&float_text(class)),
            FieldClass::Enum(class) => self.write_enum(class, is_tag, indent),
            FieldClass::String(class) => self.push(string_text(class)),
            FieldClass::Struct(class) => self.write_struct(class, indent),
            FieldClass::Variant(class) => self.write_variant(class, indent),
            FieldClass::Array(_) | FieldClass::Sequence(_) => unreachable!("a dimension by now"),
        }
    }

    fn push(&mut self, text: &str) -> Written {
        self.out.push_str(text);
        Ok(())
    }

    fn write_integer(&mut self, class: &IntegerClass) -> Written {
        let text = integer_text(class)?;
        match alias(class) {
            Some(alias) if self.naming == Naming::Plain => self.out.push_str(alias),
            _ => self.out.push_str(&text),
        }
        Ok(())
    }

    fn write_enum(&mut self, class: &'a EnumClass, is_tag: bool, indent: usize) -> Written {
        let integer = integer_text(&class.integer)?;
        if class.mappings.is_empty() {
            // The grammar knows no enumeration without a label.
            self.out.push_str(&integer);
            return Ok(());
        }
        let _ = writeln!(self.out, "enum : {integer} {{");
        for mapping in &class.mappings {
            self.indent(indent + 1);
            self.write_mapping(&class.integer, mapping, is_tag)?;
        }
        self.indent(indent);
        self.out.push('}');
        Ok(())
    }

    fn write_mapping(
        &mut self,
        integer: &IntegerClass,
        mapping: &EnumMapping,
        is_tag: bool,
    ) -> Written {
        let EnumMapping { label, first, last } = mapping;
        let (low, high) = integer_range(integer);
        if first > last || *first < low || *last > high {
            return Err(TsdlError::EnumRange {
                label: label.clone(),
                first: *first,
                last: *last,
            });
        }
        let label = if is_tag {
            quoted(&plain_name(label))
        } else {
            quoted(label)
        };
        let _ = match first == last {
            true => writeln!(self.out, "{label} = {first},"),
            false => writeln!(self.out, "{label} = {first} ... {last},"),
        };
        Ok(())
    }

    fn write_struct(&mut self, class: &'a StructClass, indent: usize) -> Written {
        self.out.push_str("struct {\n");
        self.write_members(&class.members, &[], indent + 1)?;
        self.indent(indent);
        self.out.push('}');
        if class.min_align_bits > 1 {
            let _ = write!(self.out, " align({})", class.min_align_bits);
        }
        Ok(())
    }

    fn write_variant(&mut self, class: &'a VariantClass, indent: usize) -> Written {
        let tag = self.resolve(&class.tag)?;
        let labels = self.labels_of(&class.tag);
        let _ = writeln!(self.out, "variant <{tag}> {{");
        self.scopes.push(Vec::new());
        for option in &class.options {
            self.indent(indent + 1);
            self.write_member(
                option,
                &option_name(&option.name, &labels),
                false,
                indent + 1,
            )?;
            self.out.push_str(";\n");
        }
        self.scopes.pop();
        self.indent(indent);
        self.out.push('}');
        Ok(())
    }

    /// How the metadata names the field at `path`, seen from here.
    fn resolve(&self, path: &[String]) -> Result<String, TsdlError> {
        match path {
            [name] => self.find(name).map(|field| field.written.clone()),
            _ => absolute(path),
        }
        .ok_or_else(|| TsdlError::Reference {
            path: path.join("."),
        })
    }

    fn find(&self, name: &str) -> Option<&Known<'a>> {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|field| field.name == name)
    }

    fn labels_of(&self, tag: &[String]) -> Vec<&'a str> {
        let field = tag
            .first()
            .filter(|_| tag.len() == 1)
            .and_then(|name| self.find(name));
        match field.map(|field| field.class) {
            Some(FieldClass::Enum(class)) => {
                class.mappings.iter().map(|m| m.label.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The tag of a variant whose tag is its sibling.
fn tag_of(member: &Member) -> Option<&str> {
    match &member.class {
        FieldClass::Variant(VariantClass { tag, .. }) if tag.len() == 1 => Some(&tag[0]),
        _ => None,
    }
}

/// A variant's option is called what its label is called; LTTng's labels have the `_` in them.
fn option_name(name: &str, labels: &[&str]) -> String {
    let escaped = format!("_{name}");
    let label = labels
        .iter()
        .find(|label| **label == name || **label == escaped);
    label.map_or_else(|| field_name(name), |label| plain_name(label))
}

/// A path from one of the trace's scopes: the scope's own words stay as they are.
fn absolute(path: &[String]) -> Option<String> {
    const SCOPES: [&[&str]; 6] = [
        &["trace", "packet", "header"],
        &["stream", "packet", "context"],
        &["stream", "event", "header"],
        &["stream", "event", "context"],
        &["event", "context"],
        &["event", "fields"],
    ];
    let scope = SCOPES
        .into_iter()
        .find(|scope| path.len() > scope.len() && path.iter().zip(*scope).all(|(a, b)| a == b));
    let words = scope.map_or(0, <[_]>::len);
    let fields = path[words..].iter().map(|name| field_name(name));
    let all: Vec<String> = path[..words].iter().cloned().chain(fields).collect();
    (!path.is_empty()).then(|| all.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_model::{ArrayClass, SequenceClass};

    #[track_caller]
    fn check_refused(class: FieldClass, expected: TsdlError) {
        let class = StructClass {
            min_align_bits: 1,
            members: vec![Member::new("x", class)],
        };
        assert_eq!(
            ClassWriter::members(&class, Naming::Field, 2),
            Err(expected)
        );
    }

    fn nested(depth: usize, wrap: &dyn Fn(FieldClass) -> FieldClass) -> FieldClass {
        (0..depth).fold(FieldClass::uint(8), |class, _| wrap(class))
    }

    fn structure(class: FieldClass) -> FieldClass {
        FieldClass::Struct(StructClass {
            min_align_bits: 1,
            members: vec![Member::new("x", class)],
        })
    }

    fn array(class: FieldClass) -> FieldClass {
        FieldClass::Array(ArrayClass {
            element: Box::new(class),
            length: 1,
        })
    }

    #[test]
    fn integers_that_the_format_lacks_are_refused() {
        check_refused(
            FieldClass::uint(0),
            TsdlError::Integer {
                size_bits: 0,
                align_bits: 8,
            },
        );
        check_refused(
            FieldClass::uint(65),
            TsdlError::Integer {
                size_bits: 65,
                align_bits: 8,
            },
        );
        let odd = FieldClass::Integer(IntegerClass::le(8, false).aligned(3));
        check_refused(
            odd,
            TsdlError::Integer {
                size_bits: 8,
                align_bits: 3,
            },
        );
    }

    #[test]
    fn labels_outside_their_integer_are_refused() {
        let (label, integer) = ("big".to_owned(), IntegerClass::le(8, true));
        for (first, last) in [(0, 128), (-129, 0), (2, 1)] {
            let mappings = vec![EnumMapping {
                label: label.clone(),
                first,
                last,
            }];
            let class = FieldClass::Enum(EnumClass {
                integer: integer.clone(),
                mappings,
            });
            check_refused(
                class,
                TsdlError::EnumRange {
                    label: label.clone(),
                    first,
                    last,
                },
            );
        }
    }

    #[test]
    fn a_length_or_tag_that_is_not_before_the_field_is_refused() {
        let reference = || TsdlError::Reference { path: "n".into() };
        let length = vec!["n".to_owned()];
        let element = Box::new(FieldClass::uint(8));
        check_refused(
            FieldClass::Sequence(SequenceClass {
                element,
                length: length.clone(),
            }),
            reference(),
        );
        check_refused(
            FieldClass::Variant(VariantClass {
                tag: length,
                options: vec![],
            }),
            reference(),
        );
    }

    #[test]
    fn classes_nest_as_deep_as_readers_can_bear_and_no_deeper() {
        for wrap in [structure, array] {
            let deep = StructClass {
                min_align_bits: 1,
                members: vec![Member::new("x", nested(30, &wrap))],
            };
            ClassWriter::members(&deep, Naming::Field, 0).unwrap();
            check_refused(nested(40, &wrap), TsdlError::TooDeep);
        }
    }

    #[test]
    fn a_length_in_another_scope_keeps_its_words() {
        let path = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let found = absolute(&path(&["stream", "event", "context", "len"]));
        assert_eq!(found.as_deref(), Some("stream.event.context._len"));
        assert_eq!(absolute(&path(&["a", "b"])).as_deref(), Some("_a._b"));
        assert_eq!(absolute(&[]), None);
    }
}
