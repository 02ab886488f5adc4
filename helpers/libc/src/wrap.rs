//! The functions that stand in for C's: the real one, and an event.

use core::ffi::{c_int, c_void};
use core::ptr::{copy_nonoverlapping, null_mut};

use thalweg::{Hex, event};
use thalweg_helper::{Next, address};

use crate::early;
use crate::nesting::Call;
use crate::real::{self, Calloc, Malloc};

/// What `valloc` and `pvalloc` align to.
const PAGE: usize = 4096;

/// The real function; `None` while nobody knows it.
#[inline(always)]
fn known<F: Copy>(function: &Next<F>) -> Option<F> {
    function.known().or_else(|| real::find(function))
}

/// A block from the early buffer, or what C says when there is none.
#[cold]
fn early_block(alignment: usize, size: Option<usize>) -> *mut c_void {
    let block = size.map_or(null_mut(), |size| early::allocate(alignment, size));
    if block.is_null() {
        thalweg_helper::set_errno(libc::ENOMEM);
    }
    block
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn malloc(size: usize) -> *mut c_void {
    let Some(real) = known(&real::MALLOC) else {
        return early_block(1, Some(size));
    };
    let call = Call::begin();
    // SAFETY: the caller's own call.
    let block = unsafe { real(size) };
    if call.end() {
        event!("lttng_ust_libc:malloc", {
            size: u64 = size as u64,
            ptr: Hex<u64> = address(block),
        });
    }
    block
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(real) = known(&real::CALLOC) else {
        return early_block(1, count.checked_mul(size));
    };
    let call = Call::begin();
    // SAFETY: the caller's own call.
    let block = unsafe { real(count, size) };
    if call.end() {
        event!("lttng_ust_libc:calloc", {
            nmemb: u64 = count as u64,
            size: u64 = size as u64,
            ptr: Hex<u64> = address(block),
        });
    }
    block
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    let Some(real) = known(&real::REALLOC).filter(|_| !early::holds(old)) else {
        // SAFETY: the caller gives the block up.
        return unsafe { move_early(old, size) };
    };
    let call = Call::begin();
    // SAFETY: the caller's own call, with the caller's block.
    let block = unsafe { real(old, size) };
    if call.end() {
        event!("lttng_ust_libc:realloc", {
            in_ptr: Hex<u64> = address(old),
            size: u64 = size as u64,
            ptr: Hex<u64> = address(block),
        });
    }
    block
}

/// Gives a new block to who has one of the early buffer, or none.
///
/// # Safety
/// `old` is null or a block of the early buffer that is the caller's.
#[cold]
unsafe fn move_early(old: *mut c_void, size: usize) -> *mut c_void {
    let block = malloc(size);
    let len = if early::holds(old) {
        early::len(old)
    } else {
        0
    };
    if !block.is_null() && len > 0 {
        // SAFETY: both are at least as long as the shorter one, and apart: the new one was
        // nobody's until now.
        unsafe { copy_nonoverlapping(old.cast::<u8>(), block.cast::<u8>(), len.min(size)) };
    }
    block
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn free(block: *mut c_void) {
    if early::holds(block) {
        return;
    }
    let Some(real) = known(&real::FREE) else {
        return;
    };
    let call = Call::begin();
    // Told before: afterwards another thread may have the block already.
    if call.is_outermost() {
        event!("lttng_ust_libc:free", { ptr: Hex<u64> = address(block) });
    }
    // SAFETY: the caller's own call, with the caller's block.
    unsafe { real(block) };
    call.end();
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn posix_memalign(
    place: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    let Some(real) = known(&real::POSIX_MEMALIGN) else {
        // SAFETY: the caller's place for the block.
        return unsafe { posix_memalign_early(place, alignment, size) };
    };
    let call = Call::begin();
    // SAFETY: the caller's own call, with the caller's place.
    let status = unsafe { real(place, alignment, size) };
    if call.end() {
        let block = if status == 0 {
            // SAFETY: the real function has just written there.
            unsafe { place.read() }
        } else {
            null_mut()
        };
        event!("lttng_ust_libc:posix_memalign", {
            out_ptr: Hex<u64> = address(block),
            alignment: u64 = alignment as u64,
            size: u64 = size as u64,
            result: i32 = status,
        });
    }
    status
}

#[cold]
unsafe fn posix_memalign_early(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    let block = early::allocate(alignment, size);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's place for the block.
    unsafe { place.write(block) };
    0
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    aligned(&real::MEMALIGN, alignment, size)
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    aligned(&real::ALIGNED_ALLOC, alignment, size)
}

#[inline(always)]
fn aligned(real: &Next<Calloc>, alignment: usize, size: usize) -> *mut c_void {
    let Some(real) = known(real) else {
        return early_block(alignment, Some(size));
    };
    let call = Call::begin();
    // SAFETY: the caller's own call.
    let block = unsafe { real(alignment, size) };
    if call.end() {
        tell_aligned(alignment, size, block);
    }
    block
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn valloc(size: usize) -> *mut c_void {
    whole_pages(&real::VALLOC, size)
}

/// Stands in for C's.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn pvalloc(size: usize) -> *mut c_void {
    whole_pages(&real::PVALLOC, size)
}

fn whole_pages(real: &Next<Malloc>, size: usize) -> *mut c_void {
    let Some(real) = known(real) else {
        return early_block(PAGE, size.checked_next_multiple_of(PAGE));
    };
    let call = Call::begin();
    // SAFETY: the caller's own call.
    let block = unsafe { real(size) };
    if call.end() {
        tell_aligned(PAGE, size, block);
    }
    block
}

/// LTTng's helper has one event for aligned blocks; by it every `free` has its beginning.
#[inline(always)]
fn tell_aligned(alignment: usize, size: usize, block: *mut c_void) {
    event!("lttng_ust_libc:memalign", {
        alignment: u64 = alignment as u64,
        size: u64 = size as u64,
        ptr: Hex<u64> = address(block),
    });
}
