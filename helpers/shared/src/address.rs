//! Addresses, as LTTng's helpers declare them: 64 bits, shown in base 16.

use thalweg::Hex;

/// The address of anything.
#[inline(always)]
pub fn address<T>(pointer: *const T) -> Hex<u64> {
    Hex(pointer.addr() as u64)
}
