//! Structures and variants of the listing.
//!
//! ```text
//!   enum : u8 { "_unknown" = 0, "_ipv4" = 1, } _kind;
//!   variant <_kind> { struct { } _unknown; struct { u4be _version; u4be _ihl; … } _ipv4; } _header;
//!   struct { } align(8) _saddr_padding; u8be _saddr[4];
//! ```

use thalweg_model::{ArrayClass, FieldClass, Member, StructClass, VariantClass};

use super::listing::{enumeration, integer, members};

/// A declaration of the listing as a member.
pub(super) fn member(text: &'static str) -> Option<Member> {
    named(text, |name| name.strip_prefix('_'))
}

fn named(
    text: &'static str,
    rename: impl Fn(&'static str) -> Option<&'static str>,
) -> Option<Member> {
    let (declared, count) = match text
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['))
    {
        Some((declared, count)) => (declared, Some(count.trim().parse().ok()?)),
        None => (text, None),
    };
    let (class, name) = declared.rsplit_once(' ')?;
    let class = class_of(class.trim())?;
    let class = match count {
        Some(length) => FieldClass::Array(ArrayClass {
            element: Box::new(class),
            length,
        }),
        None => class,
    };
    Some(Member::new(rename(name)?, class))
}

fn class_of(text: &'static str) -> Option<FieldClass> {
    if let Some(rest) = text.strip_prefix("struct") {
        let (inside, behind) = inside(rest)?;
        let align = behind
            .strip_prefix("align(")
            .and_then(|text| text.strip_suffix(')'));
        return Some(FieldClass::Struct(StructClass {
            min_align_bits: align.map_or(Some(0), |text| text.parse().ok())?,
            members: members(inside).map(member).collect::<Option<_>>()?,
        }));
    }
    if let Some(rest) = text.strip_prefix("variant <_") {
        let (tag, rest) = rest.split_once('>')?;
        // An option is called what its label is called.
        let options = members(inside(rest)?.0).map(|text| named(text, Some));
        return Some(FieldClass::Variant(VariantClass {
            tag: vec![tag.to_owned()],
            options: options.collect::<Option<_>>()?,
        }));
    }
    if let Some(rest) = text.strip_prefix("enum") {
        return enumeration(rest).map(FieldClass::Enum);
    }
    let class = integer(text)?;
    let is_whole = class.size_bits.is_multiple_of(8);
    Some(FieldClass::Integer(match is_whole {
        true => class,
        false => class.aligned(1),
    }))
}

/// What the outer braces hold, and what is behind them.
fn inside(text: &'static str) -> Option<(&'static str, &'static str)> {
    let (_, text) = text.split_once('{')?;
    let (inside, behind) = text.rsplit_once('}')?;
    Some((inside, behind.trim()))
}
