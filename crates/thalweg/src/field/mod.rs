//! What a field can be, and how it is written.
//!
//! ```text
//!   number.rs     integers, floats, bool; Hex, Oct, Bin, BigEndian
//!   text.rs       char, &str, &CStr, Text, CountedText; Bounded
//!   blob.rs       Blob, with a media type
//!   list.rs       arrays and slices of any of these
//!   optional.rs   Option
//!   list of fields: fields.rs     what a filter sees of one: value.rs     long texts: limit.rs
//! ```
//!
//! All is packed and little-endian: integers and floats as they are, `bool` and enums as integers
//! with labels, text with a NUL behind it, slices with a `u32` length before them, an `Option` with
//! a byte before it.

mod blob;
mod class;
mod fields;
mod limit;
mod list;
mod number;
mod optional;
mod text;
mod value;

pub use blob::{Blob, MediaType, OctetStream};
pub use class::FieldType;
pub use fields::{And, Fields, Nothing};
pub use limit::Limit;
pub(crate) use number::as_what_is_inside;
pub use number::{BigEndian, Bin, Hex, Integer, Number, Oct};
pub use text::{Bounded, CountedText, Text};
pub use value::{Parts, Value};
