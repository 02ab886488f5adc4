//! The most bytes of a text, so that an event with a long one is recorded.
//!
//! ```text
//!   fields as they are ── fit a record ──▶ no limit: one comparison that is known when compiling
//!                      └─ do not ──▶ the largest limit with which they fit; every text longer
//!                                    than that is cut there, between two characters
//! ```

use super::fields::Fields;
use thalweg_abi::record::MAX_PAYLOAD;

/// The most bytes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// Texts stay as they are.
    pub const NONE: Self = Self(usize::MAX);

    /// The lower one of this limit and another.
    #[inline(always)]
    #[must_use]
    pub fn at_most(self, bytes: usize) -> Self {
        Self(self.0.min(bytes))
    }

    /// The largest limit with which the fields fit the largest record.
    ///
    /// None is needed for most events. Where lists alone are too large none helps, and the event
    /// will be refused.
    pub(crate) fn fitting(fields: &impl Fields) -> Self {
        if fields.encoded_len(Self::NONE) <= MAX_PAYLOAD {
            return Self::NONE;
        }
        let (mut fits, mut too_much) = (0, MAX_PAYLOAD + 1);
        while too_much - fits > 1 {
            let middle = usize::midpoint(fits, too_much);
            if fields.encoded_len(Self(middle)) <= MAX_PAYLOAD {
                fits = middle;
            } else {
                too_much = middle;
            }
        }
        Self(fits)
    }

    /// As much of a text as the limit lets through, cut between two characters.
    #[inline(always)]
    pub(crate) fn cut(self, text: &[u8]) -> &[u8] {
        if text.len() <= self.0 {
            text
        } else {
            &text[..boundary(text, self.0)]
        }
    }
}

/// The end of the last whole character before `at`. A character has at most three bytes behind its
/// first; where there are more such bytes the text is not UTF-8, and any cut is as good.
fn boundary(text: &[u8], at: usize) -> usize {
    let begins = |at: &usize| text[*at] & 0xc0 != 0x80;
    (at.saturating_sub(3)..=at).rev().find(begins).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Nothing;

    #[test]
    fn a_text_is_cut_between_two_characters() {
        let text = "aß世🦀z".as_bytes();
        let cuts: Vec<usize> = (0..=11).map(|at| Limit(at).cut(text).len()).collect();
        assert_eq!(cuts, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11]);
    }

    #[test]
    fn bytes_that_are_no_text_are_cut_anywhere() {
        assert_eq!(Limit(5).cut(&[0x80; 9]), [0x80; 5]);
        assert_eq!(Limit(1).cut(&[0x80; 2]), [0x80; 1]);
    }

    #[test]
    fn a_limit_uses_the_record_up_and_keeps_short_texts_whole() {
        let (long, short) = ("ß".repeat(MAX_PAYLOAD), "short");
        let fields = Nothing.written(short).written(&*long).written(7_u32);
        let limit = Limit::fitting(&fields);
        // A NUL behind each text, and the number; what is left is less than a character.
        let len = fields.encoded_len(limit);
        assert!((MAX_PAYLOAD - 1..=MAX_PAYLOAD).contains(&len), "{len}");
        assert_eq!(limit.cut(short.as_bytes()), short.as_bytes());
        assert_eq!(Limit::fitting(&Nothing.written(short)), Limit::NONE);
    }

    #[test]
    fn lists_that_are_too_large_stay_so() {
        let list = vec![0_u8; MAX_PAYLOAD];
        let fields = Nothing.written(&*list).written("text");
        let limit = Limit::fitting(&fields);
        assert_eq!(limit, Limit(0));
        assert!(fields.encoded_len(limit) > MAX_PAYLOAD);
    }
}
