//! Numbers and texts, as C writes them.
//!
//! In a text, `*` stands for any bytes and `\*` for a star. Its quotes are double or single ones.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::error::Problem;
use super::lex::Token;

/// The number in front of `text`, and its length: decimal, `0x`, octal with a leading 0, or a
/// float. C's suffixes are allowed and mean nothing, as in LTTng.
pub(crate) fn number(text: &str) -> Result<(Token, usize), Problem> {
    let len = number_len(text);
    let digits = &text[..len];
    let token = if is_float(digits) {
        let digits = digits.strip_suffix(['f', 'F', 'l', 'L']).unwrap_or(digits);
        digits.parse().ok().map(Token::Float)
    } else {
        integer(digits)?.map(Token::Int)
    };
    let token = token.ok_or_else(|| Problem::Number(digits.to_string()))?;
    Ok((token, len))
}

/// All that looks like a number, so that a bad one is reported whole: letters, digits, dots, and
/// the sign of an exponent.
fn number_len(text: &str) -> usize {
    let is_hex = has_hex_prefix(text);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let is_sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !is_hex;
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || is_sign) {
            return at;
        }
        before = c;
    }
    text.len()
}

fn has_hex_prefix(digits: &str) -> bool {
    digits.starts_with("0x") || digits.starts_with("0X")
}

fn is_float(digits: &str) -> bool {
    !has_hex_prefix(digits) && digits.contains(['.', 'e', 'E'])
}

/// `None` if it is no integer.
fn integer(written: &str) -> Result<Option<u64>, Problem> {
    let digits = written.trim_end_matches(['u', 'U', 'l', 'L']);
    if written.len() - digits.len() > 3 {
        return Ok(None);
    }
    let (digits, base) = match digits.get(2..) {
        Some(rest) if has_hex_prefix(digits) => (rest, 16),
        _ if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        _ => (digits, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
    if !is_number {
        return Ok(None);
    }
    let value = u64::from_str_radix(digits, base);
    let too_large = |_| Problem::NumberTooLarge(written.to_string());
    value.map(Some).map_err(too_large)
}

/// The text in front of `text`, which begins with its quote: the parts between its stars, and its
/// length with both quotes.
pub(crate) fn text(text: &str) -> Result<(Vec<Vec<u8>>, usize), Problem> {
    let bytes = text.as_bytes();
    let mut parts = alloc::vec![Vec::new()];
    let mut at = 1;
    loop {
        let part = parts.last_mut().expect("there is always a part");
        match bytes.get(at) {
            None => return Err(Problem::OpenText),
            Some(byte) if *byte == bytes[0] => break,
            Some(b'*') => {
                parts.push(Vec::new());
                at += 1;
            }
            Some(b'\\') => {
                let (byte, len) = escape(&text[at..])?;
                part.push(byte);
                at += len;
            }
            Some(byte) => {
                part.push(*byte);
                at += 1;
            }
        }
    }
    collapse(&mut parts);
    Ok((parts, at + 1))
}

/// Two stars in a row are one.
fn collapse(parts: &mut Vec<Vec<u8>>) {
    let last = parts.len() - 1;
    let mut at = 0;
    parts.retain(|part| {
        let is_end = at == 0 || at == last;
        at += 1;
        is_end || !part.is_empty()
    });
}

/// The byte of the escape in front of `text`, and the escape's length.
fn escape(text: &str) -> Result<(u8, usize), Problem> {
    let bytes = text.as_bytes();
    let byte = match bytes.get(1) {
        None => return Err(Problem::OpenText),
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 0x0b,
        Some(byte @ (b'\\' | b'"' | b'\'' | b'?' | b'*')) => *byte,
        Some(b'x') => return numeric_escape(text, 2, 2, 16),
        Some(b'0'..=b'7') => return numeric_escape(text, 1, 3, 8),
        Some(_) => return Err(bad_escape(text, 2)),
    };
    Ok((byte, 2))
}

/// An escape whose digits begin at `from` and are at most `limit`.
fn numeric_escape(
    text: &str,
    from: usize,
    limit: usize,
    base: u32,
) -> Result<(u8, usize), Problem> {
    let digits = text[from..].chars().take(limit);
    let count = digits.take_while(|c| c.is_digit(base)).count();
    let end = from + count;
    let byte = u8::from_str_radix(&text[from..end], base);
    Ok((byte.map_err(|_| bad_escape(text, end))?, end))
}

fn bad_escape(text: &str, bytes: usize) -> Problem {
    let shown: String = text.chars().take(bytes).collect();
    Problem::Escape(shown)
}
