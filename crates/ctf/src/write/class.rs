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
    ByteOrder, Encoding, EnumClass, EnumMapping, FieldClass, FloatClass, IntegerClass, Member,
    StringClass, StructClass, VariantClass,
};

use super::name::{Names, field_name, plain_name, quoted};

/// Classes within classes beyond this are refused: readers recurse.
const MAX_DEPTH: usize = 32;

/// A class that the metadata cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TsdlError {
    #[error("integer of {size_bits} bits aligned to {align_bits} is not one of CTF's")]
    Integer { size_bits: u32, align_bits: u32 },
    #[error("label {label:?} of {first} to {last} does not fit its integer")]
    EnumRange {
        label: String,
        first: i128,
        last: i128,
    },
    #[error("no field before it is called {path:?}")]
    Reference { path: String },
    #[error("classes lie more than {MAX_DEPTH} deep in each other")]
    TooDeep,
    #[error("packet context field {name:?} has no fixed length in whole bytes")]
    PacketContext { name: String },
}

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
            FieldClass::Float(class) => self.write_float(class),
            FieldClass::Enum(class) => self.write_enum(class, is_tag, indent),
            FieldClass::String(class) => self.write_string(class),
            FieldClass::Struct(class) => self.write_struct(class, indent),
            FieldClass::Variant(class) => self.write_variant(class, indent),
            FieldClass::Array(_) | FieldClass::Sequence(_) => unreachable!("a dimension by now"),
        }
    }

    fn write_integer(&mut self, class: &IntegerClass) -> Written {
        let text = integer_text(class)?;
        match alias(class) {
            Some(alias) if self.naming == Naming::Plain => self.out.push_str(alias),
            _ => self.out.push_str(&text),
        }
        Ok(())
    }

    fn write_float(&mut self, class: &FloatClass) -> Written {
        let FloatClass {
            exponent_bits,
            mantissa_bits,
            align_bits,
            byte_order,
        } = class;
        let order = order_text(*byte_order);
        let _ = write!(
            self.out,
            "floating_point {{ exp_dig = {exponent_bits}; mant_dig = {mantissa_bits}; align = {align_bits};{order} }}"
        );
        Ok(())
    }

    fn write_string(&mut self, class: &StringClass) -> Written {
        self.out.push_str(match class.encoding {
            Encoding::Ascii => "string { encoding = ASCII; }",
            Encoding::Utf8 | Encoding::None => "string",
        });
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

/// The alias that the metadata defines for this very class.
fn alias(class: &IntegerClass) -> Option<&'static str> {
    let plain = *class == IntegerClass::le(class.size_bits, false);
    match class.size_bits {
        8 if plain => Some("uint8_t"),
        16 if plain => Some("uint16_t"),
        32 if plain => Some("uint32_t"),
        64 if plain => Some("uint64_t"),
        _ => None,
    }
}

fn integer_text(class: &IntegerClass) -> Result<String, TsdlError> {
    let IntegerClass {
        size_bits,
        align_bits,
        signed,
        byte_order,
        base,
        encoding,
        clock,
    } = class;
    if !(1..=64).contains(size_bits) || !align_bits.is_power_of_two() {
        return Err(TsdlError::Integer {
            size_bits: *size_bits,
            align_bits: *align_bits,
        });
    }
    let (signed, base) = (u8::from(*signed), *base as u8);
    let encoding = match encoding {
        Encoding::None => "none",
        Encoding::Utf8 => "UTF8",
        Encoding::Ascii => "ASCII",
    };
    let order = order_text(*byte_order);
    let map = clock
        .as_ref()
        .map(|c| format!(" map = clock.{}.value;", plain_name(c)))
        .unwrap_or_default();
    Ok(format!(
        "integer {{ size = {size_bits}; align = {align_bits}; signed = {signed}; encoding = {encoding}; base = {base};{order}{map} }}"
    ))
}

/// Little-endian is what the trace declares, and goes without saying.
fn order_text(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "",
        ByteOrder::Big => " byte_order = be;",
    }
}

fn integer_range(class: &IntegerClass) -> (i128, i128) {
    match class.signed {
        true => (
            -(1 << (class.size_bits - 1)),
            (1 << (class.size_bits - 1)) - 1,
        ),
        false => (0, (1 << class.size_bits) - 1),
    }
}

/// Bytes of a packet-context field; `None` if its length is not fixed or not in whole bytes.
pub(super) fn fixed_len(class: &FieldClass) -> Option<usize> {
    match class {
        FieldClass::Integer(class) => whole_bytes(class.size_bits, class.align_bits),
        FieldClass::Float(class) => {
            whole_bytes(class.exponent_bits + class.mantissa_bits, class.align_bits)
        }
        FieldClass::Array(class) => {
            fixed_len(&class.element)?.checked_mul(usize::try_from(class.length).ok()?)
        }
        _ => None,
    }
}

fn whole_bytes(size_bits: u32, align_bits: u32) -> Option<usize> {
    (size_bits.is_multiple_of(8) && align_bits <= 8).then_some(size_bits as usize / 8)
}
