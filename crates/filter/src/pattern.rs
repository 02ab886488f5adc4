//! A text with stars, compared with bytes.
//!
//! ```text
//!   "ab*cdefghijk*"     3 segments    | 2 | ab | 9 | cdefghij | k | 0 |
//!                                       length, then its bytes, eight a word
//! ```
//!
//! The first segment begins the text, the last one ends it, those between are looked for from left
//! to right: the leftmost place is always good enough. One segment is the whole text.
//!
//! Invariant: no comparison takes more steps than there is fuel; one that would has no answer.

use super::words::Words;

/// Eights of bytes that all text comparisons of one evaluation may look at: about a millisecond.
pub(crate) const FUEL: u32 = 1 << 20;

/// Bytes in code.
#[derive(Clone, Copy)]
struct Segment {
    /// Its first word.
    at: usize,
    len: usize,
}

/// A pattern in code, which begins at word `at`.
pub(crate) struct Pattern<'a, C: Words + ?Sized> {
    pub(crate) code: &'a C,
    pub(crate) at: usize,
    pub(crate) segments: u16,
    /// What is left of [`FUEL`].
    pub(crate) fuel: &'a mut u32,
}

impl<C: Words + ?Sized> Pattern<'_, C> {
    /// Whether the whole of `text` matches.
    pub(crate) fn matches(&mut self, text: &[u8]) -> Option<bool> {
        let first = self.next_segment()?;
        if self.segments == 1 {
            return self.are_equal(first, text);
        }
        let Some((begin, mut rest)) = text.split_at_checked(first.len) else {
            return Some(false);
        };
        if !self.are_equal(first, begin)? {
            return Some(false);
        }
        for _ in 2..self.segments {
            let middle = self.next_segment()?;
            let Some(behind) = self.find(middle, rest)? else {
                return Some(false);
            };
            rest = rest.get(behind..)?;
        }
        let last = self.next_segment()?;
        let Some(from) = rest.len().checked_sub(last.len) else {
            return Some(false);
        };
        self.are_equal(last, rest.get(from..)?)
    }

    fn next_segment(&mut self) -> Option<Segment> {
        // A text of ten thousand segments costs as much as they do.
        self.burn(1)?;
        let len = usize::try_from(self.code.word(self.at)?).ok()?;
        let at = self.at + 1;
        self.at = at.checked_add(len.div_ceil(8))?;
        Some(Segment { at, len })
    }

    /// Where the first occurrence of `segment` in `text` ends.
    fn find(&mut self, segment: Segment, text: &[u8]) -> Option<Option<usize>> {
        let Some(last) = text.len().checked_sub(segment.len) else {
            return Some(None);
        };
        if segment.len == 0 {
            return Some(Some(0));
        }
        let first = self.code.word(segment.at)? as u8;
        let mut from = 0;
        loop {
            let starts = text.get(from..=last)?;
            let Some(skipped) = starts.iter().position(|byte| *byte == first) else {
                self.burn(starts.len() / 8)?;
                return Some(None);
            };
            self.burn(skipped / 8)?;
            from += skipped;
            let to = from + segment.len;
            if self.are_equal(segment, text.get(from..to)?)? {
                return Some(Some(to));
            }
            from += 1;
        }
    }

    #[inline]
    fn burn(&mut self, eights: usize) -> Option<()> {
        let eights = u32::try_from(eights).ok()?;
        *self.fuel = self.fuel.checked_sub(eights)?;
        Some(())
    }

    fn are_equal(&mut self, segment: Segment, bytes: &[u8]) -> Option<bool> {
        if segment.len != bytes.len() {
            return Some(false);
        }
        self.burn(1)?;
        let (eights, rest) = bytes.as_chunks::<8>();
        let mut at = segment.at;
        for eight in eights {
            if self.code.word(at)? != u64::from_le_bytes(*eight) {
                return Some(false);
            }
            self.burn(1)?;
            at += 1;
        }
        if rest.is_empty() {
            return Some(true);
        }
        // Behind its last byte the linker fills the word with zeros.
        let last = rest.iter().rev();
        let last = last.fold(0, |word, &byte| word << 8 | u64::from(byte));
        Some(self.code.word(at)? == last)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn words(segments: &[&str]) -> Vec<u64> {
        let mut words = Vec::new();
        for segment in segments {
            words.push(segment.len() as u64);
            for eight in segment.as_bytes().chunks(8) {
                let mut bytes = [0; 8];
                bytes[..eight.len()].copy_from_slice(eight);
                words.push(u64::from_le_bytes(bytes));
            }
        }
        words
    }

    fn answer(segments: &[&str], text: &str, mut fuel: u32) -> Option<bool> {
        let words = words(segments);
        let mut pattern = Pattern {
            code: words.as_slice(),
            at: 0,
            segments: segments.len() as u16,
            fuel: &mut fuel,
        };
        pattern.matches(text.as_bytes())
    }

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let segments: Vec<&str> = pattern.split('*').collect();
        assert_eq!(answer(&segments, text, FUEL), Some(expected));
    }

    #[test]
    fn one_segment_is_the_whole_text() {
        check("", "", true);
        check("", "a", false);
        check("abcdefgh", "abcdefgh", true);
        check("abcdefgh", "abcdefgx", false);
        check("abcdefghi", "abcdefghi", true);
        check("abcdefghi", "abcdefghj", false);
        check("abc", "ab", false);
        check("ab", "abc", false);
    }

    #[test]
    fn a_star_stands_for_any_bytes() {
        check("*", "", true);
        check("*", "anything at all", true);
        check("ab*", "ab", true);
        check("ab*", "a", false);
        check("*ab", "abab", true);
        check("*ab", "aba", false);
        check("a*a", "a", false);
        check("a*a", "aa", true);
        check("a*bc*d", "a bbc bc d", true);
        check("a*bc*d", "a bb cc d", false);
        check("a**b", "ab", true);
        check("*needle in a haystack*", "the needle in a haystack!", true);
    }

    #[test]
    fn what_costs_too_much_has_no_answer() {
        let text = "a".repeat(1 << 16);
        let needle = std::format!("{}b", "a".repeat(1 << 12));
        assert_eq!(answer(&["", &needle, ""], &text, FUEL), None);
        assert_eq!(answer(&["", "b", ""], &text, FUEL), Some(false));
    }

    #[test]
    fn code_that_ends_too_early_has_no_answer() {
        let mut fuel = FUEL;
        let code = [100_u64, 0];
        let mut pattern = Pattern {
            code: code.as_slice(),
            at: 0,
            segments: 1,
            fuel: &mut fuel,
        };
        assert_eq!(pattern.matches(&[0; 100]), None);
    }
}
