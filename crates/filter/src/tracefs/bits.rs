//! Comparisons of some bits of an integer: the kernel tells whether one of a set of bits is set.
//!
//! ```text
//!   bits less than 0b0110     !(f & 8) && (!(f & 4) || (!(f & 2) || …))      from the highest bit on
//! ```
//!
//! That is how numbers are compared that the trace has in fewer bits than the kernel, and `f & MASK`.

use alloc::format;

use super::integer::{common, wanted};
use super::operand::{IntegerOperand, Width};
use super::predicate::Predicate;
use crate::operator::Comparison;

/// A number that some bits of a field are, at their places, less [`Self::zero`].
#[derive(Clone, Copy, Debug)]
pub(super) struct BitNumber<'f> {
    field: IntegerOperand<'f>,
    mask: u64,
    /// A bit that is counted when it is not set: the sign.
    turned: u64,
    zero: i128,
}

impl<'f> BitNumber<'f> {
    /// The number in the trace, of a field that has fewer bits there.
    pub(super) fn of(field: IntegerOperand<'f>) -> Self {
        let Width { bits, signed } = field.trace;
        let sign = 1 << (bits - 1);
        let turned = if signed { sign } else { 0 };
        Self {
            field,
            mask: low(bits),
            turned,
            zero: turned.into(),
        }
    }

    /// `field & mask`; `None` if some of those bits are none of the kernel's.
    pub(super) fn masked(field: IntegerOperand<'f>, mask: i64) -> Option<Self> {
        let bits = field.trace.bits.min(field.kernel.bits);
        // Bits beyond the number are zero, or all the sign.
        let has_sign = match field.trace.bits <= field.kernel.bits {
            true => field.trace.signed,
            false => field.kernel.signed,
        };
        let mask = mask.cast_unsigned();
        let beyond = mask & !low(bits) != 0 && has_sign;
        (field.add == 0 && !beyond).then_some(Self {
            field,
            mask: mask & low(bits),
            turned: 0,
            zero: 0,
        })
    }

    /// The number compared with a constant.
    pub(super) fn compare(self, comparison: Comparison, constant: i64) -> Predicate {
        if comparison == Comparison::Ne {
            return self.compare(Comparison::Eq, constant).negated();
        }
        // With all 64 bits, filters take the highest for a sign.
        let number = match self.mask >> 63 {
            0 => self,
            _ => self.signed(),
        };
        let wanted = wanted(comparison, constant);
        Predicate::any(wanted.into_iter().filter_map(|(first, last)| {
            let moved = (first + number.zero, last + number.zero);
            let (first, last) = common(moved, (0, u64::MAX.into()))?;
            Some(number.between(first as u64, last as u64))
        }))
    }

    /// Its highest bit is a sign.
    const fn signed(self) -> Self {
        Self {
            turned: 1 << 63,
            zero: 1 << 63,
            ..self
        }
    }

    fn between(self, first: u64, last: u64) -> Predicate {
        if first == last {
            return self.equal(first);
        }
        let at_most = match last.checked_add(1) {
            Some(limit) => self.less(limit),
            None => Predicate::Known(true),
        };
        Predicate::all([self.less(first).negated(), at_most])
    }

    fn equal(self, number: u64) -> Predicate {
        if number & !self.mask != 0 {
            return Predicate::Known(false);
        }
        let set = number ^ self.turned;
        let ones = bits_of(set).map(|bit| self.any_of(bit));
        let clear = self.any_of(self.mask & !set).negated();
        Predicate::all(ones.chain([clear]))
    }

    /// From the lowest bit up: what the higher ones decide comes last.
    fn less(self, limit: u64) -> Predicate {
        let mut less = Predicate::Known(false);
        for bit in bits_of(self.mask | limit).rev() {
            let (is_ours, is_limits) = (self.mask & bit != 0, limit & bit != 0);
            less = match (is_ours, is_limits) {
                (false, _) => Predicate::Known(true),
                (true, true) => Predicate::any([self.bit(bit).negated(), less]),
                (true, false) => Predicate::all([self.bit(bit).negated(), less]),
            };
        }
        less
    }

    /// Whether a bit of the number is set.
    fn bit(self, bit: u64) -> Predicate {
        let is_set = self.any_of(bit);
        match self.turned & bit {
            0 => is_set,
            _ => is_set.negated(),
        }
    }

    /// Whether one of the field's bits is set. Constants for a field with a sign have one, too.
    fn any_of(self, bits: u64) -> Predicate {
        let name = self.field.name;
        let (sign, plain) = match self.field.kernel {
            Width { bits: 64, signed } if signed => (bits >> 63 << 63, bits << 1 >> 1),
            _ => (0, bits),
        };
        let tests = [
            (sign, format!("{name} < 0")),
            (plain, format!("{name} & {plain:#x}")),
        ];
        let tests = tests.into_iter().filter(|(bits, _)| *bits != 0);
        Predicate::any(tests.map(|(_, text)| Predicate::test(text)))
    }
}

/// So many bits from the lowest on.
const fn low(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
}

/// The bits that are set, the highest first.
fn bits_of(number: u64) -> impl DoubleEndedIterator<Item = u64> {
    let bits = (0..64).rev().map(|place| 1 << place);
    bits.filter(move |bit| number & bit != 0)
}
