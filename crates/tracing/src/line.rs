//! The fields of an event as one text, where they cannot be typed: `id=7 peer="ada"`.

use core::fmt::{self, Write};
use thalweg::dynamic::Value;

use crate::code::{Code, decoded};
use crate::texts::Texts;
use crate::variant::Names;

/// A value as the text shows it.
struct Shown<'v>(&'v Value<'v>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::U64(value) => write!(out, "{value}"),
            Value::I64(value) => write!(out, "{value}"),
            Value::F64(value) => write!(out, "{value}"),
            Value::Bool(value) => write!(out, "{value}"),
            Value::Text(value) => write!(out, "{value:?}"),
            Value::Bytes(value) => write!(out, "{value:?}"),
            other => write!(out, "{other:?}"),
        }
    }
}

/// Writes the values; what has no room is cut.
#[cold]
pub(crate) fn write(texts: &mut Texts, names: Names<'_>, codes: &[Code], values: &[Value<'_>]) {
    let mut space = "";
    for (code, value) in codes.iter().zip(values) {
        let name = names.field(decoded(*code).0);
        // An error means that there is no room: what is there is kept.
        let _ = write!(texts, "{space}{name}={}", Shown(value));
        space = " ";
    }
}
