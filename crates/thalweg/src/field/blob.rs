//! Bytes that are no text.

use super::class::FieldType;
use super::limit::Limit;
use super::list::length;
use super::value::{Parts, Value};
use core::marker::PhantomData;
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// What the bytes of a [`Blob`] are.
///
/// ```
/// # use thalweg::{Blob, MediaType};
/// struct Png;
/// impl MediaType for Png {
///     const NAME: &'static str = "image/png";
/// }
/// # let picture = [0x89];
/// thalweg::event!("shop:picture", { picture: Blob<Png> = Blob::new(&picture) });
/// ```
pub trait MediaType {
    /// The media type's name (RFC 6838), such as `image/png`.
    const NAME: &'static str;
}

/// Bytes of which no more is known.
#[derive(Clone, Copy, Debug)]
pub struct OctetStream;

impl MediaType for OctetStream {
    const NAME: &'static str = "application/octet-stream";
}

/// Bytes that are no text, and of which it is known what they are.
///
/// A CTF 1.8 trace shows them as a sequence of `u8`; the media type is in the event's definition.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'b, M = OctetStream> {
    bytes: &'b [u8],
    media_type: PhantomData<fn(M)>,
}

impl<'b, M: MediaType> Blob<'b, M> {
    /// A blob of these bytes.
    #[inline(always)]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            media_type: PhantomData,
        }
    }
}

impl<M: MediaType> FieldType for Blob<'_, M> {
    const CLASS: FieldClass = FieldClass::Blob {
        media_type: M::NAME,
    };

    #[inline(always)]
    fn encoded_len(&self, _: Limit) -> usize {
        4 + self.bytes.len()
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, _: Limit) {
        payload.put(&length(self.bytes.len()));
        payload.put(self.bytes);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Parts(self)
    }
}

impl<M> Parts for Blob<'_, M> {
    fn count(&self) -> usize {
        self.bytes.len()
    }

    fn part(&self, index: usize) -> Value<'_> {
        let byte = self.bytes.get(index);
        byte.map_or(Value::None, |byte| Value::Uint(u64::from(*byte)))
    }
}
