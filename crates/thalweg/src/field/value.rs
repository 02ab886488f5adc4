//! What a filter sees of a field.

/// The value of a field.
#[derive(Clone, Copy)]
pub enum Value<'f> {
    /// There is none: an `Option` that is `None`, or a field that filters cannot use.
    None,
    /// A signed integer, or an enum over one.
    Int(i64),
    /// An unsigned integer, an enum over one, or a `bool`.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A character: a text of one.
    Char(char),
    /// Text: the bytes up to its NUL, or all if it has none.
    Text(&'f [u8]),
    /// A list's elements, or a structure's members in their order.
    Parts(&'f dyn Parts),
}

/// A value that consists of values.
pub trait Parts {
    /// How many.
    fn count(&self) -> usize;

    /// One of them; [`Value::None`] behind the last.
    fn part(&self, index: usize) -> Value<'_>;
}
