//! A field and the type of its value in one number, so that shapes are compared as numbers are.
//!
//! ```text
//!   | index of the field: 13 bits | type: 3 |      indexes from 256 on are fields of ours
//! ```

use thalweg::dynamic::Kind;

/// Values of an event, those of ours included: what thalweg allows in one event.
pub(crate) const MAX_VALUES: usize = 64;
/// Fields of the program's.
pub(crate) const MAX_FIELDS: usize = 60;

/// A field and the type of its value.
pub(crate) type Code = u16;

const KINDS: [Kind; 6] = [
    Kind::U64,
    Kind::I64,
    Kind::F64,
    Kind::Bool,
    Kind::Bytes,
    Kind::Text,
];

/// Fields that the layer adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    Span = 256,
    Parent = 257,
    Follows = 258,
}

impl Extra {
    pub(crate) const fn code(self) -> Code {
        code(self as u16, Kind::U64)
    }

    /// The name of a field of ours by its index.
    pub(crate) fn name(index: u16) -> Option<&'static str> {
        let names = ["span_id", "parent_span_id", "follows_span_id"];
        let at = index.checked_sub(Self::Span as u16)?;
        names.get(usize::from(at)).copied()
    }
}

/// The code of a field; types that `tracing` does not have count as text.
#[inline]
pub(crate) const fn code(index: u16, kind: Kind) -> Code {
    let kind = match kind {
        Kind::U64 => 0,
        Kind::I64 => 1,
        Kind::F64 => 2,
        Kind::Bool => 3,
        Kind::Bytes => 4,
        _ => 5,
    };
    index << 3 | kind
}

/// The index and the type that a code stands for.
#[inline]
pub(crate) fn decoded(code: Code) -> (u16, Kind) {
    (code >> 3, KINDS[usize::from(code & 7).min(KINDS.len() - 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_the_field_and_its_type() {
        for kind in KINDS {
            for index in [0, 1, 59, Extra::Follows as u16] {
                assert_eq!(decoded(code(index, kind)), (index, kind));
            }
        }
    }

    #[test]
    fn fields_of_ours_have_names() {
        let name = |extra: Extra| Extra::name(extra as u16);
        assert_eq!(name(Extra::Span), Some("span_id"));
        assert_eq!(name(Extra::Parent), Some("parent_span_id"));
        assert_eq!(name(Extra::Follows), Some("follows_span_id"));
        assert_eq!((Extra::name(59), Extra::name(259)), (None, None));
    }
}
