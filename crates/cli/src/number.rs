//! Numbers as people write and read them.

use std::time::Duration;

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// A size on the command line: `65536`, `64K`, `8M`, `1G`; the letter may be followed by `B` or `iB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err("expected a number and K, M or G".to_owned()),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a number and K, M or G".to_owned())?;
    let bytes = number.checked_mul(1 << shift);
    bytes
        .filter(|&b| b > 0)
        .ok_or_else(|| "out of range".to_owned())
}

/// The size of rings: at least one chunk.
pub(crate) fn parse_ring_size(text: &str) -> Result<u64, String> {
    let bytes = parse_size(text)?;
    let enough = (bytes >= 4096).then_some(bytes);
    enough.ok_or_else(|| "too small for any event: at least 4K".to_owned())
}

/// Seconds on the command line, with a fraction if need be.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds")?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() {
        return Err("expected more than no time".to_owned());
    }
    Ok(duration)
}

/// How long somebody may wait; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Option<Duration>);

/// A time to wait on the command line: `250`, `250us`, `20ms`, `1s`, `inf`.
pub(crate) fn parse_patience(text: &str) -> Result<Patience, String> {
    const EXPECTED: &str = "expected inf, or a number and us, ms or s";
    if text == "inf" {
        return Ok(Patience(None));
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| EXPECTED.to_owned())?;
    let us = match &text[digits.len()..] {
        "" | "us" => Some(number),
        "ms" => number.checked_mul(1000),
        "s" => number.checked_mul(1_000_000),
        _ => return Err(EXPECTED.to_owned()),
    };
    let us = us.filter(|&us| us > 0).ok_or("out of range")?;
    Ok(Patience(Some(Duration::from_micros(us))))
}

/// A time between readings on the command line: `50ms`, `1s`.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a number and us, ms or s, 1ms or more";
    match parse_patience(text) {
        Ok(Patience(Some(time))) if time >= Duration::from_millis(1) => Ok(time),
        _ => Err(EXPECTED.to_owned()),
    }
}

/// A size that [`parse_size`] reads back as it was, rounded up to a power of two.
pub(crate) fn size_argument(bytes: u64) -> String {
    let bytes = bytes.checked_next_power_of_two().unwrap_or(1 << 63);
    match bytes.trailing_zeros() {
        30.. => format!("{}G", bytes >> 30),
        20.. => format!("{}M", bytes >> 20),
        _ => format!("{}K", (bytes >> 10).max(1)),
    }
}

/// `38.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// `1 204 331`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `1 event`, `2 events`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// `0.004 s`, `12.3 s`, `5 min 02 s`, `3 h 05 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.3} s", duration.as_secs_f64()),
        10..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, bytes) in [
            ("1", 1),
            ("64K", 65_536),
            ("8MiB", 8 << 20),
            ("2gb", 2 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "-1K",
            "0",
            "1.5M",
            "3X",
            "99999999999G",
            "1 K",
            "1Kü",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_to_wait_are_microseconds_unless_said_otherwise() {
        let us = |us| Ok(Patience(Some(Duration::from_micros(us))));
        for (text, expected) in [
            ("inf", Ok(Patience(None))),
            ("250", us(250)),
            ("250us", us(250)),
            ("20ms", us(20_000)),
            ("1s", us(1_000_000)),
        ] {
            assert_eq!(parse_patience(text), expected, "{text}");
        }
        for text in [
            "",
            "0",
            "us",
            "-1",
            "1.5ms",
            "1m",
            "99999999999999999s",
            "1 s",
            "1ü",
        ] {
            assert!(parse_patience(text).is_err(), "{text}");
        }
    }

    #[test]
    fn suggested_sizes_are_read_back() {
        for bytes in [1, 65_536, 3 << 20, 64 << 20, 5 << 30] {
            let read = parse_size(&size_argument(bytes)).unwrap();
            assert!(
                read >= bytes && read.is_power_of_two(),
                "{bytes} became {read}"
            );
        }
    }

    #[test]
    fn sizes_numbers_and_times_are_written_for_people() {
        assert_eq!(
            [size(0), size(1023), size(1024), size(40_055_603)].join(","),
            { "0 B,1023 B,1.0 KiB,38.2 MiB" }
        );
        assert_eq!(size(1_048_575), "1.0 MiB");
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_204_331), "1 204 331");
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(1000, "event"), "1 000 events");
        let ms = |ms| duration(Duration::from_millis(ms));
        assert_eq!(
            [ms(4), ms(12_345), ms(302_000), ms(11_100_000)].join(","),
            { "0.004 s,12.3 s,5 min 02 s,3 h 05 min" }
        );
    }

    #[test]
    fn times_are_positive_numbers() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["", "x", "-1", "0", "inf", "NaN", "1e300"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
