//! A type that a field can have.

use super::limit::Limit;
use super::value::Value;
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// A type that a field of an event can have.
///
/// Implemented for integers, floats, `bool`, `char`, `&str`, `&CStr`, arrays and slices of field
/// types, `Option`s of them, and the wrappers of this crate; structures and enums become field types
/// with [`fields!`](crate::fields) and [`labels!`](crate::labels).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a field",
    label = "no type of a field",
    note = "fields are integers, floats, `bool`, `char`, `&str`, `&CStr`, arrays and slices (`&[T]`), `Option`s, and types made with `thalweg::fields!` and `thalweg::labels!`"
)]
pub trait FieldType {
    /// The class, as the trace declares it.
    const CLASS: FieldClass;

    /// How many bytes [`encode`](Self::encode) appends with the same limit.
    fn encoded_len(&self, limit: Limit) -> usize;

    /// Appends the value; texts that are longer than the limit are cut.
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit);

    /// The value as a filter sees it.
    fn value(&self) -> Value<'_> {
        Value::None
    }

    /// Appends a value that the call site has stored a moment ago.
    ///
    /// Two such values must not be loaded as one: a load that spans two stores in flight waits for
    /// both to reach the cache, which takes as long as half of an event.
    #[doc(hidden)]
    #[inline(always)]
    fn encode_fresh(&self, payload: &mut Payload<'_>, limit: Limit) {
        self.encode(payload, limit);
    }

    /// Appends the elements of a list.
    #[doc(hidden)]
    #[inline(always)]
    fn encode_all(elements: &[Self], payload: &mut Payload<'_>, limit: Limit)
    where
        Self: Sized,
    {
        for element in elements {
            element.encode(payload, limit);
        }
    }
}
