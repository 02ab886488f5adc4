//! Arrays and slices of anything that a field can be.

use super::class::FieldType;
use super::limit::Limit;
use super::value::{Parts, Value};
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// The length before a list. What has more elements is no record's.
#[inline(always)]
pub(super) fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes()
}

#[inline(always)]
fn len_of<T: FieldType>(elements: &[T], limit: Limit) -> usize {
    match const { T::CLASS.fixed_len() } {
        Some(len) => len * elements.len(),
        None => elements.iter().map(|each| each.encoded_len(limit)).sum(),
    }
}

impl<T: FieldType, const N: usize> FieldType for [T; N] {
    const CLASS: FieldClass = FieldClass::Array {
        element: &T::CLASS,
        length: N as u32,
    };

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        len_of(self, limit)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        T::encode_all(self, payload, limit);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Parts(self)
    }
}

impl<T: FieldType> FieldType for &[T] {
    const CLASS: FieldClass = FieldClass::Sequence { element: &T::CLASS };

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        4 + len_of(self, limit)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        payload.put(&length(self.len()));
        T::encode_all(self, payload, limit);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Parts(self)
    }
}

impl<T: FieldType, const N: usize> FieldType for &[T; N] {
    const CLASS: FieldClass = <[T; N]>::CLASS;

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        (**self).encoded_len(limit)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        (**self).encode(payload, limit);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: FieldType, const N: usize> Parts for [T; N] {
    fn count(&self) -> usize {
        N
    }

    fn part(&self, index: usize) -> Value<'_> {
        self.get(index).map_or(Value::None, T::value)
    }
}

impl<T: FieldType> Parts for &[T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn part(&self, index: usize) -> Value<'_> {
        self.get(index).map_or(Value::None, T::value)
    }
}
