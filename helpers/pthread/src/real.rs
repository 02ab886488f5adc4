//! The real functions.
//!
//! ```text
//!   nothing known ── look for all, then make all known ──▶ all known
//!        └── calls that the dynamic linker makes meanwhile, in this thread: done without a lock
//! ```
//!
//! All become known together, so that a mutex that was not locked in that moment is not unlocked
//! either. It happens before `main`, when nobody else is there to be kept out.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::ffi::c_int;

use libc::pthread_mutex_t;
use thalweg_helper::Next;

/// Unwinds: a thread may be cancelled while it waits.
pub(crate) type Function = unsafe extern "C-unwind" fn(*mut pthread_mutex_t) -> c_int;

// SAFETY: the function's type in <pthread.h>.
pub(crate) static LOCK: Next<Function> = unsafe { Next::new(c"pthread_mutex_lock") };
// SAFETY: as above.
pub(crate) static TRYLOCK: Next<Function> = unsafe { Next::new(c"pthread_mutex_trylock") };
// SAFETY: as above.
pub(crate) static UNLOCK: Next<Function> = unsafe { Next::new(c"pthread_mutex_unlock") };

/// The thread that looks for the functions, by the address of its `errno`.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = find_all;

/// Calls a real function.
///
/// # Safety
/// As for the function itself.
#[inline(always)]
pub(crate) unsafe fn call(real: &Next<Function>, mutex: *mut pthread_mutex_t) -> c_int {
    match real.known().or_else(|| find(real)) {
        // SAFETY: the caller's own call, with what the caller gave.
        Some(real) => unsafe { real(mutex) },
        None => 0,
    }
}

#[cold]
fn find(real: &Next<Function>) -> Option<Function> {
    if LOOKS.load(Relaxed) != this_thread() {
        find_all();
    }
    real.known()
}

extern "C" fn find_all() {
    LOOKS.store(this_thread(), Relaxed);
    let all = [&LOCK, &TRYLOCK, &UNLOCK];
    let found = all.map(Next::look);
    for (function, found) in all.into_iter().zip(found) {
        function.keep(found);
    }
    LOOKS.store(0, Relaxed);
}

fn this_thread() -> usize {
    // SAFETY: returns the address of this thread's errno.
    unsafe { libc::__errno_location() }.addr()
}
