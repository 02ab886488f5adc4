//! Structures of fields: as a field of an event, and as all of its fields.

/// Defines a structure that a field can have.
///
/// ```
/// thalweg::fields! {
///     /// Where something is.
///     #[derive(Clone, Copy)]
///     struct Point { x: i32, y: i32 }
/// }
/// let path = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
/// thalweg::event!("shop:moved", { from: Point = path[0], all: &[Point] = &path });
/// ```
#[macro_export]
macro_rules! fields {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident $(<$($life:lifetime),+ $(,)?>)? {
            $($(#[$field_meta:meta])* $field_visibility:vis $field:ident : $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility struct $name $(<$($life),+>)? {
            $($(#[$field_meta])* $field_visibility $field : $type),*
        }

        impl $(<$($life),+>)? $crate::FieldType for $name $(<$($life),+>)? {
            const CLASS: $crate::__private::FieldClass = $crate::__private::FieldClass::Struct {
                fields: &[$($crate::__private::Field::written(
                    $crate::__private::field_name(::core::stringify!($field)),
                    <$type as $crate::FieldType>::CLASS,
                )),*],
            };

            #[inline(always)]
            fn encoded_len(&self, _limit: $crate::__private::Limit) -> usize {
                0 $(+ $crate::FieldType::encoded_len(&self.$field, _limit))*
            }

            #[inline(always)]
            fn encode(
                &self,
                _payload: &mut $crate::__private::Payload<'_>,
                _limit: $crate::__private::Limit,
            ) {
                $($crate::FieldType::encode(&self.$field, _payload, _limit);)*
            }

            #[inline(always)]
            fn value(&self) -> $crate::__private::Value<'_> {
                $crate::__private::Value::Parts(self)
            }
        }

        impl $(<$($life),+>)? $crate::__private::Parts for $name $(<$($life),+>)? {
            fn count(&self) -> usize {
                <[&str]>::len(&[$(::core::stringify!($field)),*])
            }

            fn part(&self, index: usize) -> $crate::__private::Value<'_> {
                let mut _left = index;
                $(
                    if _left == 0 {
                        return $crate::FieldType::value(&self.$field);
                    }
                    _left -= 1;
                )*
                $crate::__private::Value::None
            }
        }
    };
    ($($anything:tt)*) => {
        ::core::compile_error!("a structure of fields is `struct Name { field: Type, … }`");
    };
}

/// Defines fields that several events have.
///
/// An event of the class is written like a value of the structure; the class's fields are the
/// event's own. As in [`event!`](crate::event), `nowrite` makes a field that only filters see.
///
/// ```
/// thalweg::event_class! {
///     /// Something happened to an order.
///     struct Order<'o> { id: u64, customer: &'o str, nowrite total: f64 }
/// }
/// let (id, customer, total) = (7, "Ada", 12.5);
/// thalweg::event!("shop:received", Info, Order { id, customer, total });
/// thalweg::event!("shop:refused", Warning, Order { id, customer, total });
/// ```
#[macro_export]
macro_rules! event_class {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident $(<$($life:lifetime),+ $(,)?>)? { $($fields:tt)* }
    ) => {
        $crate::__class! {
            ($(#[$meta])* $visibility) $name ($($($life),+)?) { $($fields)* } []
        }
    };
    ($($anything:tt)*) => {
        ::core::compile_error!("an event class is `struct Name { field: Type, nowrite field: Type, … }`");
    };
}

/// A class whose fields are first in braces, and then, seen, in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __class {
    (
        ($(#[$meta:meta])* $visibility:vis) $name:ident ($($life:lifetime),*) {}
        [$($kind:ident ($($before:tt)*) $field:ident : $type:ty,)*]
    ) => {
        $(#[$meta])*
        $visibility struct $name <$($life),*> {
            $($($before)* $field : $type),*
        }

        #[allow(elided_lifetimes_in_paths, reason = "the kind of a class is the same for each")]
        impl<$($life),*> $crate::EventClass for $name <$($life),*> {
            type Kind = fn($name);

            const FIELDS: &'static [$crate::__private::Field] = &[
                $($crate::__private::Field::$kind(
                    $crate::__private::field_name(::core::stringify!($field)),
                    <$type as $crate::FieldType>::CLASS,
                )),*
            ];

            #[inline(always)]
            fn into_fields(self) -> impl $crate::__private::Fields {
                $crate::__private::Nothing $(.$kind(self.$field))*
            }
        }
    };
    (
        $head:tt $name:ident $lives:tt
        { $(#[$meta:meta])* nowrite $field:ident : $type:ty $(, $($rest:tt)*)? } [$($seen:tt)*]
    ) => {
        $crate::__class! {
            $head $name $lives { $($($rest)*)? }
            [$($seen)* nowrite ($(#[$meta])*) $field : $type,]
        }
    };
    (
        $head:tt $name:ident $lives:tt
        { $(#[$meta:meta])* pub nowrite $field:ident : $type:ty $(, $($rest:tt)*)? } [$($seen:tt)*]
    ) => {
        $crate::__class! {
            $head $name $lives { $($($rest)*)? }
            [$($seen)* nowrite ($(#[$meta])* pub) $field : $type,]
        }
    };
    (
        $head:tt $name:ident $lives:tt
        { $(#[$meta:meta])* $visibility:vis $field:ident : $type:ty $(, $($rest:tt)*)? }
        [$($seen:tt)*]
    ) => {
        $crate::__class! {
            $head $name $lives { $($($rest)*)? }
            [$($seen)* written ($(#[$meta])* $visibility) $field : $type,]
        }
    };
    ($head:tt $name:ident $lives:tt { $($rest:tt)* } [$($seen:tt)*]) => {
        ::core::compile_error!(::core::concat!(
            "a field of class `", ::core::stringify!($name), "` is not `name: Type`"
        ));
    };
}

/// An event whose fields are those of a class.
#[doc(hidden)]
#[macro_export]
macro_rules! __instance {
    ($name:expr, $level:ident, $uri:expr, ($($class:ident)::+), { $($fields:tt)* }) => {{
        $crate::__site!($name, $level, $uri, <$($class)::+ as $crate::EventClass>::FIELDS);
        if $crate::__private::is_enabled::<__GATE>() {
            $crate::__place!();
            $crate::__private::emit(
                &__SITE,
                $crate::EventClass::into_fields($($class)::+ { $($fields)* }),
            );
        }
    }};
}
