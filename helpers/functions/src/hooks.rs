//! The two functions that the compiler calls.

use std::ffi::c_void;

use thalweg::{Hex, event};
use thalweg_helper::address;

/// A function begins.
#[unsafe(no_mangle)]
extern "C" fn __cyg_profile_func_enter(function: *mut c_void, caller: *mut c_void) {
    event!("lttng_ust_cyg_profile:func_entry", DebugFunction, {
        addr: Hex<u64> = address(function),
        call_site: Hex<u64> = address(caller),
    });
}

/// A function ends.
#[unsafe(no_mangle)]
extern "C" fn __cyg_profile_func_exit(function: *mut c_void, caller: *mut c_void) {
    event!("lttng_ust_cyg_profile:func_exit", DebugFunction, {
        addr: Hex<u64> = address(function),
        call_site: Hex<u64> = address(caller),
    });
}
