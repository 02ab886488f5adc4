//! The value of a field.

/// A value, borrowed from the packet that holds it where that is possible.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// An unsigned integer, or an enumeration over one.
    Unsigned(u64),
    /// A signed integer, or an enumeration over one.
    Signed(i64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// A string, or an array or sequence of characters up to its first NUL; not always UTF-8.
    Text(&'a [u8]),
    /// An array's or a sequence's elements.
    List(Vec<Value<'a>>),
    /// A structure's fields, in the order of its class.
    Struct(Vec<Value<'a>>),
    /// The chosen option's index in the variant's class, and its value.
    Variant(usize, Box<Value<'a>>),
}
