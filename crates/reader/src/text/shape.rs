//! What a class looks like in text: everything that does not depend on the value, made once.

use std::collections::HashSet;

use thalweg_model::{EnumClass, FieldClass, IntegerClass, Member, StructClass, Value, Values};

use super::number::{self, Fixed, Form};
use super::quote::quoted;

/// How the values of a class are shown.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Integer(Form),
    Enum {
        form: Form,
        labels: Vec<Label>,
    },
    /// Floats and text need nothing but their value.
    Plain,
    /// With or without the index of each element.
    List(Box<Shape>, bool),
    Struct(Vec<Field>),
    Variant(Vec<Shape>),
    /// Not shown: it only shows the clock, or is for readers.
    Hidden,
}

/// A quoted label and the numbers that it stands for.
#[derive(Clone, Debug)]
pub(super) struct Label {
    text: Vec<u8>,
    ranges: Vec<(i128, i128)>,
}

/// A member that is shown: what stands before its value, separator included, and how that is shown.
/// Hidden members before it are stepped over.
#[derive(Clone, Debug)]
pub(super) struct Field {
    hidden_before: usize,
    key: Fixed,
    shape: Shape,
}

/// Makes shapes.
#[derive(Debug, Default)]
pub(super) struct Shaper<'c> {
    /// Names of fields that are lengths or tags: they are shown even if they show the clock.
    needed: HashSet<&'c str>,
    /// Names of fields that are for readers only.
    special: &'static [&'static str],
    /// Whether members have their names, and elements their indexes.
    named: bool,
}

impl<'c> Shaper<'c> {
    /// A shaper for structures that use each other's fields as lengths and tags.
    pub(super) fn new(
        roots: impl IntoIterator<Item = &'c StructClass>,
        special: &'static [&'static str],
    ) -> Self {
        let mut needed = HashSet::new();
        for member in roots.into_iter().flat_map(|root| &root.members) {
            collect_needed(&member.class, &mut needed);
        }
        Self {
            needed,
            special,
            named: true,
        }
    }

    /// With or without the names of members.
    pub(super) fn naming(mut self, named: bool) -> Self {
        self.named = named;
        self
    }

    /// The shape of a whole structure; hidden if all its members are.
    pub(super) fn structure(&self, class: &StructClass) -> Shape {
        let mut separator = "{ ";
        let mut hidden_before = 0;
        let mut fields = Vec::with_capacity(class.members.len());
        for member in &class.members {
            let shape = self.member(member);
            if matches!(shape, Shape::Hidden) {
                hidden_before += 1;
                continue;
            }
            let key = if self.named {
                Fixed::new(format!("{separator}{} = ", member.name).as_bytes())
            } else {
                Fixed::new(separator.as_bytes())
            };
            fields.push(Field {
                hidden_before: std::mem::take(&mut hidden_before),
                key,
                shape,
            });
            separator = ", ";
        }
        if fields.is_empty() && !class.members.is_empty() {
            Shape::Hidden
        } else {
            Shape::Struct(fields)
        }
    }

    fn member(&self, member: &Member) -> Shape {
        let is_special = self.special.contains(&member.name.as_str());
        let is_integer = matches!(member.class, FieldClass::Integer(_) | FieldClass::Enum(_));
        let needed = self.needed.contains(member.name.as_str());
        let hidden = is_integer && !needed && (is_special || shows_clock(&member.class));
        if hidden {
            Shape::Hidden
        } else {
            self.shape(&member.class)
        }
    }

    fn shape(&self, class: &FieldClass) -> Shape {
        match class {
            FieldClass::Integer(class) => Shape::Integer(form(class)),
            FieldClass::Enum(class) => Shape::Enum {
                form: form(&class.integer),
                labels: labels(class),
            },
            FieldClass::Float(_) | FieldClass::String(_) => Shape::Plain,
            FieldClass::Array(class) => self.list(&class.element),
            FieldClass::Sequence(class) => self.list(&class.element),
            FieldClass::Struct(class) => self.structure(class),
            FieldClass::Variant(class) => Shape::Variant(
                class
                    .options
                    .iter()
                    .map(|option| self.shape(&option.class))
                    .collect(),
            ),
        }
    }

    fn list(&self, element: &FieldClass) -> Shape {
        match self.shape(element) {
            Shape::Hidden => Shape::Hidden,
            shape => Shape::List(Box::new(shape), self.named),
        }
    }
}

