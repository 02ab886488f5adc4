//! A clock, and a point on it.

use crate::Uuid;

/// A point in time: cycles of the trace's clock since that clock was zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

/// What turns cycles into a time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockClass {
    /// `monotonic` in every trace of ours and of LTTng's, because readers look for that name.
    pub name: String,
    /// Words for people.
    pub description: String,
    /// The boot id: traces whose clocks have equal uuids can be correlated.
    pub uuid: Option<Uuid>,
    /// Cycles per second.
    pub frequency_hz: u64,
    /// How far off the clock may be, in cycles.
    pub precision: u64,
    /// Whole seconds from the Unix epoch to the clock's zero.
    pub offset_s: i64,
    /// Cycles from `offset_s` to the clock's zero.
    pub offset_cycles: u64,
    /// Whether the clock's origin is the Unix epoch by declaration.
    pub absolute: bool,
}

impl ClockClass {
    /// Nanoseconds from the Unix epoch to `at`, as every reader of CTF computes them.
    pub fn epoch_ns(&self, at: Timestamp) -> i128 {
        let offset = i128::from(self.offset_s) * i128::from(NS_PER_S)
            + i128::from(self.cycles_to_ns(self.offset_cycles));
        offset + i128::from(self.cycles_to_ns(at.0))
    }

    /// Cycles as nanoseconds. In floating point, because babeltrace2 does it so and our text shall
    /// equal its text to the last digit; the error is below one nanosecond for 40 days of cycles.
    pub fn cycles_to_ns(&self, cycles: u64) -> u64 {
        if self.frequency_hz == NS_PER_S {
            return cycles;
        }
        (NS_PER_S as f64 * cycles as f64 / self.frequency_hz.max(1) as f64) as u64
    }
}

const NS_PER_S: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_become_nanoseconds() {
        let clock = ClockClass {
            name: "monotonic".into(),
            description: String::new(),
            uuid: None,
            frequency_hz: 2_445_000_000,
            precision: 0,
            offset_s: 1_700_000_000,
            offset_cycles: 2_445,
            absolute: true,
        };
        assert_eq!(
            clock.epoch_ns(Timestamp(2_445_000_000)),
            1_700_000_001_000_001_000
        );
        let ns = ClockClass {
            frequency_hz: NS_PER_S,
            ..clock
        };
        assert_eq!(
            ns.epoch_ns(Timestamp(u64::MAX)) - ns.epoch_ns(Timestamp(0)),
            u64::MAX.into()
        );
    }
}
