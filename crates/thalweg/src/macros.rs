//! The macros: what a program writes.

/// Emits an event, if a collector asked for it.
///
/// `event!("provider:name", Level, { field: Type = expression, … })`; the level (default
/// `DebugLine`, as in LTTng) and the fields may be left out. The expressions are evaluated only
/// when the event is enabled.
///
/// ```
/// let (id, name) = (7_u64, "Ada");
/// thalweg::event!("shop:order", Info, { id: u64 = id, customer: &str = name });
/// thalweg::event!("shop:tick", Debug);
/// thalweg::event!("shop:tock");
/// ```
#[macro_export]
macro_rules! event {
    ($name:expr $(,)?) => {
        $crate::event!($name, DebugLine, {})
    };
    ($name:expr, { $($fields:tt)* } $(,)?) => {
        $crate::event!($name, DebugLine, { $($fields)* })
    };
    ($name:expr, $level:ident $(,)?) => {
        $crate::event!($name, $level, {})
    };
    ($name:expr, $level:ident, { $($field:ident : $type:ty = $value:expr),* $(,)? } $(,)?) => {{
        $crate::__site!($name, $level, { $($field: $type),* });
        if $crate::__private::is_enabled::<GATE>() {
            match ($($crate::__private::typed::<$type>($value),)*) {
                ($($field,)*) => $crate::__private::emit(
                    &SITE,
                    move |_payload| match _payload {
                        None => 0 $(+ $crate::FieldType::encoded_len(&$field))*,
                        Some(_payload) => {
                            $($crate::FieldType::encode_fresh(&$field, _payload);)*
                            0
                        }
                    },
                ),
            }
        }
    }};
}

/// Emits `NAME_begin` with the fields now, and `NAME_end` when the returned [`Span`](crate::Span)
/// is dropped.
///
/// ```
/// let _request = thalweg::span!("shop:request", Info, { id: u64 = 7 });
/// ```
#[macro_export]
macro_rules! span {
    ($name:literal $(,)?) => {
        $crate::span!($name, DebugLine, {})
    };
    ($name:literal, { $($fields:tt)* } $(,)?) => {
        $crate::span!($name, DebugLine, { $($fields)* })
    };
    ($name:literal, $level:ident $(,)?) => {
        $crate::span!($name, $level, {})
    };
    ($name:literal, $level:ident, { $($fields:tt)* } $(,)?) => {{
        $crate::event!(::core::concat!($name, "_begin"), $level, { $($fields)* });
        $crate::__site!(::core::concat!($name, "_end"), $level, {});
        $crate::Span::new(&SITE)
    }};
}

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
#[macro_export]
macro_rules! labels {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident : $repr:ident {
            $($(#[$label_meta:meta])* $label:ident = $number:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr($repr)]
        $visibility enum $name {
            $($(#[$label_meta])* $label = $number),+
        }

        impl $crate::FieldType for $name {
            const CLASS: $crate::__private::FieldClass = $crate::__private::FieldClass::Enum {
                bytes: ::core::mem::size_of::<$repr>() as u8,
                #[allow(unused_comparisons, reason = "an unsigned type has no less than zero")]
                signed: <$repr>::MIN < 0,
                labels: &[$(($name::$label as $repr as i64, ::core::stringify!($label))),+],
            };

            #[inline(always)]
            fn encoded_len(&self) -> usize {
                ::core::mem::size_of::<$repr>()
            }

            #[inline(always)]
            fn encode(&self, payload: &mut $crate::__private::Payload<'_>) {
                let number: $repr = match self { $(Self::$label => $name::$label as $repr),+ };
                payload.put(&number.to_le_bytes());
            }
        }

        impl $crate::Scalar for $name {}
    };
}

/// The static of a call site, and its gate.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($name:expr, $level:ident, { $($field:ident : $type:ty),* }) => {
        const GATE: u16 =
            $crate::__private::gate_of(::core::file!(), ::core::line!(), ::core::column!());
        #[used]
        #[unsafe(link_section = "thalweg_sites")]
        static SITE: $crate::__private::Site = $crate::__private::Site::new(
            $name,
            $crate::Level::$level,
            &[$($crate::__private::Field {
                name: $crate::__private::field_name(::core::stringify!($field)),
                class: <$type as $crate::FieldType>::CLASS,
            }),*],
            (::core::file!(), ::core::line!(), GATE),
        );
    };
}
