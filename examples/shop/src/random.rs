//! Numbers that look random and are the same every time (splitmix64).

/// A stream of numbers that its seed decides.
pub(crate) struct Random(u64);

impl Random {
    /// The stream of one seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// The next number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: u16) -> u16 {
        let number = self.next() % u64::from(limit);
        u16::try_from(number).expect("a remainder is less than its divisor")
    }
}

/// One number stirred so that each bit depends on all.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
