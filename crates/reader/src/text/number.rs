//! Numbers as C's `printf` shows them.

use thalweg_model::DisplayBase;

/// Ten to the eighth: what fits in one word of digits.
const WORD: u64 = 100_000_000;

/// The eight digits of a number below 10^8, the first in the lowest byte: all at once, by splitting
/// fours, then twos, then ones in the lanes of one word.
#[inline]
const fn eight(value: u64) -> u64 {
    let fours = (value / 10_000) | (value % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// `%lu`.
#[inline]
pub(super) fn unsigned(out: &mut Vec<u8>, value: u64) {
    if value < 10 {
        out.push(b'0' + value as u8);
    } else if value < 100 {
        out.extend_from_slice(&two(value));
    } else if value < WORD {
        leading(out, value);
    } else {
        long(out, value);
    }
}

/// The digits of a number from 1 to 10^8 - 1.
#[inline]
fn leading(out: &mut Vec<u8>, value: u64) {
    let digits = eight(value);
    // The first digit that is no zero is in the lowest byte that is not.
    let blank = digits.trailing_zeros() & !7;
    let shown = (digits | ZEROS) >> blank;
    put(out, &shown.to_le_bytes(), 8 - (blank / 8) as usize);
}

fn long(out: &mut Vec<u8>, value: u64) {
    let (high, low) = (value / WORD, value % WORD);
    if high < WORD {
        leading(out, high);
    } else {
        leading(out, high / WORD);
        out.extend_from_slice(&(eight(high % WORD) | ZEROS).to_le_bytes());
    }
    out.extend_from_slice(&(eight(low) | ZEROS).to_le_bytes());
}

/// Appends the first `length` bytes of `room`: a copy of known size is a few instructions, and one
/// of unknown size is a call.
#[inline]
pub(super) fn put<const N: usize>(out: &mut Vec<u8>, room: &[u8; N], length: usize) {
    let begin = out.len();
    out.extend_from_slice(room);
    out.truncate(begin + length);
}

/// Bytes that are written often.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    room: [u8; 24],
    length: usize,
    /// All bytes, when the room does not hold them.
    long: Vec<u8>,
}

impl Fixed {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut room = [0; 24];
        let (length, long) = match room.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                (bytes.len(), Vec::new())
            }
            None => (0, bytes.to_vec()),
        };
        Self { room, length, long }
    }

    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.long.is_empty() {
            put(out, &self.room, self.length);
        } else {
            out.extend_from_slice(&self.long);
        }
    }
}

/// `%ld`.
#[inline]
pub(super) fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// `%02lu`, for values below 100.
#[inline]
pub(super) fn two(value: u64) -> [u8; 2] {
    [b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]
}

/// `%09lu`, for values below 10^9.
#[inline]
pub(super) fn nine(value: u64) -> [u8; 9] {
    let mut digits = [b'0' + (value / WORD % 10) as u8; 9];
    digits[1..].copy_from_slice(&(eight(value % WORD) | ZEROS).to_le_bytes());
    digits
}

/// How an integer is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) base: DisplayBase,
    pub(super) size_bits: u32,
}

impl Form {
    /// An integer in its base; `value` is in two's complement where it is negative.
    #[inline]
    pub(super) fn write(self, out: &mut Vec<u8>, value: u64, negative: bool) {
        match self.base {
            DisplayBase::Decimal if negative => signed(out, value as i64),
            DisplayBase::Decimal => unsigned(out, value),
            DisplayBase::Hexadecimal => digits(out, b"0x", value & self.whole_digits(4), 4, 1),
            DisplayBase::Octal => digits(out, b"0", value & self.whole_digits(3), 3, 1),
            DisplayBase::Binary => digits(out, b"0b", value, 1, self.size_bits),
        }
    }

    /// The bits of as many whole digits as the size needs: a negative number is cut there.
    fn whole_digits(self, bits_per_digit: u32) -> u64 {
        let bits = self.size_bits.div_ceil(bits_per_digit) * bits_per_digit;
        1_u64
            .checked_shl(bits)
            .map_or(u64::MAX, |above| above.wrapping_sub(1))
    }
}

/// At least one digit, or exactly `count` of them if there must be more.
fn digits(out: &mut Vec<u8>, prefix: &[u8], value: u64, bits_per_digit: u32, count: u32) {
    out.extend_from_slice(prefix);
    let used = (u64::BITS - value.leading_zeros()).div_ceil(bits_per_digit);
    let count = if bits_per_digit == 1 {
        count
    } else {
        used.max(count)
    };
    let mut room = [b'0'; 64];
    let (mut rest, mask) = (value, (1 << bits_per_digit) - 1);
    let shown = &mut room[..count as usize];
    for place in shown.iter_mut().rev() {
        *place = b"0123456789ABCDEF"[(rest & mask) as usize];
        rest >>= bits_per_digit;
    }
    out.extend_from_slice(shown);
}

/// `%g`.
pub(super) fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let magnitude = value.abs();
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(b"inf");
    } else if magnitude == 0.0 {
        out.push(b'0');
    } else {
        finite(out, magnitude);
    }
}

/// Six significant digits: as a plain number where the exponent is from -4 to 5.
fn finite(out: &mut Vec<u8>, magnitude: f64) {
    if let Some((whole, billionths)) = plain(magnitude) {
        unsigned(out, whole);
        if billionths > 0 {
            out.push(b'.');
            out.extend_from_slice(without_zeros(&nine(billionths)));
        }
        return;
    }
    let scientific = format!("{magnitude:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        out.extend_from_slice(rounded(&format!("{magnitude:.places$}")));
        return;
    }
    out.extend_from_slice(rounded(mantissa));
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("e{sign}{:02}", exponent.unsigned_abs()).as_bytes());
}

