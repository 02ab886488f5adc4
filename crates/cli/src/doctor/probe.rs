//! Small files that the kernel answers in.

use std::fs;

/// What a file says, without the end of the line.
pub(crate) fn line(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// The number in a file.
pub(crate) fn number(path: &str) -> Option<i64> {
    line(path)?.parse().ok()
}

/// The word in brackets, of a file with alternatives: `none [integrity] confidentiality`.
pub(crate) fn selected(text: &str) -> Option<&str> {
    text.split('[').nth(1)?.split(']').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_word_is_in_brackets() {
        assert_eq!(
            selected("none [integrity] confidentiality"),
            Some("integrity")
        );
        assert_eq!(selected("none"), None);
    }
}
