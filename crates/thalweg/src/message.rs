//! A formatted message: made on the stack, cut when it is too long.

use crate::field::CountedText;
use core::fmt::{self, Write};
use core::mem::MaybeUninit;

/// The most bytes of a message.
const ROOM: usize = 2048;

/// A message.
pub struct Message {
    /// Not initialized behind `len`: clearing it would cost more than most messages.
    bytes: [MaybeUninit<u8>; ROOM],
    len: usize,
    is_cut: bool,
}

impl Message {
    /// Formats a message; what a `Display` refuses to show ends it.
    #[inline(never)]
    pub fn of(arguments: fmt::Arguments<'_>) -> Self {
        let mut message = Self {
            bytes: [MaybeUninit::uninit(); ROOM],
            len: 0,
            is_cut: false,
        };
        let _ = message.write_fmt(arguments);
        message
    }

    /// The message as a field.
    pub fn text(&self) -> CountedText<'_> {
        let bytes = self.bytes[..self.len].as_ptr().cast::<u8>();
        // SAFETY: `write_str` wrote the first `len` bytes, and they are this message's own.
        CountedText(unsafe { core::slice::from_raw_parts(bytes, self.len) })
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_cut {
            return Ok(());
        }
        let taken = &text[..text.floor_char_boundary(ROOM - self.len)];
        let room = &mut self.bytes[self.len..self.len + taken.len()];
        room.write_copy_of_slice(taken.as_bytes());
        self.len += taken.len();
        self.is_cut = taken.len() < text.len();
        Ok(())
    }
}

/// The name of the function around a function that is called `here`.
pub fn function_around<T>(_: T) -> &'static str {
    let name = core::any::type_name::<T>();
    name.strip_suffix("::here").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: fmt::Arguments<'_>, expected: &str) {
        let message = Message::of(arguments);
        assert_eq!(core::str::from_utf8(message.text().0), Ok(expected));
    }

    #[test]
    fn a_message_is_formatted_as_always() {
        check(format_args!(""), "");
        check(
            format_args!("{:>4}|{:?}|{:x}", 7, "ß", 255),
            "   7|\"ß\"|ff",
        );
    }

    #[test]
    fn a_long_message_is_cut_between_two_characters_and_stays_cut() {
        let long = "x".repeat(ROOM - 1);
        check(format_args!("{long}ßa"), &long);
        check(format_args!("{long}ab"), &format!("{long}a"));
    }

    #[test]
    fn a_message_ends_where_a_value_cannot_be_shown() {
        struct Refuses;
        impl fmt::Display for Refuses {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        check(format_args!("before {Refuses} behind"), "before ");
    }

    #[test]
    fn a_function_is_named_with_its_modules() {
        fn here() {}
        let name = function_around(here);
        assert!(name.ends_with("message::tests::a_function_is_named_with_its_modules"));
    }
}
