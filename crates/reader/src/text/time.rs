//! The time of a line.

use std::fmt;

use super::number;

const SECOND_NS: u64 = 1_000_000_000;

/// Seconds that a local clock is ahead of UTC, at a time in seconds since the Unix epoch.
pub type Zone = Box<dyn Fn(i64) -> i64 + Send>;

/// How times are shown.
pub enum Style {
    /// `hh:mm:ss.nnnnnnnnn`, in UTC.
    Gmt,
    /// `hh:mm:ss.nnnnnnnnn`, in a zone.
    Local(Zone),
    /// Seconds since the Unix epoch, and nine decimals.
    Seconds,
}

impl fmt::Debug for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gmt => "Gmt",
            Self::Local(_) => "Local",
            Self::Seconds => "Seconds",
        })
    }
}

/// Writes times and the distances between them.
#[derive(Debug)]
pub(super) struct Times {
    style: Style,
    last_ns: Option<i64>,
    /// The second that `shown` is the text of.
    second: Option<i64>,
    shown: [u8; 9],
}

impl Times {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            last_ns: None,
            second: None,
            shown: *b"hh:mm:ss.",
        }
    }

    /// `[time] (+distance) `.
    #[inline]
    pub(super) fn write(&mut self, out: &mut Vec<u8>, at_ns: i64) {
        out.push(b'[');
        self.write_time(out, at_ns);
        out.extend_from_slice(b"] (");
        match self.last_ns {
            None => out.extend_from_slice(b"+?.?????????"),
            Some(last_ns) => write_distance(out, last_ns, at_ns),
        }
        out.extend_from_slice(b") ");
        self.last_ns = Some(at_ns);
    }

    /// The time alone.
    pub(super) fn write_time(&mut self, out: &mut Vec<u8>, at_ns: i64) {
        // A time before the epoch has no hour that people would know it by.
        if at_ns < 0 || matches!(self.style, Style::Seconds) {
            let sign: &[u8] = if at_ns < 0 { b"-" } else { b"" };
            out.extend_from_slice(sign);
            return write_seconds(out, at_ns.unsigned_abs());
        }
        let second = at_ns / SECOND_NS as i64;
        if self.second != Some(second) {
            self.show(second);
        }
        let mut text = [0; 18];
        text[..9].copy_from_slice(&self.shown);
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
        let of_day = (second.saturating_add(ahead)).rem_euclid(86_400) as u64;
        for (place, part) in [(0, of_day / 3600), (3, of_day / 60 % 60), (6, of_day % 60)] {
            self.shown[place..place + 2].copy_from_slice(&number::two(part));
        }
        self.second = Some(second);
    }
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
