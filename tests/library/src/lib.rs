//! An instrumented library for the tests to load and unload.

#![allow(
    unsafe_code,
    reason = "its one function has a name for the dynamic linker"
)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Emits so many events on an account, and counts each when its call has returned.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_tests_library_emit(account: u32, count: &AtomicU64, events: u64) {
    for _ in 0..events {
        let n = count.load(Relaxed) + 1;
        thalweg::event!("test:tick", Info, { account: u32 = account, n: u64 = n });
        count.store(n, Relaxed);
    }
}
