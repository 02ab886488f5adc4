//! A reading position, to the bit, in a window on a packet.

use thalweg_model::ByteOrder;

use super::cursor::Window;
use super::error::{DecodeError, Halt};

/// Reads from a window; all positions count from the packet's first bit.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    begin_bits: u64,
    /// Where the next field begins, before its alignment.
    pub(super) at: u64,
    /// Where the content ends.
    end: u64,
    /// The byte order of the previous field.
    order: Option<ByteOrder>,
}

impl<'a> Bits<'a> {
    pub(super) fn new(window: Window<'a>, at: u64, end: u64) -> Self {
        Self {
            // Places in it are kept in 32 bits.
            bytes: &window.bytes[..window.bytes.len().min(u32::MAX as usize)],
            begin_bits: window.begin_bytes * 8,
            at,
            end,
            order: None,
        }
    }

    pub(super) fn left_bits(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }

    /// Moves to the next multiple of `align_bits`, a power of two.
    #[inline]
    pub(super) fn align(&mut self, align_bits: u64) -> Result<(), Halt> {
        // Not `next_multiple_of`, which divides.
        let at = (self.at + (align_bits - 1)) & !(align_bits - 1);
        if at > self.end {
            return Err(self.truncated(at - self.at).into());
        }
        self.at = at;
        Ok(())
    }

    fn truncated(&self, bits: u64) -> DecodeError {
        let missing_bits = self.at.saturating_add(bits) - self.end;
        DecodeError::Truncated {
            at_bits: self.at,
            end_bits: self.end,
            missing_bits,
        }
    }

    /// The current byte's place in the window, the bytes from it on, and the bit in it, if `bits`
    /// bits are content.
    #[inline]
    fn ahead(&self, bits: u64) -> Result<(usize, &'a [u8], u64), Halt> {
        if bits > self.left_bits() {
            return Err(self.truncated(bits).into());
        }
        let offset = self.at.checked_sub(self.begin_bits).ok_or(Halt::NeedMore)?;
        let begin = usize::try_from(offset / 8).map_err(|_| Halt::NeedMore)?;
        let bytes = self.bytes.get(begin..).ok_or(Halt::NeedMore)?;
        Ok((begin, bytes, offset % 8))
    }

    /// `count` bytes at the current position, which is at a byte, and their place in the window.
    #[inline]
    pub(super) fn bytes(&mut self, count: usize) -> Result<(usize, &'a [u8]), Halt> {
        let bits = (count as u64).saturating_mul(8);
        let (at, ahead, _) = self.ahead(bits)?;
        let taken = ahead.get(..count).ok_or(Halt::NeedMore)?;
        self.at += bits;
        self.order = None;
        Ok((at, taken))
    }

    /// The bytes up to a NUL, which is passed, and their place in the window.
    pub(super) fn c_string(&mut self) -> Result<(usize, &'a [u8]), Halt> {
        let (at, ahead, _) = self.ahead(8)?;
        let content = usize::try_from(self.left_bits() / 8).unwrap_or(usize::MAX);
        let shown = &ahead[..ahead.len().min(content)];
        let Some(length) = memchr::memchr(0, shown) else {
            return Err(if shown.len() < content {
                Halt::NeedMore
            } else {
                self.unterminated()
            });
        };
        self.at += (length as u64 + 1) * 8;
        self.order = None;
        Ok((at, &shown[..length]))
    }

    fn unterminated(&self) -> Halt {
        self.truncated(self.left_bits() + 8).into()
    }

    /// An unsigned integer of 1 to 64 bits at any bit.
    #[inline]
    pub(super) fn unsigned(&mut self, size_bits: u32, order: ByteOrder) -> Result<u64, Halt> {
        let (_, ahead, shift) = self.ahead(size_bits.into())?;
        if shift != 0 && self.order.is_some_and(|before| before != order) {
            return Err(DecodeError::ByteOrderInsideByte { at_bits: self.at }.into());
        }
        let shift = shift as u32;
        let count = (shift + size_bits).div_ceil(8) as usize;
        let field = ahead.get(..count).ok_or(Halt::NeedMore)?;
        self.at += u64::from(size_bits);
        self.order = Some(order);
        Ok(extract(field, shift, size_bits, order))
    }
}

