//! The instrumented library, loaded as programs load plug-ins.

use std::ffi::{CString, c_int, c_void};
use std::path::Path;
use std::sync::atomic::AtomicU64;

type Emit = extern "C" fn(u32, &AtomicU64, u64);

const FLAGS: c_int = libc::RTLD_NOW | libc::RTLD_LOCAL;

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("without a zero")
}

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
        let path = c_path(path);
        // SAFETY: the path is a C string; the library's constructors are thalweg's.
        Self::of(unsafe { libc::dlopen(path.as_ptr(), FLAGS) })
    }

    /// Loads it apart from all that is loaded: with all that it needs, once more.
    pub fn open_apart(path: &Path) -> Self {
        let path = c_path(path);
        // SAFETY: as above.
        Self::of(unsafe { libc::dlmopen(libc::LM_ID_NEWLM, path.as_ptr(), FLAGS) })
    }

    fn of(handle: *mut c_void) -> Self {
        assert!(!handle.is_null(), "it cannot be loaded");
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
