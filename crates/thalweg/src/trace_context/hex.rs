//! Numbers of a fixed length in lower-case hexadecimal digits, and no others.

/// The bytes' digits.
pub(super) const fn digits<const N: usize, const D: usize>(bytes: [u8; N]) -> [u8; D] {
    const { assert!(D == 2 * N, "a byte has two digits") };
    let (mut digits, mut at) = ([0; D], 0);
    while at < N {
        digits[2 * at] = digit(bytes[at] >> 4);
        digits[2 * at + 1] = digit(bytes[at] & 15);
        at += 1;
    }
    digits
}

const fn digit(number: u8) -> u8 {
    match number {
        0..10 => b'0' + number,
        _ => b'a' + number - 10,
    }
}

/// The bytes that digits stand for; `None` if one is no lower-case digit, or their number is wrong.
pub(super) fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let pairs: &[[u8; 2]; N] = pairs.try_into().ok()?;
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
