//! Numbers as C's `printf` shows them.

use thalweg_model::DisplayBase;

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

fn pair(value: u64) -> &'static [u8] {
    let at = (value % 100) as usize * 2;
    &PAIRS[at..at + 2]
}

/// `%lu`.
#[inline]
pub(super) fn unsigned(out: &mut Vec<u8>, value: u64) {
    if value < 10 {
        out.push(b'0' + value as u8);
    } else {
        several_digits(out, value);
    }
}

fn several_digits(out: &mut Vec<u8>, mut value: u64) {
    let length = value.ilog10() as usize + 1;
    let begin = out.len();
    // Digits are written where they stay: to read them back so soon would stall the processor.
    out.extend_from_slice(&[b'0'; 20]);
    out.truncate(begin + length);
    for place in out[begin..].rchunks_mut(2) {
        match place {
            [tens, ones] => {
                let pair = pair(value);
                (*tens, *ones) = (pair[0], pair[1]);
            }
            [one] => *one = b'0' + (value % 10) as u8,
            _ => {}
        }
        value /= 100;
    }
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
pub(super) fn two(value: u64) -> &'static [u8] {
    pair(value)
}

/// `%09lu`, for values below 10^9.
#[inline]
pub(super) fn nine(out: &mut Vec<u8>, value: u64) {
    let begin = out.len();
    out.extend_from_slice(&[b'0'; 9]);
    let room = &mut out[begin..begin + 9];
    room[0] = b'0' + (value / 100_000_000 % 10) as u8;
    room[1..3].copy_from_slice(pair(value / 1_000_000));
    room[3..5].copy_from_slice(pair(value / 10_000));
    room[5..7].copy_from_slice(pair(value / 100));
    room[7..9].copy_from_slice(pair(value));
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
    for digit in (0..count).rev() {
        let digit =
            value.checked_shr(digit * bits_per_digit).unwrap_or(0) & ((1 << bits_per_digit) - 1);
        out.push(b"0123456789ABCDEF"[digit as usize]);
    }
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
    let scientific = format!("{magnitude:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        out.extend_from_slice(without_zeros(&format!("{magnitude:.places$}")).as_bytes());
        return;
    }
    out.extend_from_slice(without_zeros(mantissa).as_bytes());
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("e{sign}{:02}", exponent.unsigned_abs()).as_bytes());
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
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
        check("000000007", |out| nine(out, 7));
        check("123456789", |out| nine(out, 123_456_789));
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
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ] {
            check(text, |out| float(out, value));
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
