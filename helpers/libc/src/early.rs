//! Memory for those who allocate before the real functions are known.
//!
//! ```text
//!   | length | block … | length | block … |  never used  |     16-byte steps, never taken back
//! ```
//!
//! That is the dynamic linker, and whoever stands in for it, while it looks for the functions: a
//! few hundred bytes. Blocks are zero when they are given, as nothing is given twice.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const LEN: usize = 16 << 10;
const STEP: usize = 16;

#[repr(C, align(4096))]
struct Buffer(UnsafeCell<[u8; LEN]>);

// SAFETY: each byte is given to one caller only; what that one does with it is its own business.
unsafe impl Sync for Buffer {}

static BUFFER: Buffer = Buffer(UnsafeCell::new([0; LEN]));
/// Bytes that are given away.
static USED: AtomicUsize = AtomicUsize::new(0);

fn start() -> usize {
    BUFFER.0.get().addr()
}

/// A zeroed block; null when there is no room.
pub(crate) fn allocate(alignment: usize, len: usize) -> *mut c_void {
    let place = |used| place(used, alignment, len);
    let taken = USED.fetch_update(Relaxed, Relaxed, |used| place(used).map(|(_, end)| end));
    let Some((at, _)) = taken.ok().and_then(place) else {
        return null_mut();
    };
    let block = BUFFER.0.get().cast::<u8>().wrapping_add(at);
    let length = block.wrapping_sub(STEP).cast::<usize>();
    // SAFETY: the step before the block is in the buffer, aligned, and this caller's alone.
    unsafe { length.write(len) };
    block.cast()
}

/// Where a block begins and ends, as offsets, when so many bytes are used.
fn place(used: usize, alignment: usize, len: usize) -> Option<(usize, usize)> {
    let alignment = alignment.max(STEP);
    let fits = alignment.is_power_of_two() && alignment <= LEN && len <= LEN;
    let at = (used + STEP).next_multiple_of(if fits { alignment } else { STEP });
    let end = (at + len.min(LEN)).next_multiple_of(STEP);
    (fits && end <= LEN).then_some((at, end))
}

/// Whether a block is one of these.
#[inline(always)]
pub(crate) fn holds(block: *const c_void) -> bool {
    block.addr().wrapping_sub(start()) < LEN
}

/// The length of one of these blocks.
pub(crate) fn len(block: *const c_void) -> usize {
    let at = block.addr().wrapping_sub(start());
    let Some(at) = at
        .checked_sub(STEP)
        .filter(|at| at % STEP == 0 && *at < LEN)
    else {
        return 0;
    };
    let length = BUFFER.0.get().cast::<u8>().wrapping_add(at).cast::<usize>();
    // SAFETY: in the buffer and aligned by the line above.
    let claimed = unsafe { length.read() };
    claimed.min(LEN - at - STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_apart_aligned_and_know_their_length() {
        let blocks = [(1, 3), (64, 100), (4096, 1)].map(|(alignment, len)| {
            let block = allocate(alignment, len);
            assert!(holds(block) && block.addr().is_multiple_of(alignment.max(16)));
            (block, len)
        });
        for (block, expected) in blocks {
            assert_eq!(len(block), expected);
        }
        let ends = blocks.map(|(block, len)| block.addr() + len);
        assert!(ends[0] <= blocks[1].0.addr() && ends[1] <= blocks[2].0.addr());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(allocate(16, LEN).is_null());
        assert!(allocate(16, usize::MAX).is_null());
        assert!(allocate(usize::MAX, 1).is_null());
        assert!(!allocate(16, 1).is_null());
    }

    #[test]
    fn other_addresses_are_not_held() {
        assert!(!holds(null_mut()));
        assert!(!holds((&raw const USED).cast()));
        assert_eq!(len(core::ptr::without_provenance(start() + 1)), 0);
    }
}
