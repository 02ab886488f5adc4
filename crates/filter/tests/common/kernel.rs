//! The kernel's filter language, as Linux 6.18 carries it out, for records of integers and texts.

use std::collections::BTreeMap;

/// What the kernel has in a record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Value, bits, and whether there is a sign.
    pub(crate) integers: BTreeMap<&'static str, (i128, u32, bool)>,
    pub(crate) texts: BTreeMap<&'static str, String>,
}

/// Whether the predicate lets the record pass; it must be one that the kernel takes.
pub(crate) fn passes(predicate: &str, record: &Record) -> bool {
    let mut parser = Parser {
        rest: predicate,
        record,
    };
    let truth = parser.any();
    assert_eq!(parser.rest, "", "{predicate}");
    truth
}

struct Parser<'a> {
    rest: &'a str,
    record: &'a Record,
}

impl<'a> Parser<'a> {
    fn takes(&mut self, token: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn any(&mut self) -> bool {
        let mut truth = self.all();
        while self.takes("||") {
            truth |= self.all();
        }
        truth
    }

    fn all(&mut self) -> bool {
        let mut truth = self.one();
        while self.takes("&&") {
            truth &= self.one();
        }
        truth
    }

    fn one(&mut self) -> bool {
        if self.takes("!") {
            return !self.one();
        }
        if self.takes("(") {
            let truth = self.any();
            assert!(self.takes(")"));
            return truth;
        }
        let name = self.word();
        let operators = ["==", "!=", "~", "<=", "<", ">=", ">", "&"];
        let operator = operators.into_iter().find(|operator| self.takes(operator));
        let operator = operator.expect("an operator");
        self.rest = self.rest.trim_start();
        match self.record.texts.get(name) {
            Some(text) => self.text(text, operator),
            None => self.integer(self.record.integers[name], operator),
        }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let len = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(len);
        self.rest = rest;
        word
    }

    fn integer(&mut self, (value, bits, signed): (i128, u32, bool), operator: &str) -> bool {
        let word = self.word();
        let number: i128 = match word.strip_prefix("0x") {
            Some(digits) => i128::from_str_radix(digits, 16).expect("a number"),
            None => word.parse().expect("a number"),
        };
        let readable = match signed {
            true => i128::from(i64::MIN)..=i128::from(i64::MAX),
            false => 0..=i128::from(u64::MAX),
        };
        assert!(
            readable.contains(&number),
            "{number} for {bits} bits, {signed}"
        );
        let low = (1 << bits) - 1;
        if operator == "&" {
            return value & number & low != 0;
        }
        // The constant is cut to the field's size.
        let cut = number & low;
        let number = match signed && cut >> (bits - 1) == 1 {
            true => cut - (1 << bits),
            false => cut,
        };
        match operator {
            "==" => value == number,
            "!=" => value != number,
            "<" => value < number,
            "<=" => value <= number,
            ">" => value > number,
            ">=" => value >= number,
            other => panic!("{other} of a number"),
        }
    }

    fn text(&mut self, text: &str, operator: &str) -> bool {
        let quote = self.rest.chars().next().expect("a quote");
        let (pattern, rest) = self.rest[1..].split_once(quote).expect("another quote");
        self.rest = rest;
        match operator {
            "==" => text == pattern,
            "!=" => text != pattern,
            "~" => matches(text.as_bytes(), pattern),
            other => panic!("{other} of a text"),
        }
    }
}

/// As the kernel sorts its patterns: a digit in front makes one a plain text, a `!` negates it; at the
/// end of a text without special characters it looks at the end of the room, not of the text.
fn matches(text: &[u8], pattern: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix('!') {
        return !matches(text, rest);
    }
    let bytes = pattern.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        return text == bytes;
    }
    if pattern.contains(['[', '?', '\\']) {
        return glob(text, bytes);
    }
    match pattern.strip_suffix('*') {
        Some(front) if !front.contains('*') => text.starts_with(front.as_bytes()),
        _ => panic!("{pattern} means something else in a fixed room"),
    }
}

fn glob(text: &[u8], pattern: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| glob(&text[at..], rest)),
        [b'?', rest @ ..] => !text.is_empty() && glob(&text[1..], rest),
        [b'[', ..] => panic!("a class of characters"),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
            text.first() == Some(byte) && glob(&text[1..], rest)
        }
    }
}
