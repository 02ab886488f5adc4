//! Times as people write them, and as babeltrace2 takes them.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// A time on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nanoseconds since the Unix epoch.
    Epoch(i64),
    /// A date and a time of day.
    Date(DateTime),
    /// A time on the day of the trace's begin.
    Day(Time),
}

/// Two times with a comma between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(super) begin: Moment,
    pub(super) end: Moment,
}

impl Moment {
    /// Whether the day of the trace's begin has to be known.
    pub(super) const fn needs_day(self) -> bool {
        matches!(self, Self::Day(_))
    }

    /// Nanoseconds since the Unix epoch; `begin_ns` is the trace's begin. `None` if there is no such
    /// time.
    pub(super) fn epoch_ns(self, zone: &TimeZone, begin_ns: i64) -> Option<i64> {
        let civil = match self {
            Self::Epoch(ns) => return Some(ns),
            Self::Date(civil) => civil,
            Self::Day(time) => {
                let begin = jiff::Timestamp::from_nanosecond(begin_ns.into()).ok()?;
                zone.to_datetime(begin).date().to_datetime(time)
            }
        };
        let at = civil.to_zoned(zone.clone()).ok()?.timestamp();
        i64::try_from(at.as_nanosecond()).ok()
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.split_once([' ', '\t']) {
            Some((date, time)) => date_of(date)
                .zip(time_of(time.trim_start()))
                .map(|(date, time)| Self::Date(date.to_datetime(time))),
            None if text.contains(':') => time_of(text).map(Self::Day),
            None => seconds_of(text)
                .map(Self::Epoch)
                .or_else(|| Some(Self::Date(date_of(text)?.to_datetime(Time::midnight())))),
        };
        parsed.ok_or_else(|| {
            "expected [YYYY-MM-DD ]hh:mm:ss[.NNNNNNNNN], YYYY-MM-DD, or seconds since 1970"
                .to_owned()
        })
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let (begin, end) = inner
            .unwrap_or(text)
            .split_once(',')
            .ok_or("expected two times with a comma between them")?;
        Ok(Self {
            begin: begin.trim().parse()?,
            end: end.trim().parse()?,
        })
    }
}

fn date_of(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    Date::new(number(year)?, number(month)?, number(day)?).ok()
}

/// `hh:mm:ss[.NNNNNNNNN]` or `hh:mm`.
fn time_of(text: &str) -> Option<Time> {
    let (whole, ns) = match text.split_once('.') {
        Some((whole, ns)) => (whole, Some(ns)),
        None => (text, None),
    };
    let parts: Vec<&str> = whole.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute, second] => (hour, minute, second),
        [hour, minute] if ns.is_none() => (hour, minute, "00"),
        _ => return None,
    };
    let ns = ns.map_or(Some(0), nanoseconds)?;
    let ns = i32::try_from(ns).ok()?;
    Time::new(number(hour)?, number(minute)?, number(second)?, ns).ok()
}

fn seconds_of(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let (whole, ns) = match text.split_once('.') {
        Some((whole, ns)) => (whole, nanoseconds(ns)?),
        None => (text, 0),
    };
    let seconds: i64 = number(whole)?;
    let ns_all = seconds.checked_mul(1_000_000_000)?.checked_add(ns)?;
    ns_all.checked_mul(sign)
}

/// Up to nine digits behind a point.
fn nanoseconds(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    number(&format!("{digits:0<9}"))
}

fn number<T: FromStr>(digits: &str) -> Option<T> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected_ns: i64) {
        // The trace begins on 2026-11-28, at 05:00.
        let begin_ns = 1_795_842_000_000_000_000;
        let moment: Moment = text.parse().unwrap();
        assert_eq!(
            moment.epoch_ns(&TimeZone::UTC, begin_ns),
            Some(expected_ns),
            "{text}"
        );
    }

    #[test]
    fn times_have_dates_or_the_trace_s_day_or_are_seconds() {
        let day_ns = 1_795_824_000_000_000_000;
        check("2026-11-28", day_ns);
        check("2026-11-28 00:01", day_ns + 60_000_000_000);
        check("2026-11-28 00:00:01.5", day_ns + 1_500_000_000);
        check("00:03", day_ns + 180_000_000_000);
        check("00:00:02", day_ns + 2_000_000_000);
        check("00:00:02.000000007", day_ns + 2_000_000_007);
        check("12.25", 12_250_000_000);
        check("-2", -2_000_000_000);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "x",
            "1.",
            "1.1234567890",
            "00:01.5",
            "2026-1-1",
            "2026-02-30",
            "25:00:00",
            "+1",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_may_have_brackets() {
        let range = Range {
            begin: Moment::Epoch(1_000_000_000),
            end: Moment::Epoch(2_000_000_000),
        };
        assert_eq!("1,2".parse(), Ok(range));
        assert_eq!("[1, 2]".parse(), Ok(range));
        assert!("1".parse::<Range>().is_err());
    }
}
