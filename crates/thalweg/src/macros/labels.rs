//! Enums whose numbers have labels.

/// Defines an enum whose values are shown by their names.
///
/// ```
/// thalweg::labels! {
///     /// How an order was paid.
///     #[derive(Clone, Copy, Debug)]
///     pub enum Payment: u8 { Cash = 0, Card = 1 }
/// }
/// thalweg::event!("shop:paid", { how: Payment = Payment::Cash });
/// ```
///
/// A label can stand for a range. Written as a `struct` the enum is open: it holds any number, those
/// too that have no label. A label that stands for a range is the constant of its first number.
///
/// ```
/// thalweg::labels! {
///     /// What a server answered.
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     pub struct Status: u16 { Ok = 200..=299, NotFound = 404, Error = 500..=599 }
/// }
/// assert_eq!(Status::Error, Status(500));
/// thalweg::event!("shop:answered", { first: Status = Status::NotFound, second: Status = Status(503) });
/// ```
#[macro_export]
macro_rules! labels {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident : $repr:ident {
            $($(#[$label_meta:meta])* $label:ident = $numbers:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr($repr)]
        $visibility enum $name {
            $($(#[$label_meta])*
            $label = $crate::__private::Numbers::<$repr, _>::of($numbers).first()),+
        }

        $crate::__labels!(
            $name, $repr, |this| match this { $(Self::$label => $name::$label as $repr),+ },
            $($label = $numbers),+
        );
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident : $repr:ident {
            $($(#[$label_meta:meta])* $label:ident = $numbers:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr(transparent)]
        $visibility struct $name(
            /// The number.
            $visibility $repr,
        );

        #[allow(non_upper_case_globals, dead_code, reason = "a constant is called as its label is")]
        impl $name {
            $($(#[$label_meta])*
            #[doc = ::core::concat!("The first number of `", ::core::stringify!($label), "`.")]
            $visibility const $label: Self =
                Self($crate::__private::Numbers::<$repr, _>::of($numbers).first());)+
        }

        $crate::__labels!($name, $repr, |this| this.0, $($label = $numbers),+);
    };
    ($($anything:tt)*) => {
        ::core::compile_error!(
            "labels are `enum Name: u8 { Label = number, Other = first..=last, … }`; `struct` instead of `enum` allows numbers without a label"
        );
    };
}

/// What makes a type with labels one of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __labels {
    ($name:ident, $repr:ident, |$this:ident| $number:expr, $($label:ident = $numbers:expr),+) => {
        const _: () = {
            $(::core::assert!(
                $crate::__private::Numbers::<$repr, _>::of($numbers).first()
                    <= $crate::__private::Numbers::<$repr, _>::of($numbers).last(),
                "the numbers of a label are `first..=last`, and both fit its type"
            );)+
        };

        impl $name {
            /// The number that is written.
            #[inline(always)]
            const fn __thalweg_number(&self) -> $repr {
                let $this = self;
                $number
            }
        }

        impl $crate::FieldType for $name {
            const CLASS: $crate::__private::FieldClass = $crate::__private::FieldClass::Enum {
                integer: $crate::__private::IntegerClass::new(
                    ::core::mem::size_of::<$repr>(),
                    <$repr>::MIN != 0,
                ),
                labels: &[$($crate::__private::Label {
                    first: $crate::__private::Numbers::<$repr, _>::of($numbers).first() as i64,
                    last: $crate::__private::Numbers::<$repr, _>::of($numbers).last() as i64,
                    name: ::core::stringify!($label),
                }),+],
            };

            #[inline(always)]
            fn encoded_len(&self, _: $crate::__private::Limit) -> usize {
                ::core::mem::size_of::<$repr>()
            }

            #[inline(always)]
            fn encode(
                &self,
                payload: &mut $crate::__private::Payload<'_>,
                _: $crate::__private::Limit,
            ) {
                payload.put(&self.__thalweg_number().to_le_bytes());
            }

            #[inline(always)]
            fn value(&self) -> $crate::__private::Value<'_> {
                let number = self.__thalweg_number();
                if <$repr>::MIN != 0 {
                    $crate::__private::Value::Int(number as i64)
                } else {
                    $crate::__private::Value::Uint(number as u64)
                }
            }
        }
    };
}
