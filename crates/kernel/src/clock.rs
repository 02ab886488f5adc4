//! The trace clock: one that programs can read too, or there is no order between them.

use std::fmt;
use std::fs;

use rustix::time::{ClockId, clock_gettime};
use thalweg_sys::time_stamp_counter;

use crate::{Error, Tracefs};

/// A clock that the kernel stamps its events with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceClock {
    /// The processor's time stamp counter, in cycles.
    X86Tsc,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    Mono,
}

impl TraceClock {
    /// The kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86Tsc => "x86-tsc",
            Self::Mono => "mono",
        }
    }

    /// The clock that the kernel itself trusts: its time stamp counter where it keeps time by it,
    /// else the monotonic clock.
    ///
    /// # Errors
    /// The kernel offers neither.
    pub fn choose(tracefs: &Tracefs) -> Result<Self, Error> {
        let clocks = tracefs.clocks()?;
        choose(&clocks, &clocksource()).ok_or(Error::NoClock { clocks })
    }

    /// This clock, if the kernel has it.
    ///
    /// # Errors
    /// The kernel does not offer it.
    pub(crate) fn check(self, tracefs: &Tracefs) -> Result<Self, Error> {
        let clocks = tracefs.clocks()?;
        if clocks.iter().any(|clock| clock == self.name()) {
            return Ok(self);
        }
        Err(Error::UnknownClock {
            clock: self.name().to_owned(),
            clocks,
        })
    }

    /// The time now.
    pub(crate) fn now(self) -> u64 {
        match self {
            Self::X86Tsc => time_stamp_counter(),
            Self::Mono => monotonic_ns(),
        }
    }

    /// The clock in brackets in an instance's `trace_clock`.
    pub(crate) fn selected(text: &str) -> Option<Self> {
        let name = text.split('[').nth(1)?.split(']').next()?;
        [Self::X86Tsc, Self::Mono]
            .into_iter()
            .find(|clock| clock.name() == name)
    }

    /// A time of `stats`: raw for the counter, seconds with a fraction for nanoseconds.
    pub(crate) fn parse_time(self, text: &str) -> Option<u64> {
        match (self, text.split_once('.')) {
            (Self::X86Tsc, None) => text.parse().ok(),
            (Self::Mono, Some((seconds, micros))) => {
                let seconds: u64 = seconds.parse().ok()?;
                let micros: u64 = micros.parse().ok()?;
                seconds
                    .checked_mul(1_000_000_000)?
                    .checked_add(micros.checked_mul(1000)?)
            }
            _ => None,
        }
    }
}

impl fmt::Display for TraceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The monotonic clock, which every program in the kernel can read.
pub(crate) fn monotonic_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

fn choose(clocks: &[String], clocksource: &str) -> Option<TraceClock> {
    let has = |clock: TraceClock| clocks.iter().any(|name| name == clock.name());
    if clocksource == "tsc" && has(TraceClock::X86Tsc) {
        return Some(TraceClock::X86Tsc);
    }
    has(TraceClock::Mono).then_some(TraceClock::Mono)
}

/// What the kernel keeps time by; nothing if it does not say.
fn clocksource() -> String {
    fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_chosen_only_where_the_kernel_trusts_it() {
        let all = ["local", "mono", "x86-tsc"].map(str::to_owned);
        assert_eq!(choose(&all, "tsc"), Some(TraceClock::X86Tsc));
        assert_eq!(choose(&all, "kvm-clock"), Some(TraceClock::Mono));
        assert_eq!(choose(&all[..2], "tsc"), Some(TraceClock::Mono));
        assert_eq!(choose(&all[..1], "tsc"), None);
    }

    #[test]
    fn a_kernel_without_a_common_clock_is_told_as_it_is() {
        let error = Error::NoClock {
            clocks: vec!["local".into(), "global".into()],
        };
        assert_eq!(
            error.to_string(),
            "choose a trace clock: the kernel offers local global, and neither x86-tsc (with \
             clocksource tsc) nor mono is among them"
        );
    }

    #[test]
    fn times_of_stats_are_read_in_the_clocks_own_unit() {
        assert_eq!(
            TraceClock::X86Tsc.parse_time("6370630115083"),
            Some(6_370_630_115_083)
        );
        assert_eq!(
            TraceClock::Mono.parse_time("1872.419516"),
            Some(1_872_419_516_000)
        );
        assert_eq!(TraceClock::Mono.parse_time("x"), None);
    }
}
