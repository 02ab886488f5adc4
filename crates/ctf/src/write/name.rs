//! Names and strings of the metadata text: what the grammar allows, made from what people wrote.
//!
//! ```text
//!   next_tid    → _next_tid       every field of an event: readers take one `_` away
//!   _buf_length → __buf_length
//!   a-b         → _a_b
//!   cpu_id      → cpu_id          packet contexts keep their names
//! ```

use std::collections::HashSet;

use crate::metadata::KEYWORDS;

/// `text` between quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // A NUL would end the string in every reader that is written in C.
        '\0' => out.push_str("\\\\0"),
        c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", u32::from(c))),
        c => out.push(c),
    }
}

/// Whether the grammar takes `text` as a name.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(is_word_byte)
        && !KEYWORDS.contains(&text)
}

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The name of an event's field: the `_` that readers take away, then what is left of `name`.
pub(super) fn field_name(name: &str) -> String {
    let word: String = name
        .chars()
        .map(|c| {
            if c.is_ascii() && is_word_byte(c as u8) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let escaped = format!("_{word}");
    if KEYWORDS.contains(&escaped.as_str()) {
        format!("{escaped}_")
    } else {
        escaped
    }
}

/// `name` itself where the grammar allows it, else as a field's name.
pub(super) fn plain_name(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        field_name(name)
    }
}

/// The names that one structure has given out: no two are equal.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// `wanted`, or `wanted_2`, `wanted_3` … when it is taken.
    pub(super) fn take(&mut self, wanted: String) -> String {
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let free = (2u64..)
            .map(|n| format!("{wanted}_{n}"))
            .find(|n| !self.taken.contains(n));
        let name = free.expect("one of 2^64 names is free");
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_carry_the_underscore_that_readers_take_away() {
        assert_eq!(field_name("next_tid"), "_next_tid");
        assert_eq!(field_name("_buf_length"), "__buf_length");
    }

    #[test]
    fn what_is_no_identifier_becomes_one() {
        for name in [
            "a-b",
            "Größe",
            "",
            "9p",
            "Bool",
            "Complex",
            "with space",
            "__proto__",
        ] {
            assert!(
                is_identifier(&field_name(name)),
                "{name:?} → {}",
                field_name(name)
            );
        }
        for name in ["int", "cpu id", "event", "_Bool", "7"] {
            assert!(!is_identifier(name), "{name:?}");
            assert!(
                is_identifier(&plain_name(name)),
                "{name:?} → {}",
                plain_name(name)
            );
        }
        assert_eq!(plain_name("cpu_id"), "cpu_id");
    }

    #[test]
    fn two_fields_never_share_a_name() {
        let mut names = Names::default();
        let given: Vec<String> = ["a-b", "a_b", "a b", "a_b_2"]
            .iter()
            .map(|n| names.take(field_name(n)))
            .collect();
        assert_eq!(given, ["_a_b", "_a_b_2", "_a_b_3", "_a_b_2_2"]);
    }

    #[test]
    fn strings_stay_on_one_line() {
        assert_eq!(quoted("a\"b\\c\nd\te\u{1}f"), r#""a\"b\\c\nd\te\001f""#);
        assert_eq!(quoted("Größe"), "\"Größe\"");
        assert!(!quoted("\r\n\0").contains(['\r', '\n', '\0']));
    }
}
