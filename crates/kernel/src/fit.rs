//! From the clock of eBPF programs to the trace clock.
//!
//! ```text
//!   ticks                      ● knot: both clocks, read together
//!     │              ╱●        between two knots: a line
//!     │        ╱──●╱
//!     │  ●───╱                 a program's time, in ns of CLOCK_MONOTONIC ─▶ ticks on the line
//!     └──────────────── ns
//! ```
//!
//! A program can read the monotonic clock only; the trace clock is the time-stamp counter where the
//! kernel keeps time by it. The kernel makes the one from the other by a line of its own, whose slope
//! it changes by a little when a time server steers it: two knots with a line between are that line,
//! but for what passes between the two readings of a knot, and for a change of slope between knots.
//!
//! Invariant: a later time never has fewer ticks.

use std::collections::VecDeque;

use rustix::time::{ClockId, clock_gettime};
use thalweg_sys::time_stamp_counter;

use crate::TraceClock;

/// Readings of which the one that took shortest becomes the knot.
const ROUNDS: usize = 5;
/// Times are asked for that lie behind the last drain.
const KNOTS: usize = 16;

/// Both clocks at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Knot {
    ns: u64,
    ticks: u64,
}

/// The line between the clocks.
#[derive(Debug)]
pub(crate) struct Fit {
    clock: TraceClock,
    knots: VecDeque<Knot>,
    error_ticks: u64,
}

impl Fit {
    pub(crate) fn new(clock: TraceClock) -> Self {
        let mut fit = Self {
            clock,
            knots: VecDeque::new(),
            error_ticks: 0,
        };
        fit.tie();
        fit
    }

    /// Reads both clocks: times before now are on the line from here on.
    pub(crate) fn tie(&mut self) {
        if self.clock == TraceClock::Mono {
            return;
        }
        let best = (0..ROUNDS)
            .map(|_| read())
            .min_by_key(|(_, window)| *window);
        if let Some((knot, window)) = best {
            self.add(knot, window / 2);
        }
    }

    fn add(&mut self, knot: Knot, doubt: u64) {
        if self
            .knots
            .back()
            .is_some_and(|last| knot.ns <= last.ns || knot.ticks <= last.ticks)
        {
            return;
        }
        if self.knots.len() == KNOTS {
            self.knots.pop_front();
        }
        self.knots.push_back(knot);
        let mut last = self.knots.iter().rev();
        let bend = match (last.next(), last.next(), last.next()) {
            (Some(c), Some(b), Some(a)) => line(*a, *c, b.ns).abs_diff(b.ticks),
            _ => 0,
        };
        self.error_ticks = self.error_ticks.max(doubt).max(bend);
    }

    /// The ticks at a time of the monotonic clock.
    pub(crate) fn ticks(&self, ns: u64) -> u64 {
        if self.clock == TraceClock::Mono {
            return ns;
        }
        let mut ends = self.knots.iter().rev();
        let (Some(mut b), Some(mut a)) = (ends.next(), ends.next()) else {
            return self.knots.back().map_or(ns, |only| only.ticks);
        };
        for earlier in ends {
            if ns >= a.ns {
                break;
            }
            (a, b) = (earlier, a);
        }
        line(*a, *b, ns)
    }

    /// How far a time may be off: half of what the readings of a knot took, or the largest bend of
    /// the line at a knot.
    pub(crate) fn error_ticks(&self) -> u64 {
        self.error_ticks
    }
}

/// Where the line through two knots is at a time.
fn line(a: Knot, b: Knot, ns: u64) -> u64 {
    let (run, rise) = (b.ns - a.ns, b.ticks - a.ticks);
    let ahead = i128::from(ns) - i128::from(a.ns);
    let ticks = i128::from(a.ticks) + (ahead * i128::from(rise)).div_euclid(i128::from(run));
    u64::try_from(ticks).unwrap_or(0)
}

fn read() -> (Knot, u64) {
    let before = time_stamp_counter();
    let time = clock_gettime(ClockId::Monotonic);
    let window = time_stamp_counter().saturating_sub(before);
    let ns = time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned();
    let ticks = before + window / 2;
    (Knot { ns, ticks }, window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(knots: &[(u64, u64)]) -> Fit {
        let mut fit = Fit {
            clock: TraceClock::X86Tsc,
            knots: VecDeque::new(),
            error_ticks: 0,
        };
        for &(ns, ticks) in knots {
            fit.add(Knot { ns, ticks }, 2);
        }
        fit
    }

    #[test]
    fn times_lie_on_the_line_between_the_knots_around_them() {
        let fit = fit(&[(100, 1000), (200, 3000), (300, 4000)]);
        for (ns, ticks) in [
            (100, 1000),
            (150, 2000),
            (200, 3000),
            (250, 3500),
            (310, 4100),
            (90, 800),
        ] {
            assert_eq!(fit.ticks(ns), ticks, "{ns}");
        }
    }

    #[test]
    fn the_error_is_the_largest_bend_or_doubt() {
        assert_eq!(
            fit(&[(100, 1000), (200, 2000), (300, 3000)]).error_ticks(),
            2
        );
        assert_eq!(
            fit(&[(100, 1000), (200, 2010), (300, 3000)]).error_ticks(),
            10
        );
    }

    #[test]
    fn a_later_time_never_has_fewer_ticks() {
        let mut knots = Vec::new();
        for n in 0..100_u64 {
            knots.push((n * 1000 + n % 7, n * 3000 + n % 11 * 5));
        }
        let fit = fit(&knots);
        let ticks: Vec<u64> = (84_000..101_000).map(|ns| fit.ticks(ns)).collect();
        assert!(ticks.is_sorted());
        assert_eq!(fit.knots.len(), KNOTS);
    }

    #[test]
    fn the_machines_clocks_agree_within_the_error() {
        let mut fit = Fit::new(TraceClock::X86Tsc);
        std::thread::yield_now();
        fit.tie();
        let times: Vec<(Knot, u64)> = (0..100).map(|_| read()).collect();
        fit.tie();
        let best = times
            .iter()
            .min_by_key(|(_, window)| *window)
            .expect("there are some");
        let off = fit.ticks(best.0.ns).abs_diff(best.0.ticks);
        let allowed = 2 * (fit.error_ticks() + best.1);
        assert!(off <= allowed, "off by {off} ticks, allowed are {allowed}");
    }

    #[test]
    fn the_monotonic_clock_needs_no_line() {
        let fit = Fit::new(TraceClock::Mono);
        assert_eq!((fit.ticks(12_345), fit.error_ticks()), (12_345, 0));
    }
}
