//! TSDL text as tokens, one at a time, each with its place.

use super::error::{MetadataError, Position, Reason};
use super::numbers;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// An identifier or a reserved word.
    Word(&'a str),
    /// An integer without its sign.
    Integer(u64),
    /// A string, unescaped.
    Text(String),
    /// A character, unescaped.
    Character(u8),
    /// Anything else: one of [`PUNCTUATION`].
    Mark(&'static str),
    /// The end of the text.
    End,
}

impl Kind<'_> {
    /// The token as an error message shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Integer(number) => format!("`{number}`"),
            Kind::Text(text) => format!("string {text:?}"),
            Kind::Character(byte) => format!("character {:?}", char::from(*byte)),
            Kind::Mark(mark) => format!("`{mark}`"),
            Kind::End => "the end".to_owned(),
        }
    }
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) at: Position,
}

/// Marks, longest first.
const PUNCTUATION: [&str; 17] = [
    "...", ":=", "{", "}", "[", "]", "(", ")", "<", ">", ";", ":", ",", ".", "=", "*", "-",
];

/// Yields the tokens of a text.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    line_begin: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            line_begin: 0,
        }
    }

    /// The next token; [`Kind::End`] again and again at the end.
    pub(super) fn next(&mut self) -> Result<Token<'a>, MetadataError> {
        self.skip_blank()?;
        let at = self.position();
        let kind = match self.rest() {
            [] => Kind::End,
            [b'"', ..] => Kind::Text(self.string(at)?),
            [b'\'', ..] => Kind::Character(self.character(at)?),
            [b'0'..=b'9', ..] => Kind::Integer(self.integer(at)?),
            [b'A'..=b'Z' | b'a'..=b'z' | b'_', ..] => Kind::Word(self.word()),
            [byte, ..] => self.mark().ok_or(Reason::StrayByte(*byte).at(at))?,
        };
        Ok(Token { kind, at })
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn position(&self) -> Position {
        let column = u32::try_from(self.at - self.line_begin).unwrap_or(u32::MAX - 1) + 1;
        Position {
            line: self.line,
            column,
        }
    }

    /// Passes `count` bytes and counts the lines in them.
    fn pass(&mut self, count: usize) {
        for _ in 0..count {
            if self.rest().first() == Some(&b'\n') {
                self.line = self.line.saturating_add(1);
                self.line_begin = self.at + 1;
            }
            self.at += 1;
        }
    }

    fn skip_blank(&mut self) -> Result<(), MetadataError> {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, ..] => self.pass(1),
                [b'/', b'*', ..] => self.skip_comment()?,
                [b'/', b'/', rest @ ..] => {
                    self.pass(2 + memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), MetadataError> {
        let at = self.position();
        let body = &self.rest()[2..];
        let end = memchr::memmem::find(body, b"*/").ok_or(Reason::Unclosed("comment").at(at))?;
        self.pass(end + 4);
        Ok(())
    }

    fn take_while(&mut self, mut wanted: impl FnMut(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.iter().position(|&b| !wanted(b)).unwrap_or(rest.len());
        self.pass(length);
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    fn word(&mut self) -> &'a str {
        self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_')
    }

    fn integer(&mut self, at: Position) -> Result<u64, MetadataError> {
        let text = self.word();
        numbers::integer(text).ok_or_else(|| Reason::Integer(text.to_owned()).at(at))
    }

    fn mark(&mut self) -> Option<Kind<'a>> {
        let rest = self.rest();
        // A plus sign before a number changes nothing.
        if let [b'+', b'0'..=b'9', ..] = rest {
            self.pass(1);
            return self.integer(self.position()).ok().map(Kind::Integer);
        }
        let mark = PUNCTUATION
            .into_iter()
            .find(|m| rest.starts_with(m.as_bytes()))?;
        self.pass(mark.len());
        Some(Kind::Mark(mark))
    }

    fn string(&mut self, at: Position) -> Result<String, MetadataError> {
        self.pass(1);
        let mut bytes = Vec::new();
        loop {
            match self.rest() {
                [b'"', ..] => break,
                [] | [b'\n' | 0, ..] => return Err(Reason::Unclosed("string").at(at)),
                [byte, ..] => bytes.push(self.character_in(*byte)?),
            }
        }
        self.pass(1);
        // As in C, a NUL ends the string.
        bytes.truncate(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn character(&mut self, at: Position) -> Result<u8, MetadataError> {
        self.pass(1);
        let byte = match self.rest() {
            [] | [b'\n' | b'\'' | 0, ..] => return Err(Reason::Unclosed("character").at(at)),
            [byte, ..] => self.character_in(*byte)?,
        };
        if self.rest().first() != Some(&b'\'') {
            return Err(Reason::Unclosed("character").at(at));
        }
        self.pass(1);
        Ok(byte)
    }

    fn character_in(&mut self, byte: u8) -> Result<u8, MetadataError> {
        let at = self.position();
        self.pass(1);
        if byte != b'\\' {
            return Ok(byte);
        }
        let (escaped, length) =
            numbers::escape(self.rest()).map_err(|c| Reason::Escape(c).at(at))?;
        self.pass(length);
        Ok(escaped)
    }
}