/// `size_bits` bits of at most nine bytes, from `shift` on in stream order.
fn extract(field: &[u8], shift: u32, size_bits: u32, order: ByteOrder) -> u64 {
    let mut room = [0; 16];
    let number = match order {
        ByteOrder::Little => {
            room[..field.len()].copy_from_slice(field);
            u128::from_le_bytes(room) >> shift
        }
        ByteOrder::Big => {
            room[16 - field.len()..].copy_from_slice(field);
            u128::from_be_bytes(room) >> (field.len() as u32 * 8 - shift - size_bits)
        }
    };
    (number as u64) & (u64::MAX >> (64 - size_bits))
}

/// The two's complement number in the low `size_bits` bits.
#[inline]
pub(super) fn sign_extend(value: u64, size_bits: u32) -> i64 {
    let unused = 64 - size_bits;
    ((value << unused) as i64) >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(bytes: &[u8]) -> Bits<'_> {
        let window = Window {
            bytes,
            begin_bytes: 0,
        };
        Bits::new(window, 0, bytes.len() as u64 * 8)
    }

    #[test]
    fn little_endian_fields_fill_bytes_from_the_low_bit() {
        let mut bits = bits(&[0b1011_0101, 0xff]);
        assert_eq!(bits.unsigned(3, ByteOrder::Little), Ok(0b101));
        assert_eq!(bits.unsigned(7, ByteOrder::Little), Ok(0b111_0110));
        assert_eq!(bits.unsigned(6, ByteOrder::Little), Ok(0b11_1111));
    }

    #[test]
    fn big_endian_fields_fill_bytes_from_the_high_bit() {
        let mut bits = bits(&[0b1011_0101, 0b1000_0001]);
        assert_eq!(bits.unsigned(3, ByteOrder::Big), Ok(0b101));
        assert_eq!(bits.unsigned(7, ByteOrder::Big), Ok(0b101_0110));
        assert_eq!(bits.unsigned(6, ByteOrder::Big), Ok(0b00_0001));
    }

    #[test]
    fn sixty_four_bits_may_lie_across_nine_bytes() {
        let bytes = [0x80, 1, 2, 3, 4, 5, 6, 7, 0x7f];
        let mut bits = bits(&bytes);
        assert_eq!(bits.unsigned(7, ByteOrder::Little), Ok(0));
        let expected = u128::from_le_bytes({
            let mut room = [0; 16];
            room[..9].copy_from_slice(&bytes);
            room
        }) >> 7;
        assert_eq!(bits.unsigned(64, ByteOrder::Little), Ok(expected as u64));
        assert!(matches!(
            bits.unsigned(2, ByteOrder::Little),
            Err(Halt::Broken(_))
        ));
    }

    #[test]
    fn a_window_that_ends_early_asks_for_more_and_content_that_ends_early_does_not() {
        let window = Window {
            bytes: &[1, 2],
            begin_bytes: 10,
        };
        let mut short = Bits::new(window, 80, 80 + 64);
        assert_eq!(short.unsigned(32, ByteOrder::Little), Err(Halt::NeedMore));
        let mut broken = Bits::new(window, 80, 80 + 16);
        let error = DecodeError::Truncated {
            at_bits: 80,
            end_bits: 96,
            missing_bits: 16,
        };
        assert_eq!(broken.unsigned(32, ByteOrder::Little), Err(error.into()));
    }

    #[test]
    fn numbers_extend_their_sign() {
        assert_eq!(sign_extend(0b1_0000, 5), -16);
        assert_eq!(sign_extend(0b0_1111, 5), 15);
        assert_eq!(sign_extend(u64::MAX, 64), -1);
    }
}
