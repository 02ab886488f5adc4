//! What decoding makes of the fields: values, or nothing.

use thalweg_model::Value;

/// Takes fields as they are decoded. `&mut self` is not needed: values are made bottom up.
pub(super) trait Build<'a> {
    /// What a field becomes.
    type One;
    /// Fields of a structure or elements of a list, so far.
    type Many;
    /// Whether fields without a note may be passed over.
    const SKIPS: bool;

    fn unsigned(value: u64) -> Self::One;
    fn signed(value: i64) -> Self::One;
    fn f32(value: f32) -> Self::One;
    fn f64(value: f64) -> Self::One;
    fn text(value: &'a [u8]) -> Self::One;
    fn many(capacity: usize) -> Self::Many;
    fn push(many: &mut Self::Many, one: Self::One);
    fn structure(many: Self::Many) -> Self::One;
    fn list(many: Self::Many) -> Self::One;
    fn variant(option: usize, one: Self::One) -> Self::One;
}

/// Makes values.
pub(super) enum Values {}

impl<'a> Build<'a> for Values {
    type One = Value<'a>;
    type Many = Vec<Value<'a>>;
    const SKIPS: bool = false;

    #[inline]
    fn unsigned(value: u64) -> Value<'a> {
        Value::Unsigned(value)
    }

    #[inline]
    fn signed(value: i64) -> Value<'a> {
        Value::Signed(value)
    }

    fn f32(value: f32) -> Value<'a> {
        Value::F32(value)
    }

    fn f64(value: f64) -> Value<'a> {
        Value::F64(value)
    }

    #[inline]
    fn text(value: &'a [u8]) -> Value<'a> {
        Value::Text(value)
    }

    fn many(capacity: usize) -> Vec<Value<'a>> {
        Vec::with_capacity(capacity)
    }

    #[inline]
    fn push(many: &mut Vec<Value<'a>>, one: Value<'a>) {
        many.push(one);
    }

    fn structure(many: Vec<Value<'a>>) -> Value<'a> {
        Value::Struct(many)
    }

    fn list(many: Vec<Value<'a>>) -> Value<'a> {
        Value::List(many)
    }

    fn variant(option: usize, one: Value<'a>) -> Value<'a> {
        Value::Variant(option, Box::new(one))
    }
}

/// Makes nothing; only what fields note in the cursor remains.
pub(super) enum Nothing {}

impl Build<'_> for Nothing {
    type One = ();
    type Many = ();
    const SKIPS: bool = true;

    fn unsigned(_: u64) {}
    fn signed(_: i64) {}
    fn f32(_: f32) {}
    fn f64(_: f64) {}
    fn text(_: &[u8]) {}
    fn many(_: usize) {}
    fn push((): &mut (), (): ()) {}
    fn structure((): ()) {}
    fn list((): ()) {}
    fn variant(_: usize, (): ()) {}
}
