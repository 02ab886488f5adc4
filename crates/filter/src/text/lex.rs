//! From characters to tokens, each with its column.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::error::{Error, Problem};
use super::literal;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Int(u64),
    Float(f64),
    /// The parts between stars.
    Text(Vec<Vec<u8>>),
    Name(String),
    /// `$NAME`, without its dollar.
    Dollar(String),
    Symbol(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) column: usize,
    /// As it is written.
    pub(crate) text: String,
}

/// Longer ones first.
const SYMBOLS: [&str; 25] = [
    "&&", "||", "<<", ">>", "<=", ">=", "==", "!=", "<", ">", "!", "~", "&", "|", "^", "+", "-",
    "*", "/", "%", "(", ")", "[", "]", ":",
];

/// Takes tokens from the front of a text.
pub(crate) struct Lexer<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            column: 1,
        }
    }

    /// The next token; at the end of the text [`Token::End`], again and again.
    pub(crate) fn next(&mut self) -> Result<Placed, Error> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        self.take(blank);
        let column = self.column;
        let (token, len) = self.token().map_err(|problem| problem.at(column))?;
        let text = self.take(len).to_string();
        Ok(Placed {
            token,
            column,
            text,
        })
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    /// The token in front, and its length in bytes.
    fn token(&self) -> Result<(Token, usize), Problem> {
        let Some(first) = self.rest.chars().next() else {
            return Ok((Token::End, 0));
        };
        let second = self.rest.as_bytes().get(1);
        let begins_a_float = first == '.' && second.is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || begins_a_float {
            return literal::number(self.rest);
        }
        if matches!(first, '"' | '\'') {
            let (parts, len) = literal::text(self.rest)?;
            return Ok((Token::Text(parts), len));
        }
        if is_name(first) {
            let len = name_len(self.rest);
            return Ok((Token::Name(self.rest[..len].to_string()), len));
        }
        if first == '$' {
            let len = 1 + name_len(&self.rest[1..]);
            return Ok((Token::Dollar(self.rest[1..len].to_string()), len));
        }
        self.symbol(first)
    }

    fn symbol(&self, first: char) -> Result<(Token, usize), Problem> {
        if first == '.' {
            return Ok((Token::Symbol("."), 1));
        }
        let symbol = SYMBOLS
            .into_iter()
            .find(|symbol| self.rest.starts_with(symbol));
        match symbol {
            Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
            None if first == '=' => Err(Problem::Expected {
                what: "`==`",
                found: "=".to_string(),
            }),
            None => Err(Problem::Character(first)),
        }
    }
}

const fn is_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

/// The length of the C identifier in front.
fn name_len(text: &str) -> usize {
    text.find(|c: char| !is_name(c) && !c.is_ascii_digit())
        .unwrap_or(text.len())
}
