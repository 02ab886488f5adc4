//! A call that the dynamic linker takes for the program's own.
//!
//! ```text
//!   the real dlopen's return address ──▶ a `ret` in the caller's code ──▶ our continuation
//!                └─ what it takes for its caller      └─ takes the next address from the stack
//! ```
//!
//! `dlopen` looks at its return address: the library in which it lies says where to search
//! (`DT_RUNPATH`), and what `$ORIGIN` is. A helper that merely calls it makes programs fail that
//! ship their plug-ins beside themselves. So the return address that it sees is that of a `ret`
//! instruction of the program's own code, which leads back to us.
//!
//! That is done only where it matters: for a name without a slash, or with a `$`. Where the
//! processor keeps a shadow stack, or the caller is no code of an object, the call is a plain one.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use crate::arch::{has_shadow_stack, ret_in};
use crate::object::Object;

/// How far from the call a `ret` is looked for.
const NEAR: usize = 1 << 20;

unsafe extern "C-unwind" {
    fn thalweg_dl_call(
        function: *const c_void,
        a: usize,
        b: usize,
        c: usize,
        ret: *const u8,
    ) -> *mut c_void;
}

/// A call to be made.
pub(crate) struct Call {
    pub(crate) function: *const c_void,
    pub(crate) arguments: [usize; 3],
    /// What is to be opened.
    pub(crate) name: *const c_char,
    /// Where the program goes on.
    pub(crate) caller: *const c_void,
}

/// Makes it, as the program would have.
///
/// # Safety
/// The arguments are right for the function, and the name is null or a C string.
pub(crate) unsafe fn call(call: &Call) -> *mut c_void {
    // SAFETY: by the promise of the caller.
    let matters = !call.name.is_null() && caller_matters(unsafe { CStr::from_ptr(call.name) });
    let ret = if matters && !has_shadow_stack() {
        find_ret(call.caller).unwrap_or(ptr::null())
    } else {
        ptr::null()
    };
    let [a, b, c] = call.arguments;
    // SAFETY: the function gets its own arguments; at `ret` is an instruction that takes the
    // address from the stack that we have put there.
    unsafe { thalweg_dl_call(call.function, a, b, c, ret) }
}

/// Whether it depends on the caller what a name means.
fn caller_matters(name: &CStr) -> bool {
    let name = name.to_bytes();
    !name.contains(&b'/') || name.contains(&b'$')
}

/// A `ret` in the code from which the call came.
fn find_ret(caller: *const c_void) -> Option<*const u8> {
    // SAFETY: the object has called us, and the call has not returned.
    let object = unsafe { Object::of_address(caller) }?;
    let code = object.code_from(caller.addr())?;
    let code = &code[..code.len().min(NEAR)];
    Some(&raw const code[ret_in(code)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::RET_LEN;

    #[test]
    fn the_caller_matters_where_something_is_searched_for() {
        for (name, expected) in [
            (c"libz.so.1", true),
            (c"$ORIGIN/plug.so", true),
            (c"./plug.so", false),
            (c"/lib/plug.so", false),
        ] {
            assert_eq!(caller_matters(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_call_by_way_of_a_return_comes_back_with_its_result() {
        extern "C" fn sum(a: usize, b: usize, c: usize) -> usize {
            a + 10 * b + 100 * c
        }
        let here = find_ret as *const c_void;
        let found = find_ret(here).expect("this program's code returns");
        for name in [c"search", c"./found"] {
            let call_it = Call {
                function: sum as *const c_void,
                arguments: [1, 2, 3],
                name: name.as_ptr(),
                caller: here,
            };
            // SAFETY: three numbers for a function of three numbers.
            assert_eq!(unsafe { call(&call_it) }.addr(), 321);
        }
        // SAFETY: code can be read.
        let code = unsafe { core::slice::from_raw_parts(found, RET_LEN) };
        assert_eq!(ret_in(code), Some(0));
    }
}
