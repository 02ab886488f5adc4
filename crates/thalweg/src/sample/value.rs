//! What an application's context holds.

use core::mem::MaybeUninit;

/// The most bytes of a text.
const MAX_TEXT: usize = 255;

/// The value of an application's context: nothing, until the context's function sets it.
pub struct AppValue {
    scalar: Option<Scalar>,
    text: [MaybeUninit<u8>; MAX_TEXT],
}

#[derive(Clone, Copy)]
enum Scalar {
    Int(i64),
    Uint(u64),
    Float(f64),
    /// So many bytes.
    Text(usize),
}

/// The value, for who writes it down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Held<'v> {
    Nothing,
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'v [u8]),
}

impl AppValue {
    pub(crate) fn new() -> Self {
        Self {
            scalar: None,
            text: [const { MaybeUninit::uninit() }; MAX_TEXT],
        }
    }

    /// The value is a signed integer.
    pub fn set_int(&mut self, value: i64) {
        self.scalar = Some(Scalar::Int(value));
    }

    /// The value is an unsigned integer.
    pub fn set_uint(&mut self, value: u64) {
        self.scalar = Some(Scalar::Uint(value));
    }

    /// The value is a float.
    pub fn set_float(&mut self, value: f64) {
        self.scalar = Some(Scalar::Float(value));
    }

    /// The value is a text, which is copied: up to its first NUL, and at most 255 bytes.
    pub fn set_text(&mut self, text: &str) {
        self.set_bytes(&text.as_bytes()[..text.floor_char_boundary(MAX_TEXT)]);
    }

    /// The same for text that may not be UTF-8.
    pub fn set_bytes(&mut self, text: &[u8]) {
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        let text = &text[..text.len().min(MAX_TEXT)];
        self.text[..text.len()].write_copy_of_slice(text);
        self.scalar = Some(Scalar::Text(text.len()));
    }

    pub(crate) fn held(&self) -> Held<'_> {
        match self.scalar {
            None => Held::Nothing,
            Some(Scalar::Int(value)) => Held::Int(value),
            Some(Scalar::Uint(value)) => Held::Uint(value),
            Some(Scalar::Float(value)) => Held::Float(value),
            Some(Scalar::Text(len)) => {
                let bytes = self.text[..len].as_ptr().cast::<u8>();
                // SAFETY: `set_bytes` wrote that many bytes, and they are this value's own.
                Held::Text(unsafe { core::slice::from_raw_parts(bytes, len) })
            }
        }
    }
}

impl core::fmt::Debug for AppValue {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.held().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts() {
        let mut value = AppValue::new();
        assert_eq!(value.held(), Held::Nothing);
        value.set_text("long");
        value.set_text("ab\0c");
        assert_eq!(value.held(), Held::Text(b"ab"));
        value.set_int(-7);
        assert_eq!(value.held(), Held::Int(-7));
        value.set_uint(7);
        assert_eq!(value.held(), Held::Uint(7));
        value.set_float(0.5);
        assert_eq!(value.held(), Held::Float(0.5));
    }

    #[test]
    fn a_text_is_cut_between_two_characters() {
        let mut value = AppValue::new();
        value.set_text(&"ß".repeat(200));
        assert_eq!(value.held(), Held::Text("ß".repeat(127).as_bytes()));
        value.set_bytes(&[0xff; 300]);
        assert_eq!(value.held(), Held::Text(&[0xff; 255]));
    }
}
