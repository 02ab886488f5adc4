//! The fields of one event, in a type that is known when compiling.
//!
//! ```text
//!   Nothing.written(a).nowrite(b).written(c)   =   And(And(And(Nothing, a), b), c)
//!                                                  payload: | a | c |    filters see: a, b, c
//! ```
//!
//! A type of its own for each list of fields, so that the length of fields of fixed size is a
//! constant where the event is emitted, and their values need no second place in memory. Asked for
//! one value it lends it, for which a closure would have no lifetime to name.

use super::class::FieldType;
use super::limit::Limit;
use super::value::Value;
use thalweg_ring::Payload;

/// The fields of one event.
pub trait Fields {
    /// How many bytes [`encode`](Self::encode) appends with the same limit.
    fn encoded_len(&self, limit: Limit) -> usize;

    /// Appends all fields that are written.
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit);

    /// How many there are, with those that are not written.
    fn count(&self) -> usize;

    /// The value of a field, by its index in the definition; [`Value::None`] behind the last.
    fn value(&self, index: usize) -> Value<'_>;
}

/// No fields: what each list begins with.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// The fields of `R`, and then one more.
#[derive(Clone, Copy, Debug)]
pub struct And<R, T, const WRITTEN: bool>(R, T);

macro_rules! append {
    () => {
        /// With a field that is written.
        #[inline(always)]
        pub fn written<T>(self, field: T) -> And<Self, T, true> {
            And(self, field)
        }

        /// With a field that only filters see.
        #[inline(always)]
        pub fn nowrite<T>(self, field: T) -> And<Self, T, false> {
            And(self, field)
        }
    };
}

impl Nothing {
    append!();
}

impl<R, U, const WRITTEN: bool> And<R, U, WRITTEN> {
    append!();
}

impl Fields for Nothing {
    #[inline(always)]
    fn encoded_len(&self, _: Limit) -> usize {
        0
    }

    #[inline(always)]
    fn encode(&self, _: &mut Payload<'_>, _: Limit) {}

    #[inline(always)]
    fn count(&self) -> usize {
        0
    }

    #[inline(always)]
    fn value(&self, _: usize) -> Value<'_> {
        Value::None
    }
}

impl<R: Fields, T: FieldType, const WRITTEN: bool> Fields for And<R, T, WRITTEN> {
    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        let before = self.0.encoded_len(limit);
        if WRITTEN {
            before + self.1.encoded_len(limit)
        } else {
            before
        }
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        self.0.encode(payload, limit);
        if WRITTEN {
            self.1.encode_fresh(payload, limit);
        }
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.0.count() + 1
    }

    #[inline(always)]
    fn value(&self, index: usize) -> Value<'_> {
        if index == self.0.count() {
            self.1.value()
        } else {
            self.0.value(index)
        }
    }
}

impl<F: Fields + ?Sized> Fields for &F {
    fn encoded_len(&self, limit: Limit) -> usize {
        (**self).encoded_len(limit)
    }

    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        (**self).encode(payload, limit);
    }

    fn count(&self) -> usize {
        (**self).count()
    }

    fn value(&self, index: usize) -> Value<'_> {
        (**self).value(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_see_all_fields_and_the_payload_has_those_that_are_written() {
        let fields = Nothing.written(1_u8).nowrite("a long text").written(-2_i16);
        assert_eq!(fields.encoded_len(Limit::NONE), 3);
        assert_eq!(fields.count(), 3);
        assert!(matches!(fields.value(0), Value::Uint(1)));
        assert!(matches!(fields.value(1), Value::Text(b"a long text")));
        assert!(matches!(fields.value(2), Value::Int(-2)));
        assert!(matches!(fields.value(3), Value::None));
    }
}
