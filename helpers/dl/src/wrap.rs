//! The functions that stand in for the dynamic linker's.

use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr::null_mut;

use thalweg_helper::{ErrnoKept, Next};

use crate::arch::with_caller;
use crate::as_caller::{Call, call};
use crate::events::{self, Told};
use crate::libraries;
use crate::object::Object;

type Open = unsafe extern "C-unwind" fn(*const c_char, c_int) -> *mut c_void;
type OpenIn = unsafe extern "C-unwind" fn(c_long, *const c_char, c_int) -> *mut c_void;
type Close = unsafe extern "C-unwind" fn(*mut c_void) -> c_int;

// SAFETY: the function's type in <dlfcn.h>.
static DLOPEN: Next<Open> = unsafe { Next::new(c"dlopen") };
// SAFETY: as above.
static DLMOPEN: Next<OpenIn> = unsafe { Next::new(c"dlmopen") };
// SAFETY: as above.
static DLCLOSE: Next<Close> = unsafe { Next::new(c"dlclose") };

/// Stands in for C's: adds where the call is from, before a frame of ours is on the stack.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void {
    with_caller!(2, dlopen_from)
}

/// Stands in for C's, in the same way.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dlmopen(
    namespace: c_long,
    name: *const c_char,
    flags: c_int,
) -> *mut c_void {
    with_caller!(3, dlmopen_from)
}

/// The real function, looked for if need be.
fn real<F: Copy>(function: &Next<F>) -> Option<F> {
    function.known().or_else(|| {
        function.keep(function.look());
        function.known()
    })
}

unsafe extern "C-unwind" fn dlopen_from(
    name: *const c_char,
    flags: c_int,
    caller: *const c_void,
) -> *mut c_void {
    let Some(real) = real(&DLOPEN) else {
        return null_mut();
    };
    let arguments = [name.addr(), flags as usize, 0];
    let function = real as *const c_void;
    // SAFETY: the caller's own call, with what the caller gave.
    let handle = unsafe {
        call(&Call {
            function,
            arguments,
            name,
            caller,
        })
    };
    let _errno = ErrnoKept::new();
    // SAFETY: the caller has the handle after us.
    if let Some(object) = unsafe { opened(handle) } {
        Told::new(object).dlopen(flags);
    }
    libraries::update();
    handle
}

unsafe extern "C-unwind" fn dlmopen_from(
    namespace: c_long,
    name: *const c_char,
    flags: c_int,
    caller: *const c_void,
) -> *mut c_void {
    let Some(real) = real(&DLMOPEN) else {
        return null_mut();
    };
    let arguments = [namespace as usize, name.addr(), flags as usize];
    let function = real as *const c_void;
    // SAFETY: the caller's own call, with what the caller gave.
    let handle = unsafe {
        call(&Call {
            function,
            arguments,
            name,
            caller,
        })
    };
    let _errno = ErrnoKept::new();
    // SAFETY: the caller has the handle after us.
    if let Some(object) = unsafe { opened(handle) } {
        Told::new(object).dlmopen(namespace, flags);
    }
    libraries::update();
    handle
}

/// The library that was opened; `None` if none was, or if it is the executable itself.
///
/// # Safety
/// `handle` is what `dlopen` gave, or null, and is not closed during `'o`.
unsafe fn opened<'o>(handle: *mut c_void) -> Option<Object<'o>> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: by the promise of the caller.
    let object = unsafe { Object::of_handle(handle) }?;
    (object.bias() != 0 && !object.name().is_empty()).then_some(object)
}

/// Stands in for C's.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dlclose(handle: *mut c_void) -> c_int {
    let Some(real) = real(&DLCLOSE) else {
        return -1;
    };
    {
        let _errno = ErrnoKept::new();
        // SAFETY: the caller gives the handle up after this call only.
        let object = (!handle.is_null()).then(|| unsafe { Object::of_handle(handle) });
        if let Some(object) = object.flatten().filter(|object| object.bias() != 0) {
            events::dlclose(object.span().0);
        }
    }
    // SAFETY: the caller's own call, with the caller's handle.
    let status = unsafe { real(handle) };
    let _errno = ErrnoKept::new();
    libraries::update();
    status
}