fn collect_needed<'c>(class: &'c FieldClass, needed: &mut HashSet<&'c str>) {
    match class {
        FieldClass::Array(class) => collect_needed(&class.element, needed),
        FieldClass::Sequence(class) => {
            needed.extend(class.length.last().map(String::as_str));
            collect_needed(&class.element, needed);
        }
        FieldClass::Struct(class) => class
            .members
            .iter()
            .for_each(|m| collect_needed(&m.class, needed)),
        FieldClass::Variant(class) => {
            needed.extend(class.tag.last().map(String::as_str));
            class
                .options
                .iter()
                .for_each(|m| collect_needed(&m.class, needed));
        }
        _ => {}
    }
}

fn shows_clock(class: &FieldClass) -> bool {
    match class {
        FieldClass::Integer(class) => class.clock.is_some(),
        FieldClass::Enum(class) => class.integer.clock.is_some(),
        _ => false,
    }
}

fn form(class: &IntegerClass) -> Form {
    Form {
        base: class.base,
        size_bits: class.size_bits,
    }
}

/// Labels in the order of their first declaration, each with all its ranges.
fn labels(class: &EnumClass) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for mapping in &class.mappings {
        let at = *known.entry(mapping.label.as_str()).or_insert_with(|| {
            let mut text = Vec::new();
            quoted(&mut text, mapping.label.as_bytes());
            labels.push(Label {
                text,
                ranges: Vec::new(),
            });
            labels.len() - 1
        });
        labels[at].ranges.push((mapping.first, mapping.last));
    }
    labels
}

impl Shape {
    /// Writes a value of this shape. A value that does not have it is shown as it is.
    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>, value: Value<'_>) {
        match (self, value) {
            (Self::Integer(form), Value::Unsigned(number)) => form.write(out, number, false),
            (Self::Integer(form), Value::Signed(number)) => {
                form.write(out, number as u64, number < 0);
            }
            (Self::Struct(fields), Value::Struct(members)) => write_struct(out, fields, members),
            (_, Value::Text(text)) => quoted(out, text),
            _ => self.write_other(out, value),
        }
    }

    fn write_other(&self, out: &mut Vec<u8>, value: Value<'_>) {
        match (self, value) {
            (Self::Enum { form, labels }, value) => write_enum(out, *form, labels, value),
            (Self::List(shape, named), Value::List(elements)) => {
                write_list(out, shape, elements, *named);
            }
            (Self::Variant(options), Value::Variant(index, chosen)) => {
                out.extend_from_slice(b"{ ");
                if let Some(value) = chosen.get(0) {
                    options.get(index).unwrap_or(&Self::Plain).write(out, value);
                }
                out.extend_from_slice(b" }");
            }
            (_, Value::F32(number)) => number::float(out, f64::from(number)),
            (_, Value::F64(number)) => number::float(out, number),
            (_, Value::Unsigned(number)) => number::unsigned(out, number),
            (_, Value::Signed(number)) => number::signed(out, number),
            (_, Value::Text(text)) => quoted(out, text),
            (_, Value::List(elements)) => write_list(out, &Self::Plain, elements, true),
            (_, Value::Struct(_)) => out.extend_from_slice(b"{ }"),
            (_, Value::Variant(_, chosen)) => {
                chosen.iter().for_each(|value| self.write(out, value));
            }
        }
    }
}

fn write_struct(out: &mut Vec<u8>, fields: &[Field], members: Values<'_>) {
    let mut members = members.iter();
    if fields.is_empty() {
        out.push(b'{');
    }
    for field in fields {
        for _ in 0..field.hidden_before {
            members.next();
        }
        let Some(member) = members.next() else { break };
        field.key.write(out);
        field.shape.write(out, member);
    }
    out.extend_from_slice(b" }");
}

fn write_list(out: &mut Vec<u8>, shape: &Shape, elements: Values<'_>, named: bool) {
    out.push(b'[');
    let mut separator: &[u8] = b" ";
    for (index, element) in elements.iter().enumerate() {
        out.extend_from_slice(separator);
        if named {
            out.push(b'[');
            number::unsigned(out, index as u64);
            out.extend_from_slice(b"] = ");
        }
        shape.write(out, element);
        separator = b", ";
    }
    out.extend_from_slice(b" ]");
}

fn write_enum(out: &mut Vec<u8>, form: Form, labels: &[Label], value: Value<'_>) {
    let (raw, number) = match value {
        Value::Unsigned(number) => (number, i128::from(number)),
        Value::Signed(number) => (number as u64, i128::from(number)),
        other => return Shape::Plain.write(out, other),
    };
    out.extend_from_slice(b"( ");
    let begin = out.len();
    let matches = |label: &&Label| {
        label
            .ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&number))
    };
    for label in labels.iter().filter(matches) {
        if out.len() > begin {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&label.text);
    }
    if out.len() == begin {
        out.extend_from_slice(b"<unknown>");
    }
    out.extend_from_slice(b" : container = ");
    form.write(out, raw, number < 0);
    out.extend_from_slice(b" )");
}
