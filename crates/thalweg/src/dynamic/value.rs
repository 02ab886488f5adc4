//! Kinds of fields and their values, known only at run time.

use crate::field::{FieldType, Limit, Value as FilterValue};
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident: $type:ty, $rust:ty;)*) => {
        /// What a field of a dynamic event holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$meta])* $name,)*
        }

        /// A value of such a field.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Value<'v> {
            $($(#[$meta])* $name($type),)*
        }

        impl Kind {
            pub(crate) const fn class(self) -> FieldClass {
                match self {
                    $(Self::$name => <$rust as FieldType>::CLASS,)*
                }
            }
        }

        impl Value<'_> {
            /// The kind of field that takes this value.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)*
                }
            }

            pub(crate) fn encoded_len(&self, limit: Limit) -> usize {
                match self {
                    $(Self::$name(value) => value.encoded_len(limit),)*
                }
            }

            pub(crate) fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
                match self {
                    $(Self::$name(value) => value.encode(payload, limit),)*
                }
            }

            /// The value as a filter sees it.
            pub(crate) fn seen(&self) -> FilterValue<'_> {
                match self {
                    $(Self::$name(value) => value.value(),)*
                }
            }
        }
    };
}

kinds! {
    /// An unsigned integer of 8 bits.
    U8: u8, u8;
    /// An unsigned integer of 16 bits.
    U16: u16, u16;
    /// An unsigned integer of 32 bits.
    U32: u32, u32;
    /// An unsigned integer of 64 bits.
    U64: u64, u64;
    /// A signed integer of 8 bits.
    I8: i8, i8;
    /// A signed integer of 16 bits.
    I16: i16, i16;
    /// A signed integer of 32 bits.
    I32: i32, i32;
    /// A signed integer of 64 bits.
    I64: i64, i64;
    /// A float of 32 bits.
    F32: f32, f32;
    /// A float of 64 bits.
    F64: f64, f64;
    /// True or false.
    Bool: bool, bool;
    /// Text.
    Text: &'v str, &str;
    /// Bytes.
    Bytes: &'v [u8], &[u8];
    /// A list of unsigned integers.
    U64s: &'v [u64], &[u64];
    /// A list of signed integers.
    I64s: &'v [i64], &[i64];
    /// A list of floats.
    F64s: &'v [f64], &[f64];
}
