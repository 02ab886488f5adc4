//! A clock's cycles as nanoseconds since the Unix epoch, in 64 bits.
//!
//! Each event needs this twice, for its order and for its line: it is
//! [`ClockClass::epoch_ns`] with the clock's part worked out once. That one rounds as babeltrace2
//! does, and so must the order of events here, or our lines would not be in the order of its lines.

use thalweg_model::{ClockClass, Timestamp};

const SECOND_NS: i64 = 1_000_000_000;

/// A clock's rate and origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale {
    origin_ns: i64,
    frequency_hz: u64,
}

impl TimeScale {
    /// The scale of a clock.
    pub fn of(clock: &ClockClass) -> Self {
        let origin_ns = narrow(clock.epoch_ns(Timestamp(0)));
        Self {
            origin_ns,
            frequency_hz: clock.frequency_hz.max(1),
        }
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub fn epoch_ns(&self, at: Timestamp) -> i64 {
        self.origin_ns.saturating_add(self.cycles_ns(at.0))
    }

    #[inline]
    fn cycles_ns(&self, cycles: u64) -> i64 {
        if self.frequency_hz == SECOND_NS as u64 {
            return i64::try_from(cycles).unwrap_or(i64::MAX);
        }
        // A conversion to an integer cuts off and saturates, as needed.
        (SECOND_NS as f64 * cycles as f64 / self.frequency_hz as f64) as i64
    }
}

fn narrow(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(frequency_hz: u64, at: Timestamp, expected_ns: i64) {
        let clock = ClockClass {
            name: "c".into(),
            description: String::new(),
            uuid: None,
            frequency_hz,
            precision: 0,
            offset_s: 1_700_000_000,
            offset_cycles: 12_345,
            absolute: true,
        };
        assert_eq!(TimeScale::of(&clock).epoch_ns(at), expected_ns);
        assert_eq!(clock.epoch_ns(at), i128::from(expected_ns));
    }

    #[test]
    fn nanosecond_clocks_are_exact() {
        check(
            1_000_000_000,
            Timestamp(9_007_199_254_740_993),
            1_709_007_199_254_753_338,
        );
    }

    #[test]
    fn other_clocks_round_as_babeltrace2_does() {
        // The figures are those of babeltrace2 2.0.4 for this clock.
        check(
            2_445_000_000,
            Timestamp(10_012_145_857_014),
            1_700_004_094_947_185_831,
        );
        check(
            2_445_000_000,
            Timestamp(175_206_219_153_439_841),
            1_771_658_985_338_835_241,
        );
    }
}
