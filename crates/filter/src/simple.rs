//! The filter that most people write: one integer field compared with one number.
//!
//! ```text
//!   size > 4096    | head: SIMPLE, >, field 2 | 4096 |
//! ```

use super::code::head;
use super::operator::Comparison;
use super::words::Words;

/// A filter that is one comparison, so that a call site can test it in a few instructions.
///
/// A call site takes it when its field is an integer; [`evaluate`](crate::evaluate()) does the
/// same for every class of field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simple {
    /// Index of the field.
    pub field: u16,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub constant: i64,
}

impl Simple {
    /// What linked code says, if it is simple.
    #[inline]
    pub fn of<C: Words + ?Sized>(code: &C) -> Option<Self> {
        let (form, comparison, field) = head::parts(code.word(0)?)?;
        if form != head::SIMPLE {
            return None;
        }
        Some(Self {
            field,
            comparison: *Comparison::ALL.get(usize::from(comparison))?,
            constant: code.word(1)? as i64,
        })
    }

    /// Whether the filter passes an event whose field has this value; an unsigned one as its bits.
    #[inline]
    pub const fn holds(self, value: i64) -> bool {
        self.comparison.holds_for_integers(value, self.constant)
    }

    pub(crate) const fn words(self) -> [u64; 2] {
        let comparison = self.comparison as u8;
        let first = head::word(head::SIMPLE, comparison, self.field);
        [first, self.constant as u64]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_simple_filter_is_read_back_from_its_words() {
        for comparison in Comparison::ALL {
            let simple = Simple {
                field: 0xfffe,
                comparison,
                constant: -7,
            };
            assert_eq!(Simple::of(&simple.words()[..]), Some(simple));
        }
        assert_eq!(Simple::of(&[head::word(head::SIMPLE, 6, 0), 0][..]), None);
        assert_eq!(Simple::of(&[head::word(head::SIMPLE, 0, 0)][..]), None);
        assert_eq!(Simple::of(&[head::word(head::GENERAL, 0, 0), 0][..]), None);
        assert_eq!(Simple::of(&[0_u64, 0][..]), None);
    }
}
