//! Programs whose descriptors, memory and allocator are not what they were.
//! Then the thread that did it, a new one and a new process emit, as far as that can be traced.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::life::{emit_everywhere, emit_in_threads, events, ledger, open};

pub(crate) fn run(name: &str) -> bool {
    match name {
        "no-descriptors" => limit(libc::RLIMIT_NOFILE, 0, emit_in_threads),
        "no-files" => limit(libc::RLIMIT_FSIZE, 0, emit_in_threads),
        "no-locked-memory" => limit(libc::RLIMIT_MEMLOCK, 0, emit_everywhere),
        "no-core" => limit(libc::RLIMIT_CORE, 0, emit_everywhere),
        "closed" => closed(),
        "reused" => reused(),
        "locked" => locked(),
        "allocator" => allocator(),
        _ => return false,
    }
    true
}

fn limit(what: libc::__rlimit_resource_t, most: u64, then: fn()) {
    open(3).watched_ticks(events());
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the limit is live.
    let set = unsafe { libc::setrlimit(what, &raw const limit) };
    assert_eq!(set, 0);
    then();
}

fn close_all() {
    // SAFETY: the ledger is mapped, and this program has no other file.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    assert_eq!(closed, 0);
}

/// As daemons do: every descriptor that it does not know.
fn closed() {
    open(3).watched_ticks(events());
    close_all();
    emit_everywhere();
}

/// And then the numbers are other files'.
fn reused() {
    open(3).watched_ticks(events());
    close_all();
    // SAFETY: the path is a C string; the descriptors are left open.
    let own = || unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
    let numbers: Vec<_> = (0..64).map(|_| own()).collect();
    assert!(numbers.contains(&3));
    emit_everywhere();
    // SAFETY: no memory is passed.
    let are_open = |number: &libc::c_int| unsafe { libc::fcntl(*number, libc::F_GETFD) } == 0;
    assert!(numbers.iter().all(are_open), "one of them was closed");
}

/// Nothing may be paged out, what comes later included.
fn locked() {
    open(3).watched_ticks(events());
    // SAFETY: no memory is passed.
    unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) };
    emit_everywhere();
}

/// An allocator that emits.
struct Emitting;

static IS_ARMED: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: Emitting = Emitting;

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Emitting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_ARMED.load(Relaxed) {
            ledger().account(1).tick();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if IS_ARMED.load(Relaxed) {
            ledger().account(1).tick();
        }
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) };
    }
}

/// An event in each call of the allocator, the thread's first one among them.
fn allocator() {
    let _ = open(1);
    let account = open(0);
    IS_ARMED.store(true, Relaxed);
    for n in 0..events() {
        drop(std::hint::black_box(Box::new(n)));
        account.tick();
    }
    IS_ARMED.store(false, Relaxed);
}
