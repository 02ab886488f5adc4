//! A path in a buffer of fixed size.

use core::ffi::CStr;

const ROOM: usize = 256;

/// A path that needs no allocation; what does not fit is noticed by [`Path::as_c_str`].
#[derive(Clone, Copy)]
pub(crate) struct Path {
    bytes: [u8; ROOM],
    len: usize,
    overflown: bool,
}

impl Path {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            len: 0,
            overflown: false,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> &mut Self {
        let fits = self.len + bytes.len() < ROOM && !bytes.contains(&0);
        if fits {
            self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
            self.len += bytes.len();
        }
        self.overflown |= !fits;
        self
    }

    pub(crate) fn push_hex(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 16];
        for (i, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(number >> (60 - 4 * i)) as usize & 15];
        }
        let first = digits.iter().position(|&d| d != b'0').unwrap_or(15);
        self.push(&digits[first..])
    }

    pub(crate) fn push_decimal(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[at..])
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn as_c_str(&self) -> Option<&CStr> {
        if self.overflown {
            return None;
        }
        CStr::from_bytes_until_nul(&self.bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_leading_zeros() {
        let mut path = Path::new();
        path.push(b"a-")
            .push_hex(0xbeef)
            .push(b"-")
            .push_hex(0)
            .push(b"-")
            .push_decimal(1070);
        assert_eq!(path.as_c_str(), Some(c"a-beef-0-1070"));
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        let mut path = Path::new();
        path.push(&[b'x'; ROOM]);
        assert_eq!(path.as_c_str(), None);
    }
}
