//! Which bucket a number falls into: linear within each power of two.
//!
//! ```text
//!   0 1 … 31 | 32 33 … 63 | 64 66 … 126 | 128 132 … | …      32 buckets for each power of two
//! ```
//!
//! Numbers below 64 have a bucket each. Any other is told by the middle of its bucket to 1/64: 1.6 %.
//! Negative numbers have the same buckets, mirrored.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5};
use thalweg_bpf::{Assembler, Condition, Operation};

/// Bits of the place within a power of two.
const BITS: i32 = 5;
const PER_POWER: u64 = 1 << BITS;
/// In a bucket's number: it is of negative ones.
const NEGATIVE: i32 = 1 << 16;

/// The most that a number differs from the middle of its bucket, as a part of itself.
pub const BUCKET_ERROR: f64 = 0.5 / PER_POWER as f64;

/// Numbers that are not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// The least of them.
    pub first: i64,
    /// The largest.
    pub last: i64,
}

impl Bucket {
    /// The bucket of a number that a program has given.
    pub(super) fn of_index(index: u64) -> Self {
        let positive = index & (NEGATIVE as u64 - 1);
        let (first, last) = match positive / PER_POWER {
            0 => (positive, positive),
            power => {
                // A program gives no larger one.
                let shift = (power - 1).min(63 - BITS as u64);
                let part = PER_POWER + positive % PER_POWER;
                (part << shift, (part << shift) + ((1 << shift) - 1))
            }
        };
        // Only the least number has no positive counterpart.
        let bound = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        match index & NEGATIVE as u64 {
            0 => Self {
                first: bound(first),
                last: bound(last),
            },
            _ => Self {
                first: 0_i64.checked_sub_unsigned(last).unwrap_or(i64::MIN),
                last: 0_i64.checked_sub_unsigned(first).unwrap_or(i64::MIN),
            },
        }
    }

    /// A number that stands for all in it.
    pub fn middle(self) -> i64 {
        self.first + (self.last - self.first) / 2
    }
}

/// Writes code by which R0 becomes the bucket of R1.
pub(super) fn write(a: &mut Assembler) {
    let (positive, large, done) = (a.label(), a.label(), a.label());
    a.set(R2, 0);
    a.jump_if(Condition::GreaterOrEqual, R1, 0, positive);
    a.operate(Operation::Xor, R1, -1);
    a.add(R1, 1);
    a.set(R2, NEGATIVE);
    a.bind(positive);
    a.set(R0, R1);
    a.jump_if(Condition::Above, R1, PER_POWER as i32 - 1, large);
    a.jump(done);
    a.bind(large);
    // R3 becomes the power of two.
    a.set(R3, 0);
    a.set(R4, R1);
    for bits in [32, 16, 8, 4, 2, 1] {
        let below = a.label();
        let over = a.label();
        a.set_number(R5, (1 << bits) - 1);
        a.jump_if(Condition::Above, R4, R5, over);
        a.jump(below);
        a.bind(over);
        a.shift_right(R4, bits);
        a.add(R3, bits);
        a.bind(below);
    }
    a.add(R3, -BITS);
    // It is at most 58, which the verifier does not see.
    a.and(R3, 63);
    a.operate(Operation::ShiftRight, R1, R3);
    a.set(R0, R3);
    a.shift_left(R0, BITS);
    a.operate(Operation::Add, R0, R1);
    a.bind(done);
    a.operate(Operation::Add, R0, R2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index_of(value: i64) -> u64 {
        let mut a = Assembler::new();
        a.set_number(R1, value);
        write(&mut a);
        a.exit();
        let words = a.finish().unwrap();
        let program: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        let machine = rbpf::EbpfVmRaw::new(Some(&program)).unwrap();
        machine.execute_program(&mut [0]).unwrap()
    }

    #[test]
    fn a_number_is_in_its_bucket_which_is_narrow() {
        let edges = (0..63).flat_map(|bit| [(1_i64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let others =
            (0..4000_i64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> (n % 63));
        for value in edges.chain(others).chain([i64::MAX, i64::MIN]) {
            for value in [value, value.wrapping_neg()] {
                let bucket = Bucket::of_index(index_of(value));
                assert!(
                    bucket.first <= value && value <= bucket.last,
                    "{value}: {bucket:?}"
                );
                let error = (bucket.middle().abs_diff(value)) as f64;
                let most = value.unsigned_abs() as f64 * BUCKET_ERROR;
                assert!(error <= most + 0.5, "{value}: {bucket:?}");
            }
        }
    }

    #[test]
    fn buckets_follow_each_other() {
        for index in 0..1887 {
            let (one, next) = (Bucket::of_index(index), Bucket::of_index(index + 1));
            assert_eq!(one.last.checked_add(1), Some(next.first), "{index}");
        }
        assert_eq!(Bucket::of_index(1887).last, i64::MAX);
    }
}
