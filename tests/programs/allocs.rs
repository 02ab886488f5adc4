//! `allocs LIBRARY`: every call of the allocator in the process is counted, whoever makes it. Says
//! `control N events M`: calls while something is allocated on purpose, and calls while events
//! are emitted: a thread's first ones in a loaded library, and many more, and polls of a watch. Around the latter it
//! calls `getppid`, for whoever watches its system calls.

#![allow(unsafe_code, reason = "it stands in for the C library's allocator")]

use std::ffi::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use thalweg_tests::{Ledger, Library};

const EVENTS: u64 = 100_000;

static COUNTS: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);

fn note() {
    CALLS.fetch_add(u64::from(COUNTS.load(SeqCst)), SeqCst);
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(old: *mut c_void);
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    note();
    // SAFETY: the C library's own function.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    note();
    // SAFETY: the C library's own function.
    unsafe { __libc_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    note();
    // SAFETY: the C library's own function, with the caller's block.
    unsafe { __libc_realloc(old, size) }
}

#[unsafe(no_mangle)]
extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    note();
    // SAFETY: the C library's own function.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    memalign(alignment, size)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(old: *mut c_void) {
    note();
    // SAFETY: the C library's own function, with the caller's block.
    unsafe { __libc_free(old) }
}

/// Calls of the allocator during `action`.
fn calls_of(action: impl FnOnce()) -> u64 {
    let before = CALLS.load(SeqCst);
    COUNTS.store(true, SeqCst);
    action();
    COUNTS.store(false, SeqCst);
    CALLS.load(SeqCst) - before
}

fn mark() {
    std::hint::black_box(rustix::process::getppid());
}

/// Fields and messages that are made where the event is, and spans around them.
fn messages(path: &str) {
    let _span = thalweg::span!("test:span", Info, { path: &str = path });
    let task = thalweg::task_span!("test:task", Info);
    let _entered = task.enter();
    thalweg::tracef!("{path} has {:>3} letters of {:?}", path.len(), "ß");
    thalweg::tracelog!(Info, "{:#x}", path.len());
    let words = [Some(path), None];
    thalweg::event!("test:words", Info, { words: &[Option<&str>] = &words, letter: char = 'ß' });
}

fn main() {
    let path = std::env::args().nth(1).expect("a library's path");
    let ledger = Ledger::of_test();
    let library = Library::open(Path::new(&path));
    let control = calls_of(|| drop(std::hint::black_box(Box::new(1))));
    let messages = calls_of(|| messages(&path));
    let in_thread = || {
        let mut watch = thalweg::Watch::new();
        watch.poll();
        let own = ledger.account(0).open();
        let of_library = ledger.account(1).open().count();
        calls_of(|| {
            mark();
            library.ticks(1, of_library, EVENTS / 2);
            own.ticks(EVENTS / 2);
            assert!((0..1000).all(|_| !watch.poll()), "nobody asks");
            mark();
        })
    };
    let events = std::thread::scope(|scope| scope.spawn(in_thread).join());
    let events = messages + events.expect("emitting does not panic");
    println!("control {control} events {events}");
}
