//! LTTng's events and fields, as `listing.txt` writes them.
//!
//! ```text
//! irq_handler_entry: { i32 _irq; string _name; }
//!                      │    │
//!                      │    the name, behind the underscore that CTF 1.8's text puts there
//!                      i/u, bits; x, o, b: base; be: big-endian; (UTF8): text
//! ```
//!
//! Invariant: the listing is part of this program, so a line that does not parse is a defect; the
//! tests parse every one.

use std::collections::HashMap;
use std::sync::OnceLock;

use thalweg_model::{ByteOrder, DisplayBase, EnumClass, EnumMapping, FieldClass, IntegerClass};

static TEXT: &str = include_str!("listing.txt");

/// One field of LTTng's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) name: &'static str,
    pub(crate) class: ListedClass,
}

/// Its class, as far as a kernel field can fill it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ListedClass {
    Integer(IntegerClass),
    Enum(EnumClass),
    String,
    /// Text in a fixed room.
    Text(u64),
    Array(IntegerClass, u64),
    /// Elements behind a length field of this name.
    Sequence(IntegerClass, &'static str),
    /// Structures and variants, as they are declared: what LTTng reads from packets, sets and user memory.
    Nested(&'static str),
}

/// The fields of LTTng's event with this name.
pub(crate) fn fields(name: &str) -> Option<Vec<Listed>> {
    static INDEX: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let index = INDEX.get_or_init(|| TEXT.lines().filter_map(|l| l.split_once(": ")).collect());
    index.get(name).map(|body| parse(body).unwrap_or_default())
}

fn parse(body: &'static str) -> Option<Vec<Listed>> {
    let inside = body.trim().strip_prefix('{')?.strip_suffix('}')?;
    members(inside).map(listed).collect()
}

/// The declarations of a structure's inside, split at the semicolons that no brace encloses.
pub(super) fn members(inside: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0_i32;
    inside
        .split(move |c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ';' && depth == 0
        })
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn listed(text: &'static str) -> Option<Listed> {
    let (declared, suffix) = match text.strip_suffix(']').and_then(|t| t.rsplit_once('[')) {
        Some((declared, count)) => (declared.trim(), Some(count.trim())),
        None => (text, None),
    };
    let (class, name) = declared.rsplit_once(' ')?;
    let name = name.strip_prefix('_')?;
    let class = match class.starts_with("struct") || class.starts_with("variant") {
        true => ListedClass::Nested(text),
        false => class_of(class.trim(), suffix)?,
    };
    Some(Listed { name, class })
}

fn class_of(text: &'static str, suffix: Option<&'static str>) -> Option<ListedClass> {
    if let Some(rest) = text.strip_prefix("enum") {
        return enumeration(rest).map(ListedClass::Enum);
    }
    if text == "string" {
        return Some(ListedClass::String);
    }
    let integer = integer(text)?;
    let is_text = FieldClass::Integer(integer.clone())
        == FieldClass::Integer(IntegerClass::le(8, true).text());
    match suffix.map(|count| (count, count.parse::<u64>())) {
        None => Some(ListedClass::Integer(integer)),
        Some((_, Ok(count))) if is_text => Some(ListedClass::Text(count)),
        Some((_, Ok(count))) => Some(ListedClass::Array(integer, count)),
        Some((length, Err(_))) => Some(ListedClass::Sequence(integer, length.strip_prefix('_')?)),
    }
}

/// `i32`, `u64x`, `u16xbe`, `i8(UTF8)`
pub(super) fn integer(text: &str) -> Option<IntegerClass> {
    let signed = match text.as_bytes().first()? {
        b'i' => true,
        b'u' => false,
        _ => return None,
    };
    let digits = text[1..]
        .find(|c: char| !c.is_ascii_digit())
        .map_or(text.len(), |at| at + 1);
    let mut class = IntegerClass::le(text[1..digits].parse().ok()?, signed);
    let mut rest = &text[digits..];
    for (mark, base) in [
        ('x', DisplayBase::Hexadecimal),
        ('o', DisplayBase::Octal),
        ('b', DisplayBase::Binary),
    ] {
        // `be` is a byte order, not base two.
        if rest.starts_with(mark) && !rest.starts_with("be") {
            class.base = base;
            rest = &rest[1..];
        }
    }
    match rest {
        "" => Some(class),
        "be" => {
            class.byte_order = ByteOrder::Big;
            Some(class)
        }
        "(UTF8)" => Some(class.text()),
        _ => None,
    }
}

/// ` : u8 { "HI" = 0, "X" = 2 ... 5, }`
pub(super) fn enumeration(text: &'static str) -> Option<EnumClass> {
    let (base, rest) = text.trim().strip_prefix(':')?.split_once('{')?;
    let labels = rest.trim().strip_suffix('}')?;
    let mappings = labels
        .split(',')
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .map(mapping)
        .collect::<Option<Vec<_>>>()?;
    Some(EnumClass {
        integer: integer(base.trim())?,
        mappings,
    })
}

fn mapping(text: &str) -> Option<EnumMapping> {
    let (label, numbers) = text.split_once('=')?;
    let label = label
        .trim()
        .strip_prefix('"')?
        .strip_suffix('"')?
        .to_owned();
    let (first, last) = match numbers.split_once("...") {
        Some((first, last)) => (first.trim().parse().ok()?, last.trim().parse().ok()?),
        None => {
            let only = numbers.trim().parse().ok()?;
            (only, only)
        }
    };
    Some(EnumMapping { label, first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_listing_parses() {
        for line in TEXT.lines() {
            let (name, body) = line.split_once(": ").expect(line);
            let fields = parse(body).unwrap_or_else(|| panic!("{name} does not parse"));
            assert_eq!(fields.is_empty(), body == "{ }", "{line}");
        }
    }

    #[test]
    fn types_are_read_as_they_are_written() {
        let fields = fields("skb_kfree").unwrap();
        let names: Vec<_> = fields.iter().map(|f| f.name).collect();
        assert_eq!(names, ["skbaddr", "location", "protocol", "reason"]);
        let ListedClass::Integer(protocol) = &fields[2].class else {
            panic!("{fields:?}")
        };
        assert_eq!(
            (protocol.size_bits, protocol.byte_order),
            (16, ByteOrder::Big)
        );
        let ListedClass::Enum(reason) = &fields[3].class else {
            panic!("{fields:?}")
        };
        assert_eq!(
            (reason.mappings[1].label.as_str(), reason.mappings[1].first),
            ("NO_SOCKET", 2)
        );
    }
}
