//! The instructions of both forms of code, as numbers.
//!
//! ```text
//!   portable   version | instruction | instruction | …        bytes, little-endian
//!                        op u8, then its operands
//!
//!   linked     head    | instruction | instruction | … | END  u64 words
//!                        op 8 | a 8 | b 16 | c 32, then words of its own
//! ```
//!
//! Both are for a stack machine. Jumps go forward only and keep the height of the stack.
//!
//! Invariant: a number never changes its meaning; a new meaning is a new [`VERSION`].

/// Version of both forms.
pub(crate) const VERSION: u8 = 1;

/// Values that the stack can hold. Compiler and linker refuse what needs more.
pub(crate) const MAX_DEPTH: usize = 32;
/// How deep parentheses and signs can be nested in text.
pub(crate) const MAX_NESTING: usize = 64;
/// Jumps whose ends are nested in one another: `||` and `&&` for each level of parentheses.
pub(crate) const MAX_PENDING: usize = 2 * MAX_NESTING + 2;
/// The longest name of a field, with the path to it.
pub(crate) const MAX_NAME: usize = 255;
/// The longest provider and the longest name in `$app.PROVIDER:NAME`.
pub(crate) const MAX_APP_NAME: usize = 63;
/// Words of linked code that an evaluation will ever look at.
pub(crate) const MAX_WORDS: usize = 1 << 18;

/// Pushes an integer: i64.
pub(crate) const INT: u8 = 0x01;
/// Pushes a float: the bits of an f64.
pub(crate) const FLOAT: u8 = 0x02;
/// Pushes a pattern: u16 segments, each u16 length and bytes; between two of them is a star.
pub(crate) const TEXT: u8 = 0x03;
/// Pushes a field: u8 length, name.
pub(crate) const FIELD: u8 = 0x04;
/// Pushes an element: u32 index, u8 length, name.
pub(crate) const ELEMENT: u8 = 0x05;
/// Pushes a context: u8.
pub(crate) const CONTEXT: u8 = 0x06;
/// Pushes a context of the program: u8 length and provider, u8 length and name.
pub(crate) const APP: u8 = 0x07;

/// Negates a number.
pub(crate) const MINUS: u8 = 0x10;
/// 1 for zero, else 0.
pub(crate) const NOT: u8 = 0x11;
/// Turns each bit of an integer.
pub(crate) const BIT_NOT: u8 = 0x12;
/// 1 for what is true, else 0.
pub(crate) const TRUTH: u8 = 0x13;

/// The first of the arithmetic operators, in the order of `Arithmetic::ALL`.
pub(crate) const ARITHMETIC: u8 = 0x20;
/// The first of the comparisons, in the order of `Comparison::ALL`.
pub(crate) const COMPARISON: u8 = 0x30;

/// Takes a value; if it is false, pushes 0 and jumps: u16 bytes (linked: c words) from the next
/// instruction on.
pub(crate) const AND: u8 = 0x40;
/// Takes a value; if it is true, pushes 1 and jumps.
pub(crate) const OR: u8 = 0x41;

/// Linked only: the value on the stack is the filter's.
pub(crate) const END: u8 = 0x50;
/// Linked only: pushes how field b compares (a) with the integer in the next word.
pub(crate) const COMPARE_FIELD: u8 = 0x51;
/// Linked only: [`COMPARE_FIELD`], and then [`AND`] with c.
pub(crate) const COMPARE_FIELD_AND: u8 = 0x52;
/// Linked only: [`COMPARE_FIELD`], and then [`OR`] with c.
pub(crate) const COMPARE_FIELD_OR: u8 = 0x53;
/// Linked only: takes a value, pushes how it compares (a) with the integer in the next word.
pub(crate) const COMPARE_INT: u8 = 0x54;
/// Linked only: pushes whether field b compares (a: equal or not) with a text; the c words that
/// follow are the number of its segments and they.
pub(crate) const COMPARE_TEXT: u8 = 0x55;

/// An instruction's first word in linked code.
pub(crate) const fn word(op: u8, a: u8, b: u16, c: u32) -> u64 {
    op as u64 | (a as u64) << 8 | (b as u64) << 16 | (c as u64) << 32
}

/// The same word with another c.
pub(crate) const fn with_c(word: u64, c: u32) -> u64 {
    (word & 0xffff_ffff) | (c as u64) << 32
}

/// What follows `op` in an instruction's first word.
pub(crate) const fn operands(word: u64) -> (u8, u16, u32) {
    ((word >> 8) as u8, (word >> 16) as u16, (word >> 32) as u32)
}

/// The first word of linked code: bits 0 to 7 the version, 8 to 15 the form.
pub(crate) mod head {
    use super::VERSION;

    /// A field is missing: false, always.
    pub(crate) const NEVER: u8 = 1;
    /// One comparison: a is its operator, b the field; the constant is the second word.
    pub(crate) const SIMPLE: u8 = 2;
    /// Instructions follow; a is the depth of the stack that they need.
    pub(crate) const GENERAL: u8 = 3;
    /// Instructions follow, and all their values are truths.
    pub(crate) const FLAT: u8 = 4;

    /// The word: version 8 | form 8 | a 8 | 0 | b 16 | 0.
    pub(crate) const fn word(form: u8, a: u8, b: u16) -> u64 {
        VERSION as u64 | (form as u64) << 8 | (a as u64) << 16 | (b as u64) << 32
    }

    /// Form, a and b, if the version is ours.
    pub(crate) const fn parts(word: u64) -> Option<(u8, u8, u16)> {
        if word as u8 != VERSION {
            return None;
        }
        Some(((word >> 8) as u8, (word >> 16) as u8, (word >> 32) as u16))
    }
}
