//! The function that a program would have called if we were not there.

use core::ffi::{CStr, c_void};
use core::marker::PhantomData;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A function of the libraries behind this one, once it was looked for.
///
/// Whoever else stands in for the same function behind us, an allocator for example, is found
/// before the C library.
pub struct Next<F> {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
    function: PhantomData<F>,
}

/// Where a function was found; null if no library behind us has it.
#[derive(Clone, Copy)]
pub struct Found(*mut c_void);

impl<F: Copy> Next<F> {
    /// A function that was not looked for yet.
    ///
    /// # Safety
    /// `F` is the type of a pointer to the C function of this name.
    pub const unsafe fn new(name: &'static CStr) -> Self {
        const { assert!(size_of::<Option<F>>() == size_of::<*mut c_void>()) };
        Self {
            name,
            address: AtomicPtr::new(core::ptr::null_mut()),
            function: PhantomData,
        }
    }

    /// The function, if it was found.
    #[inline(always)]
    pub fn known(&self) -> Option<F> {
        let address = self.address.load(Relaxed);
        // SAFETY: null is `None`; any other address is that of a function of this type, by the
        // promise of `new`. The sizes are the same, by the assertion there.
        unsafe { core::mem::transmute_copy(&address) }
    }

    /// Looks for the function. The dynamic linker may allocate and lock meanwhile.
    #[cold]
    pub fn look(&self) -> Found {
        // SAFETY: the name is a C string.
        Found(unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) })
    }

    /// Makes the function known. Threads that look for it at once find the same.
    pub fn keep(&self, found: Found) {
        self.address.store(found.0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_behind_us_and_one_that_nobody_has_is_not() {
        // SAFETY: the type of C's function.
        let abs = unsafe { Next::<extern "C" fn(i32) -> i32>::new(c"abs") };
        assert!(abs.known().is_none());
        abs.keep(abs.look());
        assert_eq!(abs.known().expect("C has it")(-3), 3);
        // SAFETY: there is no such function.
        let none = unsafe { Next::<extern "C" fn()>::new(c"thalweg_has_no_such_function") };
        none.keep(none.look());
        assert!(none.known().is_none());
    }
}
