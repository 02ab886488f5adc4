//! The three functions, with events before or behind the real ones.

use std::ffi::c_int;

use libc::pthread_mutex_t;
use thalweg::{Hex, event};
use thalweg_helper::address;

use crate::real::{LOCK, TRYLOCK, UNLOCK, call};

/// Stands in for C's.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
    event!("lttng_ust_pthread:pthread_mutex_lock_req", {
        mutex: Hex<u64> = address(mutex),
    });
    // SAFETY: the caller's mutex, for the caller's call.
    let status = unsafe { call(&LOCK, mutex) };
    event!("lttng_ust_pthread:pthread_mutex_lock_acq", {
        mutex: Hex<u64> = address(mutex),
        status: i32 = status,
    });
    status
}

/// Stands in for C's.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn pthread_mutex_trylock(mutex: *mut pthread_mutex_t) -> c_int {
    // SAFETY: the caller's mutex, for the caller's call.
    let status = unsafe { call(&TRYLOCK, mutex) };
    event!("lttng_ust_pthread:pthread_mutex_trylock", {
        mutex: Hex<u64> = address(mutex),
        status: i32 = status,
    });
    status
}

/// Stands in for C's.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int {
    // SAFETY: the caller's mutex, for the caller's call.
    let status = unsafe { call(&UNLOCK, mutex) };
    event!("lttng_ust_pthread:pthread_mutex_unlock", {
        mutex: Hex<u64> = address(mutex),
        status: i32 = status,
    });
    status
}
