//! Counters, read at each interval.
//!
//! ```text
//!   start      1           2           3   stop
//!   ●──────────●───────────●───────────●───●      each CPU, each event: value since the start
//! ```

use std::time::{Duration, Instant};

use thalweg_kernel::{CounterSet, CounterValue, Error as KernelError};
use thalweg_model::{FieldClass, Member, StructClass};

use super::feed::{FeedEvent, Outlet};
use crate::clock::SessionClock;

/// An event's fields.
pub(super) fn class() -> StructClass {
    let names = ["value", "time_enabled", "time_running"];
    StructClass {
        min_align_bits: 1,
        members: names
            .map(|name| Member::new(name, FieldClass::uint(64)))
            .to_vec(),
    }
}

/// Reads the counters until nobody wants them any more; the last time at the end.
pub(super) fn read_on(
    set: &CounterSet,
    cpus: &[u32],
    (interval, clock): (Duration, &SessionClock),
    outlet: &Outlet,
) {
    let begin = Instant::now();
    let mut next = begin;
    loop {
        let is_wanted = outlet.sleep_until(next);
        for &cpu in cpus {
            let events = read(set, cpu, clock).unwrap_or_default();
            if !outlet.send(cpu, events) {
                return;
            }
        }
        if !is_wanted {
            return;
        }
        next = following(begin, interval, Instant::now());
    }
}

/// The first multiple of the interval that is still to come.
fn following(begin: Instant, interval: Duration, now: Instant) -> Instant {
    let passed = now.duration_since(begin).as_nanos() / interval.as_nanos().max(1);
    let steps = u32::try_from(passed + 1).unwrap_or(u32::MAX);
    begin + interval.saturating_mul(steps)
}

fn read(set: &CounterSet, cpu: u32, clock: &SessionClock) -> Result<Vec<FeedEvent>, KernelError> {
    let counts = set.counts().iter().enumerate();
    let event = |(place, count): (usize, &thalweg_kernel::Count)| {
        let CounterValue {
            value,
            time_enabled_ns,
            time_running_ns,
        } = count.read_on(cpu)?;
        let words = [value, time_enabled_ns, time_running_ns];
        Ok(FeedEvent {
            time: clock.now(),
            place,
            bytes: words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        })
    };
    counts.map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_leaves_out_what_is_over() {
        let begin = Instant::now();
        let ms = Duration::from_millis;
        let after = |now| following(begin, ms(10), begin + ms(now)) - begin;
        assert_eq!([0, 9, 10, 57].map(after), [10, 10, 20, 60].map(ms));
    }
}
