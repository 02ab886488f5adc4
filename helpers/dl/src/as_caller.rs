//! A call that the dynamic linker takes for the program's own.
//!
//! ```text
//!   stack of the real dlopen:  | a `ret` in the caller's code | our continuation | …
//!                                └─ what it takes for its caller    └─ where that `ret` leads
//! ```
//!
//! `dlopen` looks at its return address: the library in which it lies says where to search
//! (`DT_RUNPATH`), and what `$ORIGIN` is. A helper that merely calls it makes programs fail that
//! ship their plug-ins beside themselves. So the return address that it sees is that of a `ret`
//! instruction of the program's own code, which leads back to us.
//!
//! That is done only where it matters: for a name without a slash, or with a `$`. Where the
//! processor keeps a shadow stack, or the caller is no code of an object, the call is a plain one.

use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use crate::object::Object;

/// How far from the call a `ret` is looked for.
const NEAR: usize = 1 << 20;

const RET: u8 = 0xc3;

global_asm!(
    ".hidden thalweg_dl_call",
    ".globl thalweg_dl_call",
    ".type thalweg_dl_call, @function",
    "thalweg_dl_call:", // (function, a, b, c, ret or 0) -> what the function returns
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "test r8, r8",
    "jz 3f",
    "lea r9, [rip + 2f]",
    "sub rsp, 8", // the stack is aligned as at a call when the function begins
    "push r9",
    "push r8",
    "jmp rax",
    "3: call rax",
    "2: mov rsp, rbp",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size thalweg_dl_call, . - thalweg_dl_call",
);

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

/// Where in code there is a `ret`, best behind an instruction that leaves the stack alone: then an
/// unwinder that looks at the instruction before it finds its way, too.
fn ret_in(code: &[u8]) -> Option<usize> {
    const CLEAR_AND_RETURN: [u8; 3] = [0x31, 0xc0, RET];
    let best = code.windows(3).position(|bytes| bytes == CLEAR_AND_RETURN);
    best.map(|at| at + 2)
        .or_else(|| code.iter().position(|&byte| byte == RET))
}

/// Whether the processor compares return addresses with a copy of its own.
fn has_shadow_stack() -> bool {
    let pointer: u64;
    // SAFETY: `rdsspq rax`, which does nothing where there is no shadow stack.
    unsafe {
        asm!("xor eax, eax", ".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8", out("rax") pointer,
            options(nomem, nostack));
    }
    pointer != 0
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_return_behind_a_harmless_instruction_is_preferred() {
        assert_eq!(ret_in(&[0x5d, RET, 0x31, 0xc0, RET]), Some(4));
        assert_eq!(ret_in(&[0x5d, RET]), Some(1));
        assert_eq!(ret_in(&[0x5d]), None);
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
        assert_eq!(unsafe { found.read() }, RET);
    }
}
