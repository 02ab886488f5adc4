//! LTTng's listing as text, and classes written back in its notation.

use std::collections::BTreeMap;

use thalweg_model::{
    ByteOrder, DisplayBase, Encoding, EnumClass, FieldClass, IntegerClass, Member, StructClass,
    VariantClass,
};

const LISTING: &str = include_str!("../../src/lttng/listing.txt");

pub(crate) fn listing() -> BTreeMap<&'static str, Vec<String>> {
    LISTING
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(n, b)| (n, split(b)))
        .collect()
}

/// The declarations between the outer braces.
fn split(body: &str) -> Vec<String> {
    let inside = body
        .trim()
        .trim_start_matches('{')
        .strip_suffix('}')
        .expect(body);
    let (mut fields, mut depth, mut field) = (Vec::new(), 0, String::new());
    for c in inside.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ';' if depth == 0 => fields.push(std::mem::take(&mut field).trim().to_owned()),
            c => field.push(c),
        }
    }
    fields
}

fn integer(class: &IntegerClass) -> String {
    let base = match class.base {
        DisplayBase::Hexadecimal => "x",
        DisplayBase::Octal => "o",
        DisplayBase::Binary => "b",
        DisplayBase::Decimal => "",
    };
    let order = if class.byte_order == ByteOrder::Big {
        "be"
    } else {
        ""
    };
    let text = if class.encoding == Encoding::Utf8 {
        "(UTF8)"
    } else {
        ""
    };
    let sign = if class.signed { 'i' } else { 'u' };
    format!("{sign}{}{base}{order}{text}", class.size_bits)
}

fn structure(class: &StructClass) -> String {
    let members = class.members.iter().map(|member| written(member) + "; ");
    let align = match class.min_align_bits {
        0 | 1 => String::new(),
        bits => format!(" align({bits})"),
    };
    format!("struct {{ {}}}{align}", members.collect::<String>())
}

fn enumeration(class: &EnumClass) -> String {
    let labels = class.mappings.iter().map(|m| match m.first == m.last {
        true => format!("\"{}\" = {}, ", m.label, m.first),
        false => format!("\"{}\" = {} ... {}, ", m.label, m.first, m.last),
    });
    let labels: String = labels.collect();
    format!("enum : {} {{ {labels}}}", integer(&class.integer))
}

fn variant(class: &VariantClass) -> String {
    let options = class.options.iter().map(|option| match &option.class {
        FieldClass::Struct(of) => format!("{} {}; ", structure(of), option.name),
        other => panic!("{other:?}"),
    });
    let options: String = options.collect();
    format!("variant <_{}> {{ {options}}}", class.tag[0])
}

fn written(member: &Member) -> String {
    let name = &member.name;
    match &member.class {
        FieldClass::Struct(class) => format!("{} _{name}", structure(class)),
        FieldClass::Variant(class) => format!("{} _{name}", variant(class)),
        FieldClass::Integer(class) => format!("{} _{name}", integer(class)),
        FieldClass::String(_) => format!("string _{name}"),
        FieldClass::Enum(class) => format!("{} _{name}", enumeration(class)),
        FieldClass::Array(class) => match &*class.element {
            FieldClass::Integer(e) => format!("{} _{name}[{}]", integer(e), class.length),
            other => panic!("{other:?}"),
        },
        FieldClass::Sequence(class) => match &*class.element {
            FieldClass::Integer(e) => format!("{} _{name}[ _{} ]", integer(e), class.length[0]),
            FieldClass::String(_) => format!("string _{name}[ _{} ]", class.length[0]),
            FieldClass::Struct(e) => format!("{} _{name}[ _{} ]", structure(e), class.length[0]),
            FieldClass::Enum(e) => format!("{} _{name}[ _{} ]", enumeration(e), class.length[0]),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The fields in the listing's notation.
pub(crate) fn fields(payload: &StructClass) -> Vec<String> {
    payload.members.iter().map(written).collect()
}

/// `event: -listed field` (LTTng has it, we do not) and `event: +our field`.
pub(crate) fn differences(payload: &StructClass, listed: &[String]) -> Vec<String> {
    let ours = fields(payload);
    let missing = listed
        .iter()
        .filter(|f| !ours.contains(f))
        .map(|f| format!("-{f}"));
    let more = ours
        .iter()
        .filter(|f| !listed.contains(f))
        .map(|f| format!("+{f}"));
    let mut all: Vec<String> = missing.chain(more).collect();
    let common = |of: &[String], other: &[String]| -> Vec<String> {
        of.iter().filter(|f| other.contains(f)).cloned().collect()
    };
    if common(&ours, listed) != common(listed, &ours) {
        all.push("order".to_owned());
    }
    all
}
