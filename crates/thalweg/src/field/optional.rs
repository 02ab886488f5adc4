//! A value that may not be there.

use super::class::FieldType;
use super::limit::Limit;
use super::value::Value;
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

impl<T: FieldType> FieldType for Option<T> {
    const CLASS: FieldClass = FieldClass::Optional { class: &T::CLASS };

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        1 + self.as_ref().map_or(0, |value| value.encoded_len(limit))
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        payload.put(&[u8::from(self.is_some())]);
        if let Some(value) = self {
            value.encode(payload, limit);
        }
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::None, T::value)
    }
}
