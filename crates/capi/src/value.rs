//! What a filter sees of an event: the values, found again in its bytes.
//!
//! ```text
//!   fields   u32   text      u16   list
//!   pieces | 4 B | so long | NUL, 2 B, 4 B of count | so long |
//! ```
//!
//! A list is no value here: filters of C events decide by numbers and texts.

use crate::layout::{ENUM_SIGNED, FLOAT, Field, NUMBER, Piece, SEQUENCE, SIGNED, TEXT};
use thalweg::__private::Value;

/// The value of a field; none behind the last.
///
/// # Safety
/// The pieces are those of the fields, and each is null or refers to as many bytes as it says.
pub(crate) unsafe fn value_of<'m>(
    fields: &[Field],
    pieces: &'m [Piece],
    index: usize,
) -> Value<'m> {
    let mut walk = Walk {
        pieces: pieces.iter(),
        rest: &[],
    };
    for field in fields.iter().take(index) {
        if walk.step(field).is_none() {
            return Value::None;
        }
    }
    let field = fields.get(index);
    field
        .and_then(|field| walk.step(field))
        .unwrap_or(Value::None)
}

struct Walk<'m> {
    pieces: core::slice::Iter<'m, Piece>,
    /// What is left of the piece that was begun.
    rest: &'m [u8],
}

impl<'m> Walk<'m> {
    /// Goes over a field.
    fn step(&mut self, field: &Field) -> Option<Value<'m>> {
        match field.shape {
            NUMBER => Some(number(field, self.take(usize::from(field.bytes))?)),
            TEXT => {
                let text = self.piece()?;
                self.take(1)?;
                Some(Value::Text(text))
            }
            shape => {
                if shape == SEQUENCE {
                    self.take(4)?;
                }
                self.piece()?;
                Some(Value::None)
            }
        }
    }

    fn take(&mut self, len: usize) -> Option<&'m [u8]> {
        if self.rest.is_empty() {
            self.rest = self.piece()?;
        }
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn piece(&mut self) -> Option<&'m [u8]> {
        if !self.rest.is_empty() {
            return None;
        }
        let piece = self.pieces.next()?;
        if piece.at.is_null() {
            return Some(&[]);
        }
        // SAFETY: as the caller of `value_of` promises.
        Some(unsafe { core::slice::from_raw_parts(piece.at, piece.len) })
    }
}

fn number<'m>(field: &Field, bytes: &[u8]) -> Value<'m> {
    let mut word = [0; 8];
    word.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    let word = u64::from_le_bytes(word);
    match field.scalar {
        SIGNED | ENUM_SIGNED => {
            let unused = 64 - 8 * bytes.len().clamp(1, 8);
            Value::Int((word << unused).cast_signed() >> unused)
        }
        FLOAT if bytes.len() == 4 => Value::Float(f64::from(f32::from_bits(word as u32))),
        FLOAT => Value::Float(f64::from_bits(word)),
        _ => Value::Uint(word),
    }
}
