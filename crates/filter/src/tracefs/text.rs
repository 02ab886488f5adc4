//! Comparisons of a text.
//!
//! The kernel's `==` takes a text as it is, without escapes. Its `~` means several things: without a
//! special character but a star at an end it looks at the whole room of a field, beyond the text's
//! NUL; a digit in front makes it `==`; a `!` in front negates. A backslash before a character makes
//! it a glob that ends where the text does, and nothing else: so that is what is written, but for what begins so.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::operand::TextOperand;
use super::predicate::Predicate;

/// The kernel takes shorter ones.
const MOST_BYTES: usize = 256;

impl TextOperand<'_> {
    /// Whether the text is what stands before, between and behind stars.
    ///
    /// # Errors
    /// Why the kernel cannot tell.
    pub(super) fn equals(self, parts: &[Vec<u8>]) -> Result<Predicate, &'static str> {
        // Texts in a trace have no NUL in them.
        let least: usize = parts.iter().map(Vec::len).sum();
        let is_too_long = self.room.is_some_and(|room| least > room as usize);
        if is_too_long || parts.iter().any(|part| part.contains(&0)) {
            return Ok(Predicate::Known(false));
        }
        let (operator, bytes) = match parts {
            [whole] => ("==", whole.clone()),
            [first, last] if last.is_empty() && is_plain(first) => {
                ("~", [first.as_slice(), b"*"].concat())
            }
            parts if parts.iter().all(Vec::is_empty) => return Ok(Predicate::Known(true)),
            parts => ("~", glob(parts)),
        };
        let text = String::from_utf8(bytes).map_err(|_| "text that is not UTF-8")?;
        if text.len() >= MOST_BYTES {
            return Err("text of 256 bytes or more");
        }
        let quote = match (text.contains('"'), text.contains('\'')) {
            (true, true) => return Err("text with quotes of both kinds"),
            (true, false) => '\'',
            _ => '"',
        };
        Ok(Predicate::test(format!(
            "{} {operator} {quote}{text}{quote}",
            self.name
        )))
    }
}

/// Whether a glob that begins so is compared with a text's beginning.
fn is_plain(first: &[u8]) -> bool {
    let begins_well = first
        .first()
        .is_some_and(|c| !c.is_ascii_digit() && *c != b'!');
    begins_well && !first.iter().any(|c| is_special(*c))
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\')
}

/// Parts with stars between; the first character is always escaped.
fn glob(parts: &[Vec<u8>]) -> Vec<u8> {
    let (mut out, mut is_first) = (Vec::new(), true);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(b'*');
        }
        for &byte in part {
            if is_special(byte) || (is_first && byte.is_ascii()) {
                out.push(b'\\');
            }
            out.push(byte);
            is_first &= !byte.is_ascii();
        }
    }
    out
}
