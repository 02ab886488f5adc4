//! What a filter reads while it runs.

use super::context::Context;

/// The value of a field, an element or a context.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A signed integer; of an enum its integer, of a truth 0 or 1.
    Int(i64),
    /// An unsigned integer. Filters see its 64 bits as `i64`, as in LTTng.
    Uint(u64),
    /// A float.
    Float(f64),
    /// The bytes of a text, without a NUL at the end.
    Text(&'a [u8]),
}

/// Where an evaluation finds its values. `None` is "there is none", and makes the filter false.
pub trait Source {
    /// The value of the field with this index, the one that `lookup` gave to
    /// [`link`](crate::link()). A list as a whole has no value.
    fn field(&self, index: u16) -> Option<Value<'_>>;

    /// Element `at` of the list with this index.
    fn element(&self, index: u16, at: u32) -> Option<Value<'_>> {
        let _ = (index, at);
        None
    }

    /// A context of the event.
    fn context(&self, context: Context) -> Option<Value<'_>> {
        let _ = context;
        None
    }

    /// A context that the program itself provides: `$app.PROVIDER:NAME`.
    fn app_context(&self, provider: &[u8], name: &[u8]) -> Option<Value<'_>> {
        let _ = (provider, name);
        None
    }
}
