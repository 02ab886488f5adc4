//! A field's type, in a word or two.

use std::fmt::Write;

use thalweg_model::{
    ByteOrder, DisplayBase, Encoding, EnumClass, FieldClass, FloatClass, IntegerClass, Member,
    StructClass,
};

/// More labels than this are not shown.
const MOST_LABELS: usize = 16;

/// Each field in a line of its own.
pub(super) fn fields(payload: &StructClass, indent: &str, out: &mut String) {
    for member in &payload.members {
        let _ = writeln!(out, "{indent}{}", declared(member));
    }
}

fn declared(member: &Member) -> String {
    format!("{} {}", class(&member.class), member.name)
}

fn class(class: &FieldClass) -> String {
    match class {
        FieldClass::Integer(class) => integer(class),
        FieldClass::Float(class) => float(class),
        FieldClass::Enum(class) => labels(class),
        FieldClass::String(_) => "string".to_owned(),
        FieldClass::Array(class) => list(&class.element, &class.length.to_string()),
        FieldClass::Sequence(class) => list(&class.element, &class.length.join(".")),
        FieldClass::Struct(class) => members("struct", &class.members),
        FieldClass::Variant(class) => {
            let tag = class.tag.join(".");
            members(&format!("variant <{tag}>"), &class.options)
        }
    }
}

fn integer(class: &IntegerClass) -> String {
    let sign = if class.signed { "i" } else { "u" };
    let base = match class.base {
        DisplayBase::Hexadecimal => " x",
        DisplayBase::Octal => " o",
        DisplayBase::Binary => " b",
        _ => "",
    };
    let order = match class.byte_order {
        ByteOrder::Big => " be",
        ByteOrder::Little => "",
    };
    format!("{sign}{}{base}{order}", class.size_bits)
}

fn float(class: &FloatClass) -> String {
    format!("f{}", class.exponent_bits + class.mantissa_bits)
}

fn labels(class: &EnumClass) -> String {
    let of = |first: i128, last: i128| match first == last {
        true => first.to_string(),
        false => format!("{first}..{last}"),
    };
    let shown = class.mappings.iter().take(MOST_LABELS);
    let mut shown: Vec<String> = shown
        .map(|mapping| format!("{} = {}", mapping.label, of(mapping.first, mapping.last)))
        .collect();
    if class.mappings.len() > MOST_LABELS {
        shown.push(format!("{} more", class.mappings.len() - MOST_LABELS));
    }
    format!(
        "enum {} {{ {} }}",
        integer(&class.integer),
        shown.join(", ")
    )
}

fn list(element: &FieldClass, length: &str) -> String {
    match element {
        FieldClass::Integer(class) if class.encoding != Encoding::None => format!("text[{length}]"),
        element => format!("{}[{length}]", self::class(element)),
    }
}

fn members(kind: &str, members: &[Member]) -> String {
    let mut out = format!("{kind} {{");
    for member in members {
        let _ = write!(out, " {};", declared(member));
    }
    out.push_str(" }");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_model::{EnumMapping, SequenceClass};

    #[track_caller]
    fn check(of: &FieldClass, expected: &str) {
        assert_eq!(class(of), expected);
    }

    #[test]
    fn a_type_is_told_in_a_word() {
        check(&FieldClass::int(32), "i32");
        check(&FieldClass::hex(64), "u64 x");
        check(&FieldClass::string(), "string");
        check(&FieldClass::text_array(16), "text[16]");
        let sequence = SequenceClass {
            element: Box::new(FieldClass::uint(8)),
            length: vec!["_a_length".to_owned()],
        };
        check(&FieldClass::Sequence(sequence), "u8[_a_length]");
        let mappings = (0..20).map(|number| EnumMapping {
            label: format!("L{number}"),
            first: number,
            last: number + i128::from(number == 1),
        });
        let many = EnumClass {
            integer: IntegerClass::le(8, false),
            mappings: mappings.collect(),
        };
        let told = class(&FieldClass::Enum(many));
        assert!(
            told.starts_with("enum u8 { L0 = 0, L1 = 1..2, L2 = 2,"),
            "{told}"
        );
        assert!(told.ends_with(", 4 more }"), "{told}");
    }
}
