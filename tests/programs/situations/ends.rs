//! Events at the begin of a process, at its end, and in the middle of both.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::life::{self, emit, emit_for_ever, events, exit, fork, wait, wait_for};

unsafe extern "C" {
    fn at_quick_exit(handler: extern "C" fn()) -> libc::c_int;
    fn quick_exit(status: libc::c_int) -> !;
}

/// What the C library calls before main, and behind it.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;
#[used]
#[unsafe(link_section = ".fini_array")]
static DESTRUCTOR: extern "C" fn() = destructor;
static HAS_DESTRUCTOR: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(name: &str) -> bool {
    match name {
        "constructor" => emit(1),
        "destructor" => with_destructor(),
        "atexit" => with_handler(),
        "exit" => emit(0),
        "_exit" => {
            emit(0);
            exit();
        }
        "quick_exit" => with_quick_exit(),
        "exit-of-thread" => exit_of_thread(),
        "raw-exit" => raw_exit(),
        "kill" => killed(),
        "abort" => abort(),
        "fault" => fault(),
        "panic" => panics(),
        "exit-of-child" => exit_of_child(),
        _ => return false,
    }
    true
}

extern "C" fn constructor() {
    if std::env::args()
        .nth(1)
        .is_some_and(|name| name == "constructor")
    {
        life::remember();
        emit(0);
    }
}

extern "C" fn destructor() {
    if HAS_DESTRUCTOR.load(Relaxed) {
        emit(1);
    }
}

fn with_destructor() {
    HAS_DESTRUCTOR.store(true, Relaxed);
    emit(0);
}

extern "C" fn last_events() {
    emit(1);
}

fn with_handler() {
    // SAFETY: the handler only emits.
    unsafe { libc::atexit(last_events) };
    emit(0);
}

fn with_quick_exit() {
    // SAFETY: as above.
    unsafe { at_quick_exit(last_events) };
    emit(0);
    // SAFETY: there is one thread.
    unsafe { quick_exit(0) }
}

/// A thread ends the process in the middle of main's events.
fn exit_of_thread() {
    std::thread::spawn(|| {
        emit(1);
        wait_for(0, events());
        std::process::exit(0);
    });
    emit_for_ever(0);
}

/// Nothing of the C library sees the end.
fn raw_exit() {
    emit(0);
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_exit_group, 0) };
}

fn killed() {
    emit(0);
    // SAFETY: no memory is passed.
    unsafe { libc::raise(libc::SIGKILL) };
}

extern "C" fn last_signal(_: libc::c_int) {
    emit(1);
}

/// The signal's handler emits, once.
fn on_signal(signal: libc::c_int) {
    // SAFETY: all-zero is a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = last_signal as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESETHAND;
    // SAFETY: the handler only emits.
    let set = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

fn abort() {
    on_signal(libc::SIGABRT);
    emit(0);
    std::process::abort();
}

/// An instruction that no processor knows.
fn fault() {
    on_signal(libc::SIGILL);
    emit(0);
    // SAFETY: the handler emits and goes back, and then the process dies of it.
    unsafe { std::arch::asm!("ud2") };
}

/// Events while a panic unwinds a thread.
fn panics() {
    struct Emits;
    impl Drop for Emits {
        fn drop(&mut self) {
            emit(1);
        }
    }
    emit(0);
    std::panic::set_hook(Box::new(|_| emit(2)));
    let thread = std::thread::spawn(|| {
        let _emits = Emits;
        panic!("on purpose");
    });
    assert!(thread.join().is_err());
}

/// A child runs the handlers of its parent, and the parent its own.
fn exit_of_child() {
    // SAFETY: the handler only emits.
    unsafe { libc::atexit(last_events) };
    wait(fork(|| {
        emit(0);
        std::process::exit(0);
    }));
    exit();
}
