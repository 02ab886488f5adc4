//! The time of a line.

use super::number;
use super::options::{Options, Style};

const SECOND_NS: u64 = 1_000_000_000;

/// Writes times and the distances between them.
#[derive(Debug)]
pub(super) struct Times {
    style: Style,
    date: bool,
    delta: bool,
    names: bool,
    last_ns: Option<i64>,
    last_cycles: Option<u64>,
    /// The second that `shown` is the text of.
    second: Option<i64>,
    /// `YYYY-MM-DD hh:mm:ss.`, of which the date may not be shown.
    shown: [u8; 20],
}

/// `YYYY-MM-DD `.
const DATE_BYTES: usize = 11;

impl Times {
    pub(super) fn new(options: Options) -> Self {
        Self {
            style: options.time,
            date: options.date,
            delta: options.delta,
            names: options.names.header,
            last_ns: None,
            last_cycles: None,
            second: None,
            shown: *b"YYYY-MM-DD hh:mm:ss.",
        }
    }

    /// `[time] (+distance) `, or with names `timestamp = time, delta = +distance`.
    #[inline]
    pub(super) fn write(&mut self, out: &mut Vec<u8>, at_ns: i64, cycles: u64) {
        out.extend_from_slice(if self.names { b"timestamp = " } else { b"[" });
        if matches!(self.style, Style::Cycles) {
            out.extend_from_slice(format!("{cycles:020}").as_bytes());
        } else {
            self.write_time(out, at_ns);
        }
        if !self.names {
            out.extend_from_slice(b"] ");
        }
        if self.delta {
            out.extend_from_slice(if self.names { b", delta = " } else { b"(" });
            self.write_delta(out, at_ns, cycles);
            if !self.names {
                out.extend_from_slice(b") ");
            }
        }
        self.last_ns = Some(at_ns);
        self.last_cycles = Some(cycles);
    }

    fn write_delta(&self, out: &mut Vec<u8>, at_ns: i64, cycles: u64) {
        match (&self.style, self.last_ns, self.last_cycles) {
            (Style::Cycles, _, Some(last)) => {
                let delta = cycles.wrapping_sub(last);
                out.extend_from_slice(format!("+{delta:012}").as_bytes());
            }
            (Style::Cycles, _, None) => out.extend_from_slice(b"+????????????"),
            (_, Some(last_ns), _) => write_distance(out, last_ns, at_ns),
            (_, None, _) => out.extend_from_slice(b"+?.?????????"),
        }
    }

    /// The time alone.
    pub(super) fn write_time(&mut self, out: &mut Vec<u8>, at_ns: i64) {
        // A time before the epoch has no hour that people would know it by.
        if at_ns < 0 || matches!(self.style, Style::Seconds | Style::Cycles) {
            let sign: &[u8] = if at_ns < 0 { b"-" } else { b"" };
            out.extend_from_slice(sign);
            return write_seconds(out, at_ns.unsigned_abs());
        }
        let second = at_ns / SECOND_NS as i64;
        if self.second != Some(second) {
            self.show(second);
        }
        if self.date {
            out.extend_from_slice(&self.shown[..DATE_BYTES]);
        }
        let mut text = [0; 18];
        text[..9].copy_from_slice(&self.shown[DATE_BYTES..]);
        let ns = at_ns - second * SECOND_NS as i64;
        text[9..].copy_from_slice(&number::nine(ns as u64));
        out.extend_from_slice(&text);
    }

    fn show(&mut self, second: i64) {
        let ahead = if let Style::Local(zone) = &self.style {
            zone(second)
        } else {
            0
        };
        let local = second.saturating_add(ahead);
        let (day, of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400) as u64);
        let (year, month, day) = civil(day);
        for (place, part) in [
            (0, year / 100 % 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, of_day / 3600),
            (14, of_day / 60 % 60),
            (17, of_day % 60),
        ] {
            self.shown[place..place + 2].copy_from_slice(&number::two(part));
        }
        self.second = Some(second);
    }
}

/// Year, month and day of a day that is so many after 1970-01-01, by the Gregorian calendar. Years are
/// counted from March here, so that the day that some of them have more is their last.
fn civil(days: i64) -> (u64, u64, u64) {
    const ERA_DAYS: i64 = 146_097;
    let from_march_0000 = days + 719_468;
    let era = from_march_0000.div_euclid(ERA_DAYS);
    let day = from_march_0000.rem_euclid(ERA_DAYS) as u64;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year as i64 + i64::from(month <= 2);
    (year.unsigned_abs(), month, day_of_month)
}

fn write_seconds(out: &mut Vec<u8>, ns: u64) {
    number::unsigned(out, ns / SECOND_NS);
    out.push(b'.');
    out.extend_from_slice(&number::nine(ns % SECOND_NS));
}

fn write_distance(out: &mut Vec<u8>, last_ns: i64, at_ns: i64) {
    let sign = if at_ns < last_ns { b'-' } else { b'+' };
    let distance_ns = at_ns.abs_diff(last_ns);
    if distance_ns < SECOND_NS {
        let mut text = *b"+0.nnnnnnnnn";
        text[0] = sign;
        text[3..].copy_from_slice(&number::nine(distance_ns));
        out.extend_from_slice(&text);
    } else {
        out.push(sign);
        write_seconds(out, distance_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_785, (2026, 11, 28)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
