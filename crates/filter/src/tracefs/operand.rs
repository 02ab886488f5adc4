//! What a field of the trace is to the kernel's filters.

use crate::text::{Fields, Kind};

/// Bits of an integer, and whether it has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// 8, 16, 32 or 64.
    pub bits: u32,
    /// Whether it is in two's complement.
    pub signed: bool,
}

impl Width {
    /// The least and the largest value, as filters see them: 64 bits are always signed.
    pub(super) const fn seen(self) -> (i128, i128) {
        match self.bits {
            64 => Self::range(64, true),
            bits => Self::range(bits, self.signed),
        }
    }

    /// The least and the largest value.
    pub(super) const fn values(self) -> (i128, i128) {
        Self::range(self.bits, self.signed)
    }

    const fn range(bits: u32, signed: bool) -> (i128, i128) {
        match signed {
            true => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            false => (0, (1 << bits) - 1),
        }
    }
}

/// An integer: the trace's value is the kernel's and [`Self::add`], in as many bits as the trace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerOperand<'f> {
    /// The kernel's name for it.
    pub name: &'f str,
    /// As it lies in the kernel's record.
    pub kernel: Width,
    /// As it lies in the trace.
    pub trace: Width,
    /// What the trace's value is more than the kernel's.
    pub add: i32,
}

/// A text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOperand<'f> {
    /// The kernel's name for it.
    pub name: &'f str,
    /// The most bytes that it has, if there is such a limit.
    pub room: Option<u32>,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand<'f> {
    /// Of any size.
    Integer(IntegerOperand<'f>),
    /// Up to its NUL.
    Text(TextOperand<'f>),
    /// Nothing that the kernel compares as the trace has it; why.
    Closed(&'static str),
}

/// The fields of an event.
pub trait Operands {
    /// The field of this name.
    fn operand(&self, name: &str) -> Option<Operand<'_>>;

    /// The names to choose from, for whoever mistyped one.
    fn names(&self) -> impl Iterator<Item = &str>;
}

/// The same fields, for the check of kinds.
pub(super) struct Kinds<'o, O: ?Sized>(pub(super) &'o O);

impl<O: Operands + ?Sized> Fields for Kinds<'_, O> {
    fn kind(&self, path: &str) -> Option<Kind> {
        let name = path.split(['.', '[']).next().unwrap_or(path);
        Some(match self.0.operand(name)? {
            Operand::Integer(_) => Kind::Integer,
            Operand::Text(_) => Kind::Text,
            Operand::Closed(_) => Kind::Unknown,
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }
}
