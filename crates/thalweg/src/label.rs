//! The numbers of a label: one, or a range.
//!
//! A macro cannot tell `3` from `3..=7` when either is an expression. So the expression's type
//! chooses what to do: a type of its own for each kind of number has methods of the same names.

use core::marker::PhantomData;
use core::ops::RangeInclusive;

/// One number of type `R`, or a range of them, as `T` says.
#[derive(Debug)]
pub struct Numbers<R, T> {
    numbers: T,
    /// Of this type, whatever type a literal would have.
    _of: PhantomData<R>,
}

impl<R, T> Numbers<R, T> {
    /// These numbers.
    pub const fn of(numbers: T) -> Self {
        Self {
            numbers,
            _of: PhantomData,
        }
    }
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Numbers<$type, $type> {
            /// The number.
            pub const fn first(self) -> $type {
                self.numbers
            }

            /// The number.
            pub const fn last(self) -> $type {
                self.numbers
            }
        }

        impl Numbers<$type, RangeInclusive<$type>> {
            /// The first of them.
            pub const fn first(self) -> $type {
                *self.numbers.start()
            }

            /// The last of them.
            pub const fn last(self) -> $type {
                *self.numbers.end()
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }
