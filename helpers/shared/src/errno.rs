//! `errno`, as the program left it.

use core::ffi::c_int;

/// Restores `errno` when dropped: the program must not see what a helper asked the kernel.
pub struct ErrnoKept(c_int);

impl ErrnoKept {
    /// Remembers it.
    #[allow(clippy::new_without_default, reason = "a guard is taken, not assumed")]
    pub fn new() -> Self {
        // SAFETY: `errno` is this thread's, live as long as the thread.
        Self(unsafe { address().read() })
    }
}

impl Drop for ErrnoKept {
    fn drop(&mut self) {
        // SAFETY: as in `new`; the drop is on the same thread.
        unsafe { address().write(self.0) };
    }
}

/// Sets it, where a function of C would.
pub fn set_errno(value: c_int) {
    // SAFETY: this thread's, live as long as the thread.
    unsafe { address().write(value) };
}

fn address() -> *mut c_int {
    // SAFETY: returns the address of this thread's errno.
    unsafe { libc::__errno_location() }
}
