//! What a field can be, and how it is written.
//!
//! All is packed and little-endian: integers and floats as they are, `bool` and enums as integers
//! with labels, text with a NUL behind it, slices with a `u32` length before them.

use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// A type that a field of an event can have.
///
/// Implemented for integers, floats, `bool`, `char`, `&str`, arrays and slices of scalars, and the
/// enums of [`labels!`](crate::labels).
pub trait FieldType {
    /// The class, as the trace declares it.
    const CLASS: FieldClass;

    /// How many bytes [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize;

    /// Appends the value.
    fn encode(&self, payload: &mut Payload<'_>);

    /// Appends a value that the call site has stored a moment ago.
    ///
    /// Two such values must not be loaded as one: a load that spans two stores in flight waits for
    /// both to reach the cache, which takes as long as half of an event.
    #[doc(hidden)]
    #[inline(always)]
    fn encode_fresh(&self, payload: &mut Payload<'_>) {
        self.encode(payload);
    }
}

/// A type of fixed size, which arrays and slices can hold.
pub trait Scalar: FieldType {}

macro_rules! number {
    ($($type:ty => $class:expr;)*) => {$(
        impl FieldType for $type {
            const CLASS: FieldClass = $class;

            #[inline(always)]
            fn encoded_len(&self) -> usize {
                size_of::<Self>()
            }

            #[inline(always)]
            fn encode(&self, payload: &mut Payload<'_>) {
                payload.put(&self.to_le_bytes());
            }

            #[inline(always)]
            fn encode_fresh(&self, payload: &mut Payload<'_>) {
                // SAFETY: reads through a reference. Volatile, because those loads are not merged.
                let value = unsafe { core::ptr::from_ref(self).read_volatile() };
                value.encode(payload);
            }
        }

        impl Scalar for $type {}
    )*};
}

const fn integer(bytes: usize, signed: bool) -> FieldClass {
    FieldClass::Integer {
        bytes: bytes as u8,
        signed,
        base: 10,
    }
}

number! {
    u8 => integer(1, false);
    u16 => integer(2, false);
    u32 => integer(4, false);
    u64 => integer(8, false);
    usize => integer(8, false);
    i8 => integer(1, true);
    i16 => integer(2, true);
    i32 => integer(4, true);
    i64 => integer(8, true);
    isize => integer(8, true);
    f32 => FieldClass::Float { bytes: 4 };
    f64 => FieldClass::Float { bytes: 8 };
}

impl FieldType for bool {
    const CLASS: FieldClass = FieldClass::Enum {
        bytes: 1,
        signed: false,
        labels: &[(0, "false"), (1, "true")],
    };

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        1
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        payload.put(&[u8::from(*self)]);
    }
}

impl Scalar for bool {}

impl FieldType for char {
    const CLASS: FieldClass = FieldClass::Text;

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        text_len(self.encode_utf8(&mut [0; 4])) + 1
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        put_text(self.encode_utf8(&mut [0; 4]), payload);
    }
}

impl FieldType for &str {
    const CLASS: FieldClass = FieldClass::Text;

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        text_len(self) + 1
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        put_text(self, payload);
    }
}

/// The length of text up to its first NUL, where a CTF string ends.
#[inline(always)]
fn text_len(text: &str) -> usize {
    // SAFETY: `memchr` reads at most `text.len()` bytes from the slice's begin.
    let nul = unsafe { libc::memchr(text.as_ptr().cast(), 0, text.len()) };
    if nul.is_null() {
        text.len()
    } else {
        nul.addr() - text.as_ptr().addr()
    }
}

#[inline(always)]
fn put_text(text: &str, payload: &mut Payload<'_>) {
    payload.put(&text.as_bytes()[..text_len(text)]);
    payload.put(&[0]);
}

impl<T: Scalar, const N: usize> FieldType for [T; N] {
    const CLASS: FieldClass = FieldClass::Array {
        element: &T::CLASS,
        length: N as u32,
    };

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        size_of::<T>() * N
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        for element in self {
            element.encode(payload);
        }
    }
}

impl<T: Scalar> FieldType for &[T] {
    const CLASS: FieldClass = FieldClass::Sequence { element: &T::CLASS };

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        4 + size_of_val(*self)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        let length = u32::try_from(self.len()).unwrap_or(u32::MAX);
        payload.put(&length.to_le_bytes());
        for element in *self {
            element.encode(payload);
        }
    }
}

impl<T: Scalar, const N: usize> FieldType for &[T; N] {
    const CLASS: FieldClass = <[T; N]>::CLASS;

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>) {
        (**self).encode(payload);
    }
}
