//! The real functions, and finding them before anybody needs them.
//!
//! The constructor finds all, or the first call if that comes earlier: the dynamic linker
//! allocates before it runs constructors. From then on a call is a load and a jump.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use thalweg_helper::Next;

pub(crate) type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
pub(crate) type Calloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
pub(crate) type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
pub(crate) type Free = unsafe extern "C" fn(*mut c_void);
pub(crate) type PosixMemalign = unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int;

// SAFETY: the function's type in <stdlib.h>.
pub(crate) static MALLOC: Next<Malloc> = unsafe { Next::new(c"malloc") };
// SAFETY: as above.
pub(crate) static CALLOC: Next<Calloc> = unsafe { Next::new(c"calloc") };
// SAFETY: as above.
pub(crate) static REALLOC: Next<Realloc> = unsafe { Next::new(c"realloc") };
// SAFETY: as above.
pub(crate) static FREE: Next<Free> = unsafe { Next::new(c"free") };
// SAFETY: as above.
pub(crate) static POSIX_MEMALIGN: Next<PosixMemalign> = unsafe { Next::new(c"posix_memalign") };
// SAFETY: as above.
pub(crate) static ALIGNED_ALLOC: Next<Calloc> = unsafe { Next::new(c"aligned_alloc") };
// SAFETY: the function's type in <malloc.h>.
pub(crate) static MEMALIGN: Next<Calloc> = unsafe { Next::new(c"memalign") };
// SAFETY: as above.
pub(crate) static VALLOC: Next<Malloc> = unsafe { Next::new(c"valloc") };
// SAFETY: as above.
pub(crate) static PVALLOC: Next<Malloc> = unsafe { Next::new(c"pvalloc") };

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = find_all;

/// Whether somebody has begun to look.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Looks for all functions, once. Whoever calls the allocator meanwhile is served from what is
/// known already, or else from the early buffer.
#[cold]
pub(crate) extern "C" fn find_all() {
    if BEGUN.swap(true, Relaxed) {
        return;
    }
    // First the one that gives back: what the others give, it must be able to take.
    FREE.keep(FREE.look());
    MALLOC.keep(MALLOC.look());
    REALLOC.keep(REALLOC.look());
    CALLOC.keep(CALLOC.look());
    POSIX_MEMALIGN.keep(POSIX_MEMALIGN.look());
    ALIGNED_ALLOC.keep(ALIGNED_ALLOC.look());
    MEMALIGN.keep(MEMALIGN.look());
    VALLOC.keep(VALLOC.look());
    PVALLOC.keep(PVALLOC.look());
}

/// The real function, after the search if there was none yet; `None` while it goes on.
#[cold]
pub(crate) fn find<F: Copy>(function: &Next<F>) -> Option<F> {
    find_all();
    function.known()
}
