//! Texts of one event, on the stack: bounded, never allocated.
//!
//! ```text
//!   | first text | second | third …          |
//!                                         4 KiB in all; what is cut ends with `…`
//! ```

use arrayvec::ArrayString;
use core::fmt::{self, Write};

/// All texts of an event together.
const CAPACITY: usize = 4096;
const CUT: &str = "…";

/// The texts of one event, one behind the other.
pub(crate) struct Texts {
    all: ArrayString<CAPACITY>,
    is_full: bool,
}

impl Texts {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            all: ArrayString::new(),
            is_full: false,
        }
    }

    /// Formats one more text, and says from where to where it is.
    pub(crate) fn format(&mut self, text: fmt::Arguments<'_>) -> (usize, usize) {
        let from = self.all.len();
        // An error is the value's own, or means that there is no room: what is there is kept.
        let _ = self.write_fmt(text);
        (from, self.all.len())
    }

    /// Copies a text whole, if there is room for it; half of all is left to what must be formatted.
    #[inline]
    pub(crate) fn copy(&mut self, text: &str) -> Option<(usize, usize)> {
        let from = self.all.len();
        if from + text.len() > CAPACITY / 2 {
            return None;
        }
        self.all.push_str(text);
        Some((from, from + text.len()))
    }

    /// A text by its place.
    #[inline]
    pub(crate) fn get(&self, from: usize, to: usize) -> &str {
        &self.all[from..to]
    }

    /// All of it.
    pub(crate) fn all(&self) -> &str {
        &self.all
    }
}

impl Write for Texts {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_full {
            return Err(fmt::Error);
        }
        let room = CAPACITY - CUT.len() - self.all.len();
        if text.len() <= room {
            self.all.push_str(text);
            return Ok(());
        }
        self.all.push_str(&text[..text.floor_char_boundary(room)]);
        self.all.push_str(CUT);
        self.is_full = true;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &mut Texts, text: &str, expected: &str) {
        let (from, to) = texts.format(format_args!("{text}"));
        assert_eq!(texts.get(from, to), expected);
    }

    #[test]
    fn texts_are_found_where_they_are() {
        let mut texts = Texts::new();
        check(&mut texts, "a", "a");
        let copied = texts.copy("bß").expect("there is room");
        check(&mut texts, "", "");
        assert_eq!(texts.get(copied.0, copied.1), "bß");
        assert_eq!(texts.all(), "abß");
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters_and_says_so() {
        for shift in 0..4 {
            let mut texts = Texts::new();
            let long = format!("{}{}", "x".repeat(shift), "🦀".repeat(2000));
            let (from, to) = texts.format(format_args!("{long}"));
            let cut = texts.get(from, to);
            let kept = cut.strip_suffix('…').expect("it was cut");
            assert!(long.starts_with(kept) && cut.len() <= CAPACITY);
            assert!(CAPACITY - cut.len() < 4, "{} bytes", cut.len());
            check(&mut texts, "more", "");
        }
    }

    #[test]
    fn what_just_fits_is_whole() {
        let mut texts = Texts::new();
        let long = "y".repeat(CAPACITY - CUT.len());
        check(&mut texts, &long, &long);
        check(&mut texts, "z", "…");
    }

    #[test]
    fn what_is_copied_leaves_room_for_what_is_formatted() {
        let mut texts = Texts::new();
        let half = "y".repeat(CAPACITY / 2);
        assert_eq!(texts.copy(&half), Some((0, CAPACITY / 2)));
        assert_eq!(texts.copy("z"), None);
        check(&mut texts, "z", "z");
    }
}
