//! The clock of a stream, kept up to date by fields that show only its low bits.

/// The clock after a field of `size_bits` bits showed `value`.
///
/// The field shows the low bits of a clock that never goes back: where it is below what the clock
/// had there, the clock has wrapped once.
#[inline]
pub(super) fn updated(clock: u64, value: u64, size_bits: u32) -> u64 {
    if size_bits >= 64 {
        return value;
    }
    let mask = (1 << size_bits) - 1;
    let high = clock & !mask;
    if value < clock & mask {
        high.wrapping_add(mask + 1) | value
    } else {
        high | value
    }
}

#[cfg(test)]
mod tests {
    use super::updated;

    #[test]
    fn low_bits_that_fall_mean_one_wrap() {
        assert_eq!(updated(0x1_0000_0005, 7, 27), 0x1_0000_0007);
        assert_eq!(updated(0x1_0000_0005, 5, 27), 0x1_0000_0005);
        assert_eq!(updated(0x1_0000_0005, 4, 27), 0x1_0800_0004);
        assert_eq!(updated(0x1_0000_0005, 4, 64), 4);
        assert_eq!(updated(u64::MAX, 0, 27), 0);
    }
}
