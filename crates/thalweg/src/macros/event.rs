//! Events.

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
///
/// A field behind `nowrite` is for filters only: it is in the event's definition, and not in the
/// trace. `emf_uri` links the event to a model. The fields can be those of an
/// [`event_class!`](crate::event_class).
///
/// ```
/// # let (id, total) = (7_u64, 12.5);
/// thalweg::event!("shop:paid", Info, { id: u64 = id, nowrite total: f64 = total });
/// thalweg::event!("shop:sent", Info, emf_uri = "https://example.com/shop.ecore#sent", { id: u64 = id });
/// ```
#[macro_export]
macro_rules! event {
    ($name:expr $(,)?) => {
        $crate::__event!($name, DebugLine, "", {} [])
    };
    ($name:expr, { $($fields:tt)* } $(,)?) => {
        $crate::__event!($name, DebugLine, "", { $($fields)* } [])
    };
    ($name:expr, $level:ident $(,)?) => {
        $crate::__event!($name, $level, "", {} [])
    };
    ($name:expr, $level:ident, { $($fields:tt)* } $(,)?) => {
        $crate::__event!($name, $level, "", { $($fields)* } [])
    };
    ($name:expr, $level:ident, emf_uri = $uri:expr, { $($fields:tt)* } $(,)?) => {
        $crate::__event!($name, $level, $uri, { $($fields)* } [])
    };
    ($name:expr, $($class:ident)::+ { $($fields:tt)* } $(,)?) => {
        $crate::__instance!($name, DebugLine, "", ($($class)::+), { $($fields)* })
    };
    ($name:expr, $level:ident, $($class:ident)::+ { $($fields:tt)* } $(,)?) => {
        $crate::__instance!($name, $level, "", ($($class)::+), { $($fields)* })
    };
    ($name:expr, $level:ident, emf_uri = $uri:expr, $($class:ident)::+ { $($fields:tt)* } $(,)?) => {
        $crate::__instance!($name, $level, $uri, ($($class)::+), { $($fields)* })
    };
    ($($anything:tt)*) => {
        ::core::compile_error!(
            "an event is `event!(\"provider:name\", Level, { field: Type = expression, … })`; level and fields may be left out"
        )
    };
}

/// An event whose fields are given one by one, first in braces, and then, seen, in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    ($name:expr, $level:ident, $uri:expr, {} [$($kind:ident $field:ident : $type:ty = $value:expr,)*]) => {{
        $crate::__site!($name, $level, $uri, &[$($crate::__private::Field::$kind(
            $crate::__private::field_name(::core::stringify!($field)),
            <$type as $crate::FieldType>::CLASS,
        )),*]);
        if $crate::__private::is_enabled::<__GATE>() {
            $crate::__place!();
            $crate::__private::emit(
                &__SITE,
                $crate::__private::Nothing$(.$kind($crate::__private::typed::<$type>($value)))*,
            );
        }
    }};
    // All at once where no field is unusual, because one by one takes the compiler longer.
    ($name:expr, $level:ident, $uri:expr, { $($field:ident : $type:ty = $value:expr),+ $(,)? } []) => {
        $crate::__event!($name, $level, $uri, {} [$(written $field : $type = $value,)+])
    };
    ($name:expr, $level:ident, $uri:expr,
        { nowrite $field:ident : $type:ty = $value:expr $(, $($rest:tt)*)? } [$($seen:tt)*]) => {
        $crate::__event!($name, $level, $uri,
            { $($($rest)*)? } [$($seen)* nowrite $field : $type = $value,])
    };
    ($name:expr, $level:ident, $uri:expr,
        { $field:ident : $type:ty = $value:expr $(, $($rest:tt)*)? } [$($seen:tt)*]) => {
        $crate::__event!($name, $level, $uri,
            { $($($rest)*)? } [$($seen)* written $field : $type = $value,])
    };
    ($name:expr, $level:ident, $uri:expr, { nowrite $field:ident $($rest:tt)* } [$($seen:tt)*]) => {
        $crate::__bad_field!($field $($rest)*)
    };
    ($name:expr, $level:ident, $uri:expr, { $field:ident $($rest:tt)* } [$($seen:tt)*]) => {
        $crate::__bad_field!($field $($rest)*)
    };
    ($name:expr, $level:ident, $uri:expr, { $($rest:tt)* } [$($seen:tt)*]) => {
        ::core::compile_error!("a field is `name: Type = expression`")
    };
}

/// What is wrong with a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __bad_field {
    ($field:ident : $type:ty $(, $($rest:tt)*)?) => {
        ::core::compile_error!(::core::concat!(
            "field `",
            ::core::stringify!($field),
            "` has no value: a field is `name: Type = expression`"
        ))
    };
    ($field:ident = $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "field `",
            ::core::stringify!($field),
            "` has no type: a field is `name: Type = expression`"
        ))
    };
    ($field:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "field `",
            ::core::stringify!($field),
            "` is not `name: Type = expression`"
        ))
    };
}
