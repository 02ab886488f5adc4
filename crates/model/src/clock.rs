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
    /// Nanoseconds from the Unix epoch to `at`, by exact integer arithmetic.
    pub fn epoch_ns(&self, at: Timestamp) -> i128 {
        let cycles = i128::from(at.0) + i128::from(self.offset_cycles);
        let ns = if self.frequency_hz == 1_000_000_000 {
            cycles
        } else {
            cycles * 1_000_000_000 / i128::from(self.frequency_hz.max(1))
        };
        i128::from(self.offset_s) * 1_000_000_000 + ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_become_nanoseconds_without_rounding_error() {
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
        assert_eq!(clock.epoch_ns(Timestamp(2_445_000_000)), 1_700_000_001_000_001_000);
    }
}
