//! Integers and escape sequences, as C writes them.

/// The value of an integer literal: decimal, `0x` hexadecimal or `0` octal, with C's suffixes.
pub(super) fn integer(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    // At most `ull` or `llu`.
    if text.len() - digits.len() > 3 {
        return None;
    }
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => parse(&digits[2..], 16),
        [b'0', _, ..] => parse(&digits[1..], 8),
        _ => parse(digits, 10),
    }
}

fn parse(digits: &str, base: u32) -> Option<u64> {
    digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric())
        .then_some(())?;
    u64::from_str_radix(digits, base).ok()
}

/// The byte that an escape sequence stands for, without its backslash, and its length in bytes.
pub(super) fn escape(rest: &[u8]) -> Result<(u8, usize), char> {
    let simple = |byte| Ok((byte, 1));
    match rest {
        [b'a', ..] => simple(0x07),
        [b'b', ..] => simple(0x08),
        [b'f', ..] => simple(0x0c),
        [b'n', ..] => simple(b'\n'),
        [b'r', ..] => simple(b'\r'),
        [b't', ..] => simple(b'\t'),
        [b'v', ..] => simple(0x0b),
        [byte @ (b'\'' | b'"' | b'?' | b'\\'), ..] => simple(*byte),
        [b'x', digits @ ..] => numeric(digits, 16, 2).map(|(b, n)| (b, n + 1)).ok_or('x'),
        [b'0'..=b'7', ..] => numeric(rest, 8, 3).ok_or('0'),
        [byte, ..] => Err(char::from(*byte)),
        [] => Err('\0'),
    }
}

fn numeric(digits: &[u8], base: u32, most: usize) -> Option<(u8, usize)> {
    let values = digits
        .iter()
        .take(most)
        .map_while(|&b| char::from(b).to_digit(base));
    let (value, count) = values.fold((0, 0), |(value, count), digit| {
        (value * base + digit, count + 1)
    });
    // As in C, what does not fit in a byte wraps.
    (count > 0).then_some(((value & 0xff) as u8, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_cs_bases_and_suffixes() {
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("0xABC234"), Some(0xab_c234));
        assert_eq!(integer("06534"), Some(0o6534));
        assert_eq!(integer("0xFFFFFFFFFFFFFFFFULL"), Some(u64::MAX));
        assert_eq!(integer("18446744073709551616"), None);
        assert_eq!(integer("1x"), None);
        assert_eq!(integer("0x"), None);
        assert_eq!(integer("1ulul"), None);
    }

    #[test]
    fn escapes_take_as_many_digits_as_c_does() {
        assert_eq!(escape(b"x411"), Ok((0x41, 3)));
        assert_eq!(escape(b"0431"), Ok((0o43, 3)));
        assert_eq!(escape(b"43,"), Ok((0o43, 2)));
        assert_eq!(escape(b"o40"), Err('o'));
        assert_eq!(escape(b""), Err('\0'));
    }
}
