//! The clock of a session: which counter, how fast, and where its zero is.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::Duration;
use thalweg_abi::slot::{CLOCK_MONO, CLOCK_TSC};
use thalweg_model::{ClockClass, Uuid};
use thalweg_sys::{time_stamp_counter, time_stamp_counter_hz};

const NS_PER_S: u64 = 1_000_000_000;

/// How long the counter is measured for where the kernel does not tell its frequency.
const CALIBRATION: Duration = Duration::from_millis(50);

/// Rounds of which the one with the smallest window gives the offset.
const ROUNDS: usize = 200;

/// How often a clock of the kernel's is looked at, for the same.
const LOOKS: usize = 20;

/// Which counter time stamps come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockKind {
    /// The processors' time-stamp counter, where the kernel trusts it.
    TimeStampCounter,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    Monotonic,
}

/// A session's clock.
#[derive(Clone, Debug)]
pub(crate) struct SessionClock {
    kind: ClockKind,
    class: ClockClass,
}

impl SessionClock {
    /// The time-stamp counter if the kernel itself keeps time by it, else the monotonic clock.
    pub(crate) fn choose() -> Self {
        Self::of_kind(match kernel_trusts_tsc() {
            true => ClockKind::TimeStampCounter,
            false => ClockKind::Monotonic,
        })
    }

    /// One of these two, whatever the kernel keeps time by.
    pub(crate) fn of_kind(kind: ClockKind) -> Self {
        match kind {
            ClockKind::TimeStampCounter => {
                let hz = time_stamp_counter_hz().unwrap_or_else(measured_hz);
                Self::measure(kind, hz)
            }
            ClockKind::Monotonic => Self::measure(kind, NS_PER_S),
        }
    }

    fn measure(kind: ClockKind, frequency_hz: u64) -> Self {
        let (cycles, epoch_ns) = best_sample(kind, ClockId::Realtime);
        let (offset_s, offset_cycles) = zero(cycles, epoch_ns, frequency_hz);
        let class = ClockClass {
            name: "monotonic".to_owned(),
            description: description(kind).to_owned(),
            uuid: boot_id(),
            frequency_hz,
            precision: 0,
            offset_s,
            offset_cycles,
            absolute: true,
        };
        Self { kind, class }
    }

    /// Which counter.
    pub(crate) fn kind(&self) -> ClockKind {
        self.kind
    }

    /// The clock's class, for the metadata.
    pub(crate) fn class(&self) -> &ClockClass {
        &self.class
    }

    /// The value of a ring's control word that asks for this clock.
    pub(crate) fn word(&self) -> u64 {
        match self.kind {
            ClockKind::TimeStampCounter => CLOCK_TSC,
            ClockKind::Monotonic => CLOCK_MONO,
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> u64 {
        read(self.kind)
    }

    /// So many cycles are a second.
    pub(crate) fn second(&self) -> u64 {
        self.class.frequency_hz
    }
}

/// The class of a clock that only the kernel can read: `look` asks it for the time, in nanoseconds.
pub(crate) fn kernel_clock<E>(
    name: &str,
    look: impl Fn() -> Result<u64, E>,
) -> Result<ClockClass, E> {
    let mut best: Option<(u64, u64, u64)> = None;
    for _ in 0..LOOKS {
        let before = nanoseconds(ClockId::Realtime);
        let cycles = look()?;
        let window = nanoseconds(ClockId::Realtime).saturating_sub(before);
        if best.is_none_or(|(least, ..)| window < least) {
            best = Some((window, cycles, before + window / 2));
        }
    }
    let (window, cycles, epoch_ns) = best.unwrap_or_default();
    let (offset_s, offset_cycles) = zero(cycles, epoch_ns, NS_PER_S);
    Ok(ClockClass {
        name: name.to_owned(),
        description: format!("The kernel's trace clock {name}"),
        uuid: None,
        frequency_hz: NS_PER_S,
        // The kernel tells its time in microseconds.
        precision: window / 2 + 1000,
        offset_s,
        offset_cycles,
        absolute: true,
    })
}

fn kernel_trusts_tsc() -> bool {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    let is_tsc = |name: String| name.trim() == "tsc";
    // An emulated program of another machine sees this file, too.
    cfg!(target_arch = "x86_64") && fs::read_to_string(path).is_ok_and(is_tsc)
}

fn description(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::TimeStampCounter => "Monotonic clock: the time-stamp counter",
        ClockKind::Monotonic => "Monotonic clock",
    }
}

fn boot_id() -> Option<Uuid> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()?
        .parse()
        .ok()
}

fn read(kind: ClockKind) -> u64 {
    match kind {
        ClockKind::TimeStampCounter => time_stamp_counter(),
        ClockKind::Monotonic => nanoseconds(ClockId::Monotonic),
    }
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.cast_unsigned() * NS_PER_S + time.tv_nsec.cast_unsigned()
}

/// The counter and another clock at the same time: of many looks the one that took shortest.
fn best_sample(kind: ClockKind, other: ClockId) -> (u64, u64) {
    let look = |_| {
        let before = read(kind);
        let ns = nanoseconds(other);
        let window = read(kind).saturating_sub(before);
        (window, before + window / 2, ns)
    };
    let best = (0..ROUNDS).map(look).min_by_key(|(window, ..)| *window);
    best.map_or((0, 0), |(_, cycles, ns)| (cycles, ns))
}

/// The frequency of the time-stamp counter by the clock that no time server steers, for kernels
/// that do not tell it (virtual machines): right to a millionth.
fn measured_hz() -> u64 {
    let kind = ClockKind::TimeStampCounter;
    let (from, from_ns) = best_sample(kind, ClockId::MonotonicRaw);
    std::thread::sleep(CALIBRATION);
    let (to, to_ns) = best_sample(kind, ClockId::MonotonicRaw);
    let (cycles, ns) = (u128::from(to - from), u128::from(to_ns - from_ns).max(1));
    (cycles * u128::from(NS_PER_S) / ns) as u64
}

/// Seconds from the epoch, and cycles on top, to the counter's zero.
fn zero(cycles: u64, epoch_ns: u64, hz: u64) -> (i64, u64) {
    let since_epoch = i128::from(epoch_ns) * i128::from(hz) / i128::from(NS_PER_S);
    let zero = since_epoch - i128::from(cycles);
    let hz = i128::from(hz);
    (zero.div_euclid(hz) as i64, zero.rem_euclid(hz) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_model::Timestamp;

    #[test]
    fn the_offset_leads_back_to_the_time_of_day() {
        let clock = SessionClock::choose();
        let now = i128::from(nanoseconds(ClockId::Realtime));
        let said = clock.class().epoch_ns(Timestamp(clock.now()));
        assert!((said - now).abs() < 1_000_000, "off by {} ns", said - now);
    }

    #[test]
    fn a_zero_before_the_epoch_is_negative_seconds() {
        assert_eq!(zero(3 * NS_PER_S, NS_PER_S + 5, NS_PER_S), (-2, 5));
        assert_eq!(zero(1, 10 * NS_PER_S, 2 * NS_PER_S), (9, 2 * NS_PER_S - 1));
    }
}
