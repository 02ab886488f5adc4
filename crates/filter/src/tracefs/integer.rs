//! Comparisons of an integer, by sets of values.
//!
//! ```text
//!   trace:  v < 20           v = kernel's + add, in the trace's bits
//!   kernel: values that become such a v: intervals in the kernel's own order ──▶ `f < 120`
//! ```
//!
//! Invariant: an interval is not empty, and lies within the kernel's values.

use alloc::format;
use alloc::vec::Vec;

use super::bits::BitNumber;
use super::operand::IntegerOperand;
use super::predicate::Predicate;
use crate::operator::Comparison;

/// First and last.
type Interval = (i128, i128);

impl IntegerOperand<'_> {
    /// The trace's value compared with a constant.
    pub(super) fn compare(self, comparison: Comparison, constant: i64) -> Predicate {
        if self.trace.bits < self.kernel.bits {
            return BitNumber::of(self).compare(comparison, constant);
        }
        let mut sources = self.sources(&wanted(comparison, constant));
        sources.sort_unstable();
        self.test(&merged(&sources))
    }

    /// The kernel's values that become one of the wanted ones.
    fn sources(self, wanted: &[Interval]) -> Vec<Interval> {
        let (seen, values) = (self.trace.seen(), self.kernel.values());
        let mut sources = Vec::new();
        for turn in [-1, 0, 1] {
            let offset = i128::from(self.add) + (turn << self.trace.bits);
            let moved = |(first, last): Interval| (first - offset, last - offset);
            let become_seen = common(moved(seen), values);
            let found = wanted.iter().map(|&interval| moved(interval));
            sources.extend(found.filter_map(|interval| common(interval, become_seen?)));
        }
        sources
    }

    /// Whether the kernel's value is in one of the intervals, which are in order.
    fn test(self, intervals: &[Interval]) -> Predicate {
        let (least, most) = self.kernel.values();
        if let [(first, last), (next, end)] = *intervals
            && (first, end) == (least, most)
            && last + 2 == next
        {
            return Predicate::test(format!("{} != {}", self.name, last + 1));
        }
        let name = self.name;
        Predicate::any(intervals.iter().map(|&(first, last)| {
            if first == last {
                return Predicate::test(format!("{name} == {first}"));
            }
            let above = Predicate::test(format!("{name} >= {first}"));
            let below = Predicate::test(format!("{name} <= {last}"));
            Predicate::all([
                if first == least {
                    Predicate::Known(true)
                } else {
                    above
                },
                if last == most {
                    Predicate::Known(true)
                } else {
                    below
                },
            ])
        }))
    }
}

/// The values that pass, of all that a filter can see.
pub(super) fn wanted(comparison: Comparison, constant: i64) -> Vec<Interval> {
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    let constant = i128::from(constant);
    let intervals = match comparison {
        Comparison::Lt => [Some((least, constant - 1)), None],
        Comparison::Le => [Some((least, constant)), None],
        Comparison::Gt => [Some((constant + 1, most)), None],
        Comparison::Ge => [Some((constant, most)), None],
        Comparison::Eq => [Some((constant, constant)), None],
        Comparison::Ne => [Some((least, constant - 1)), Some((constant + 1, most))],
    };
    let intervals = intervals.into_iter().flatten();
    intervals.filter(|(first, last)| first <= last).collect()
}

/// What two intervals have in common.
pub(super) fn common(a: Interval, b: Interval) -> Option<Interval> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 <= both.1).then_some(both)
}

/// The same values in as few intervals as possible.
fn merged(sorted: &[Interval]) -> Vec<Interval> {
    let mut merged: Vec<Interval> = Vec::new();
    for &(first, last) in sorted {
        match merged.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}
