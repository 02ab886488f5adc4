//! Text without a NUL, as nearly every text is: that is found out, and copied, many bytes at a time.
//!
//! A call of the C library for each costs as much as an event.

/// Bytes of a block.
const BLOCK: usize = 16;

/// Whether one of the bytes is a NUL.
#[inline(always)]
pub fn has_nul(text: &[u8]) -> bool {
    if let Some(last) = text.len().checked_sub(BLOCK) {
        // SAFETY: each block lies in the text.
        return unsafe { blocks::each(text.as_ptr(), last, |_, _| ()) };
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => is_zero_in(*first) || is_zero_in(*last),
        _ => text.contains(&0),
    }
}

/// Copies a text to memory that has room for it, and says whether one of the bytes is a NUL.
///
/// # Safety
///
/// From `to` on as many bytes can be written to as the text has, and none of them is the text's.
#[inline(always)]
#[cfg(not(any(loom, shuttle)))]
pub(crate) unsafe fn copy(text: &[u8], to: *mut u8) -> bool {
    if let Some(last) = text.len().checked_sub(BLOCK) {
        // SAFETY: each block lies as far in what is written to as in the text.
        let take = |at, block| unsafe { put(to, at, block) };
        // SAFETY: each block lies in the text.
        return unsafe { blocks::each(text.as_ptr(), last, take) };
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        // SAFETY: it lies in the text, and as far in what is written to.
        unsafe { put(to, 0, *first) };
        // SAFETY: as above.
        unsafe { put(to, text.len() - 8, *last) };
        return is_zero_in(*first) || is_zero_in(*last);
    }
    // SAFETY: as many bytes as the text has, as the caller says.
    unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), to, text.len()) };
    text.contains(&0)
}

/// Writes a value's bytes at a distance.
///
/// # Safety
///
/// So many bytes can be written to there.
#[inline(always)]
#[cfg(not(any(loom, shuttle)))]
unsafe fn put<T>(to: *mut u8, at: usize, value: T) {
    // SAFETY: in bounds, as the caller says.
    let to = unsafe { to.add(at) };
    // SAFETY: as above.
    unsafe { to.cast::<T>().write_unaligned(value) };
}

#[inline(always)]
fn is_zero_in(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let word = u64::from_le_bytes(bytes);
    word.wrapping_sub(ONES) & !word & (ONES << 7) != 0
}

mod blocks {
    use super::BLOCK;
    use super::simd::{Block, has_zero, least_of, load};

    /// Gives each block of a text to `take`, with where it is: those at the end overlap others. Whether a
    /// byte of them was zero.
    ///
    /// # Safety
    ///
    /// The text has a block's bytes more than `last`. `take` may be called with each place up to that.
    #[inline(always)]
    pub(super) unsafe fn each(
        text: *const u8,
        last: usize,
        mut take: impl FnMut(usize, Block),
    ) -> bool {
        let mut block = |at: usize| {
            // SAFETY: `at` is at most `last`, so that a block lies in the text, as the caller says.
            let from = unsafe { text.add(at) };
            // SAFETY: as above.
            let block = unsafe { load(from) };
            take(at, block);
            block
        };
        let mut least = least_of(block(0), block(last));
        // Up to 64 bytes without a loop.
        if last > BLOCK {
            least = least_of(least, least_of(block(BLOCK), block(last - BLOCK)));
            let mut at = 2 * BLOCK;
            while at + BLOCK < last {
                least = least_of(least, block(at));
                at += BLOCK;
            }
        }
        has_zero(least)
    }
}

/// 16 bytes at once: SSE2, which every x86-64 processor has.
#[cfg(target_arch = "x86_64")]
mod simd {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8,
        _mm_setzero_si128,
    };

    pub(super) type Block = __m128i;

    /// # Safety
    ///
    /// A block's bytes can be read from there.
    #[inline(always)]
    pub(super) unsafe fn load(from: *const u8) -> Block {
        // SAFETY: as the caller says.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    pub(super) fn least_of(a: Block, b: Block) -> Block {
        // SAFETY: SSE2.
        unsafe { _mm_min_epu8(a, b) }
    }

    #[inline(always)]
    pub(super) fn has_zero(block: Block) -> bool {
        // SAFETY: SSE2.
        let zero = unsafe { _mm_setzero_si128() };
        // SAFETY: SSE2.
        let found = unsafe { _mm_cmpeq_epi8(block, zero) };
        // SAFETY: SSE2.
        unsafe { _mm_movemask_epi8(found) != 0 }
    }
}

/// The same with NEON, which every AArch64 processor has that Linux runs on.
#[cfg(target_arch = "aarch64")]
mod simd {
    use core::arch::aarch64::{uint8x16_t, vld1q_u8, vminq_u8, vminvq_u8};

    pub(super) type Block = uint8x16_t;

    /// # Safety
    ///
    /// A block's bytes can be read from there.
    #[inline(always)]
    pub(super) unsafe fn load(from: *const u8) -> Block {
        // SAFETY: as the caller says.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    pub(super) fn least_of(a: Block, b: Block) -> Block {
        // SAFETY: NEON.
        unsafe { vminq_u8(a, b) }
    }

    #[inline(always)]
    pub(super) fn has_zero(block: Block) -> bool {
        // SAFETY: NEON.
        unsafe { vminvq_u8(block) == 0 }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_nul_is_found_wherever_it_is_and_what_is_copied_is_the_text() {
        for len in 0..70 {
            let clean: Vec<u8> = (0..len).map(|at| 128 + at as u8).collect();
            for nul in (0..len).map(Some).chain([None]) {
                let mut text = clean.clone();
                if let Some(nul) = nul {
                    text[nul] = 0;
                }
                let mut copied = std::vec![7; len + 2];
                // SAFETY: there is room for two bytes more.
                let found = unsafe { copy(&text, copied[1..].as_mut_ptr()) };
                assert_eq!((found, has_nul(&text)), (nul.is_some(), nul.is_some()));
                assert_eq!(copied[1..=len], text);
                assert_eq!((copied[0], copied[len + 1]), (7, 7), "nothing beside it");
            }
        }
    }
}