/// A number from 0.0001 to 999999, rounded to six digits: what is before the point and what is behind
/// it. As `printf` does, from the exact value, and a half goes to the even digit.
fn plain(magnitude: f64) -> Option<(u64, u64)> {
    const POWERS: [f64; 10] = [1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4];
    if magnitude >= 1e6 {
        return None;
    }
    // So many digits are behind the point.
    let places = POWERS.iter().position(|power| magnitude >= *power)? as u32;
    let bits = magnitude.to_bits();
    // The number is a normal one: mantissa / 2^shift, and the shift is at least 33.
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let shift = 1075 - (bits >> 52) as u32;
    let scaled = mantissa * 10_u128.pow(places);
    let (floor, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let is_up = rest > half || rest == half && floor & 1 == 1;
    let digits = floor as u64 + u64::from(is_up);
    let unit = 10_u64.pow(places);
    let (whole, behind) = (digits / unit, digits % unit);
    (whole < 1_000_000).then(|| (whole, behind * 10_u64.pow(9 - places)))
}

/// Without the zeros at the end of what is behind the point.
fn rounded(digits: &str) -> &[u8] {
    match digits.as_bytes() {
        digits if digits.contains(&b'.') => {
            let shown = without_zeros(digits);
            shown.strip_suffix(b".").unwrap_or(shown)
        }
        digits => digits,
    }
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let shown = digits.iter().rposition(|digit| *digit != b'0');
    &digits[..shown.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn integers_are_decimal_text() {
        for value in [0, 9, 10, 99, 100, 101, 12_345, u64::MAX] {
            check(&value.to_string(), |out| unsigned(out, value));
        }
        check(&i64::MIN.to_string(), |out| signed(out, i64::MIN));
        for place in 0..20 {
            for near in [
                10_u64.pow(place) - 1,
                10_u64.pow(place),
                12_345_678_901_234_567_890 / 10_u64.pow(place),
            ] {
                check(&near.to_string(), |out| unsigned(out, near));
            }
        }
        assert_eq!(nine(7), *b"000000007");
        assert_eq!(nine(123_456_789), *b"123456789");
        assert_eq!((two(7), two(59)), (*b"07", *b"59"));
    }

    #[test]
    fn floats_are_as_printf_g_shows_them() {
        // The texts are those of printf("%g").
        for (value, text) in [
            (0.1, "0.1"),
            (1e300, "1e+300"),
            (123_456_789.0, "1.23457e+08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (100_000.0, "100000"),
            (999_999.5, "1e+06"),
            (1_000_000.0, "1e+06"),
            (-0.0, "-0"),
            (2.5, "2.5"),
            (12.125, "12.125"),
            (1234.125, "1234.12"),
            (1234.375, "1234.38"),
            (123_456.5, "123456"),
            (123_457.5, "123458"),
            (999.999, "999.999"),
            (0.001, "0.001"),
            (0.3, "0.3"),
            (0.5, "0.5"),
            (0.000_099_999_99, "0.0001"),
            (0.000_1, "0.0001"),
            (0.000_123_456_789, "0.000123457"),
            (0.999_999_5, "1"),
            (99_999.95, "99999.9"),
            (99_999.96, "100000"),
            (999_999.4, "999999"),
            (0.062_5, "0.0625"),
            (1.0 / 3.0, "0.333333"),
            (1.005, "1.005"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ] {
            check(text, |out| float(out, value));
        }
    }

    #[test]
    fn the_quick_way_of_floats_says_what_the_slow_one_says() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..100_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Exponents from 2^-14 to 2^19, and many ends of mantissas that are zero.
            let exponent = 1009 + random % 34;
            let mantissa = (random >> 12) & (u64::MAX << (random % 53));
            let value = f64::from_bits(exponent << 52 | mantissa & ((1 << 52) - 1));
            let Some((whole, billionths)) = plain(value) else {
                assert!(!(1e-4..999_999.5).contains(&value), "{value}");
                continue;
            };
            let digits = value.log10().floor().clamp(-4.0, 5.0);
            let slow = format!("{value:.*}", (5.0 - digits) as usize);
            let quick = format!("{whole}.{billionths:09}");
            let difference = slow.parse::<f64>().unwrap() - quick.parse::<f64>().unwrap();
            assert!(difference.abs() < 1e-12, "{value:e}: {quick}, {slow}");
        }
    }

    #[test]
    fn other_bases_have_whole_digits() {
        let write = |base, size_bits, value: i64| {
            move |out: &mut Vec<u8>| Form { base, size_bits }.write(out, value as u64, value < 0)
        };
        check("0xFB", write(DisplayBase::Hexadecimal, 8, -5));
        check("0xF0", write(DisplayBase::Hexadecimal, 5, -16));
        check(
            "0xFFFFFFFFFFFFFFFB",
            write(DisplayBase::Hexadecimal, 64, -5),
        );
        check("0773", write(DisplayBase::Octal, 8, -5));
        check("01777777777777777777773", write(DisplayBase::Octal, 64, -5));
        check("00", write(DisplayBase::Octal, 8, 0));
        check("0b11111011", write(DisplayBase::Binary, 8, 0xfb));
        check("0b00000", write(DisplayBase::Binary, 5, 0));
    }
}
