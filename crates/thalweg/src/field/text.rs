//! Text: up to a NUL, or with its length before it; of any length, or of at most so much.

use super::class::FieldType;
use super::limit::Limit;
use super::value::Value;
use core::ffi::CStr;
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// Bytes that are shown as text though they may not be UTF-8: a file's name, a header's line.
///
/// The text ends before the first NUL. [`CountedText`] has no such end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'t>(pub &'t [u8]);

/// Bytes that are shown as text, with their length before them: LTTng's sequence of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedText<'t>(pub &'t [u8]);

/// A field of whose texts at most `N` bytes are copied, up to the end of a character.
///
/// ```
/// # use thalweg::Bounded;
/// # let query = "SELECT";
/// thalweg::event!("shop:query", { query: Bounded<80, &str> = Bounded(query) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const N: usize, T>(pub T);

macro_rules! text {
    ($($type:ty => |$text:ident| $bytes:expr;)*) => {$(
        impl FieldType for $type {
            const CLASS: FieldClass = FieldClass::Text;

            #[inline(always)]
            fn encoded_len(&self, limit: Limit) -> usize {
                let $text = self;
                shown($bytes, limit).len() + 1
            }

            #[inline(always)]
            fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
                let $text = self;
                payload.put_text(limit.cut($bytes));
            }

            #[inline(always)]
            fn value(&self) -> Value<'_> {
                let $text = self;
                Value::Text(shown($bytes, Limit::NONE))
            }
        }
    )*};
}

text! {
    &str => |text| text.as_bytes();
    &CStr => |text| text.to_bytes();
    Text<'_> => |text| text.0;
}

/// What of a text is written: what the limit lets through, up to its first NUL, where a CTF string
/// ends.
#[inline(always)]
fn shown(text: &[u8], limit: Limit) -> &[u8] {
    let text = limit.cut(text);
    if thalweg_ring::has_nul(text) {
        before_nul(text)
    } else {
        text
    }
}

#[cold]
fn before_nul(text: &[u8]) -> &[u8] {
    // SAFETY: `memchr` reads at most `text.len()` bytes from the slice's begin.
    let nul = unsafe { libc::memchr(text.as_ptr().cast(), 0, text.len()) };
    if nul.is_null() {
        text
    } else {
        &text[..nul.addr() - text.as_ptr().addr()]
    }
}

impl FieldType for char {
    const CLASS: FieldClass = FieldClass::Text;

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        (&*self.encode_utf8(&mut [0; 4])).encoded_len(limit)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        (&*self.encode_utf8(&mut [0; 4])).encode(payload, limit);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Char(*self)
    }
}

impl FieldType for CountedText<'_> {
    const CLASS: FieldClass = FieldClass::CountedText;

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        limit.cut(self.0).len() + 4
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        let text = limit.cut(self.0);
        payload.put(&super::list::length(text.len()));
        payload.put(text);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Text(self.0)
    }
}

impl<const N: usize, T: FieldType> FieldType for Bounded<N, T> {
    const CLASS: FieldClass = T::CLASS;

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        self.0.encoded_len(limit.at_most(N))
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        self.0.encode(payload, limit.at_most(N));
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        match self.0.value() {
            Value::Text(text) => Value::Text(Limit::NONE.at_most(N).cut(text)),
            other => other,
        }
    }
}
