//! Integers and floats, in every base and byte order, and `bool`.

use super::class::FieldType;
use super::limit::Limit;
use super::value::Value;
use thalweg_abi::field::{self, ByteOrder, FieldClass, Label};
use thalweg_ring::Payload;

/// An integer or a float, which can be written in the network's byte order.
#[diagnostic::on_unimplemented(message = "`{Self}` is no number of one byte order")]
pub trait Number: FieldType + Copy {
    /// Appends the number with its most significant byte first.
    #[doc(hidden)]
    fn encode_big(self, payload: &mut Payload<'_>);
}

/// An integer, which can be shown in another base.
#[diagnostic::on_unimplemented(message = "`{Self}` is no integer that has a base")]
pub trait Integer: FieldType + Copy {}

macro_rules! number {
    ($($type:ty => $class:expr, $value:ident as $wide:ty;)*) => {$(
        impl FieldType for $type {
            const CLASS: FieldClass = $class;

            #[inline(always)]
            fn encoded_len(&self, _: Limit) -> usize {
                size_of::<Self>()
            }

            #[inline(always)]
            fn encode(&self, payload: &mut Payload<'_>, _: Limit) {
                payload.put(&self.to_le_bytes());
            }

            #[inline(always)]
            fn value(&self) -> Value<'_> {
                Value::$value(*self as $wide)
            }

            #[inline(always)]
            fn encode_fresh(&self, payload: &mut Payload<'_>, limit: Limit) {
                // SAFETY: reads through a reference. Volatile, because those loads are not merged.
                let value = unsafe { core::ptr::from_ref(self).read_volatile() };
                value.encode(payload, limit);
            }

            #[inline(always)]
            fn encode_all(elements: &[Self], payload: &mut Payload<'_>, _: Limit) {
                let (begin, len) = (elements.as_ptr().cast::<u8>(), size_of_val(elements));
                // SAFETY: the same memory as bytes: numbers have no padding. They are
                // little-endian, because the machine is.
                payload.put(unsafe { core::slice::from_raw_parts(begin, len) });
            }
        }

        impl Number for $type {
            #[inline(always)]
            fn encode_big(self, payload: &mut Payload<'_>) {
                payload.put(&self.to_be_bytes());
            }
        }
    )*};
}

macro_rules! integer {
    ($($type:ty => $signed:expr, $value:ident as $wide:ty;)*) => {
        number! {$(
            $type => FieldClass::Integer(field::Integer::new(size_of::<$type>(), $signed)),
                $value as $wide;
        )*}

        $(impl Integer for $type {})*
    };
}

integer! {
    u8 => false, Uint as u64;
    u16 => false, Uint as u64;
    u32 => false, Uint as u64;
    u64 => false, Uint as u64;
    usize => false, Uint as u64;
    i8 => true, Int as i64;
    i16 => true, Int as i64;
    i32 => true, Int as i64;
    i64 => true, Int as i64;
    isize => true, Int as i64;
}

const fn float(bytes: u8) -> FieldClass {
    let order = ByteOrder::Little;
    FieldClass::Float { bytes, order }
}

number! {
    f32 => float(4), Float as f64;
    f64 => float(8), Float as f64;
}

impl FieldType for bool {
    const CLASS: FieldClass = FieldClass::Enum {
        integer: field::Integer::new(1, false),
        labels: &[
            Label {
                first: 0,
                last: 0,
                name: "false",
            },
            Label {
                first: 1,
                last: 1,
                name: "true",
            },
        ],
    };

    #[inline(always)]
    fn encoded_len(&self, _: Limit) -> usize {
        1
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, _: Limit) {
        payload.put(&[u8::from(*self)]);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Uint(u64::from(*self))
    }
}

/// The methods of a field that is written as what is in it.
macro_rules! as_what_is_inside {
    () => {
        #[inline(always)]
        fn encoded_len(&self, limit: Limit) -> usize {
            self.0.encoded_len(limit)
        }

        #[inline(always)]
        fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
            self.0.encode(payload, limit);
        }

        #[inline(always)]
        fn value(&self) -> Value<'_> {
            self.0.value()
        }

        #[inline(always)]
        fn encode_fresh(&self, payload: &mut Payload<'_>, limit: Limit) {
            self.0.encode_fresh(payload, limit);
        }
    };
}

pub(crate) use as_what_is_inside;

macro_rules! based {
    ($($(#[$meta:meta])* $name:ident = $base:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<T>(pub T);

        impl<T: Integer> FieldType for $name<T> {
            const CLASS: FieldClass = T::CLASS.in_base($base);

            as_what_is_inside!();
        }

        impl<T: Integer + Number> Number for $name<T> {
            #[inline(always)]
            fn encode_big(self, payload: &mut Payload<'_>) {
                self.0.encode_big(payload);
            }
        }
    )*};
}

based! {
    /// An integer that is shown in hexadecimal.
    Hex = 16;
    /// An integer that is shown in octal.
    Oct = 8;
    /// An integer that is shown in binary.
    Bin = 2;
}

/// A number in the network's byte order, as the trace has it; it is given in the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigEndian<T>(pub T);

impl<T: Number> FieldType for BigEndian<T> {
    const CLASS: FieldClass = T::CLASS.in_order(ByteOrder::Big);

    #[inline(always)]
    fn encoded_len(&self, limit: Limit) -> usize {
        self.0.encoded_len(limit)
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, _: Limit) {
        self.0.encode_big(payload);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        self.0.value()
    }
}

impl<T: Integer + Number> Integer for BigEndian<T> {}
