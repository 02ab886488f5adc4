//! The instrumented library, loaded as programs load plug-ins.

use std::ffi::{CString, c_void};
use std::path::Path;
use std::sync::atomic::AtomicU64;

type Emit = extern "C" fn(u32, &AtomicU64, u64);

/// A loaded library.
#[derive(Debug)]
pub struct Library {
    handle: *mut c_void,
    emit: Emit,
}

// SAFETY: a handle may be used from any thread.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Loads it.
    pub fn open(path: &Path) -> Self {
        let path = CString::new(path.as_os_str().as_encoded_bytes()).expect("without a zero");
        // SAFETY: the path is a C string; the library's constructors are thalweg's.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?} cannot be loaded");
        // SAFETY: the handle is live and the name a C string.
        let emit = unsafe { libc::dlsym(handle, c"thalweg_tests_library_emit".as_ptr()) };
        assert!(!emit.is_null());
        // SAFETY: the function's type in the library's source is this one.
        let emit = unsafe { std::mem::transmute::<*mut c_void, Emit>(emit) };
        Self { handle, emit }
    }

    /// Emits so many events on an account.
    pub fn ticks(&self, account: u32, count: &AtomicU64, events: u64) {
        (self.emit)(account, count, events);
    }

    /// Unloads it.
    pub fn close(self) {
        // SAFETY: the handle is live, and nobody calls into the library any more.
        let closed = unsafe { libc::dlclose(self.handle) };
        assert_eq!(closed, 0);
    }
}
