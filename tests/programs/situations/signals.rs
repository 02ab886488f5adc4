//! Handlers that emit, on other stacks, in heaps, and threads that are stopped.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use crate::life::{emit, events, fork, ledger, open, wait};

pub(crate) fn run(name: &str) -> bool {
    match name {
        "other-stack" => other_stack(),
        "nested" => nested(),
        "queued" => queued(),
        "between-threads" => between_threads(),
        "stopped" => stopped(),
        "waited-for" => waited_for(),
        _ => return false,
    }
    true
}

type Handler = extern "C" fn(libc::c_int);

fn on(signal: libc::c_int, handler: Handler, flags: libc::c_int) {
    // SAFETY: all-zero is a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = flags;
    // SAFETY: the handlers only emit and raise.
    let set = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

fn raise(signal: libc::c_int) {
    // SAFETY: no memory is passed.
    unsafe { libc::raise(signal) };
}

/// One event on the account that is the handlers'.
extern "C" fn tick(_: libc::c_int) {
    ledger().account(1).watched_ticks(1);
}

/// A thread's first event is in a handler on a stack that is not its own.
fn other_stack() {
    const BYTES: usize = 65536;
    let mut stack = vec![0_u128; BYTES / 16];
    let area = libc::stack_t {
        ss_sp: stack.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: BYTES,
    };
    // SAFETY: the stack lives until the process ends.
    unsafe { libc::sigaltstack(&raw const area, std::ptr::null_mut()) };
    on(libc::SIGUSR1, tick, libc::SA_ONSTACK);
    let _ = open(1);
    (0..events()).for_each(|_| raise(libc::SIGUSR1));
    emit(0);
    std::mem::forget(stack);
}

static DEPTH: AtomicU32 = AtomicU32::new(0);

/// Emits, then is interrupted by itself, then emits.
extern "C" fn deeper(signal: libc::c_int) {
    ledger().account(1).watched_ticks(1);
    if DEPTH.fetch_add(1, SeqCst) < 4 {
        raise(signal);
    }
    DEPTH.fetch_sub(1, SeqCst);
    ledger().account(1).watched_ticks(1);
}

/// Five handlers deep.
fn nested() {
    let _ = open(1);
    on(libc::SIGUSR1, deeper, libc::SA_NODEFER);
    let account = open(0);
    for _ in 0..events() / 10 {
        account.watched_ticks(10);
        raise(libc::SIGUSR1);
    }
}

/// Many signals that were held back come all at once.
fn queued() {
    let signal = libc::SIGRTMIN();
    let _ = open(1);
    on(signal, tick, libc::SA_NODEFER);
    let account = open(0);
    // SAFETY: all-zero is room for a set.
    let mut set = unsafe { std::mem::zeroed() };
    // SAFETY: the set is live.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: as above.
    unsafe { libc::sigaddset(&raw mut set, signal) };
    for _ in 0..events() / 100 {
        mask(libc::SIG_BLOCK, &set);
        (0..100).for_each(|_| raise(signal));
        account.watched_ticks(100);
        mask(libc::SIG_UNBLOCK, &set);
    }
}

fn mask(how: libc::c_int, set: &libc::sigset_t) {
    // SAFETY: the set is live.
    unsafe { libc::pthread_sigmask(how, set, std::ptr::null_mut()) };
}

/// One thread interrupts another one all the time.
fn between_threads() {
    on(libc::SIGUSR1, tick, libc::SA_RESTART);
    let _ = open(1);
    // SAFETY: no memory is passed.
    let main = unsafe { libc::pthread_self() };
    let sender = std::thread::spawn(move || {
        let account = open(2);
        for _ in 0..events() {
            account.watched_ticks(1);
            // SAFETY: main waits for this thread, so that it is there.
            unsafe { libc::pthread_kill(main, libc::SIGUSR1) };
        }
    });
    emit(0);
    sender.join().expect("emitting does not panic");
}

/// Stopped and let go on in the middle of events, as a debugger or a shell does.
fn stopped() {
    let account = open(0);
    let parent = std::process::id().cast_signed();
    let child = fork(|| {
        let send = |signal| {
            // SAFETY: no memory is passed.
            unsafe { libc::kill(parent, signal) };
            std::thread::sleep(std::time::Duration::from_micros(200));
        };
        for _ in 0..20 {
            send(libc::SIGSTOP);
            send(libc::SIGCONT);
        }
    });
    (0..events()).for_each(|_| account.tick());
    wait(child);
}

/// Signals are taken by a thread that waits for them, which emits.
fn waited_for() {
    // SAFETY: all-zero is room for a set.
    let mut set = unsafe { std::mem::zeroed() };
    // SAFETY: the set is live.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: as above.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR2) };
    mask(libc::SIG_BLOCK, &set);
    let taker = std::thread::spawn(move || {
        let account = open(1);
        for _ in 0..events() / 100 {
            let mut signal = 0;
            // SAFETY: both are live.
            unsafe { libc::sigwait(&raw const set, &raw mut signal) };
            account.watched_ticks(100);
        }
        ledger().flag().store(1, SeqCst);
    });
    let own = std::process::id().cast_signed();
    let account = open(0);
    while ledger().flag().load(SeqCst) == 0 {
        account.watched_ticks(10);
        // SAFETY: no memory is passed.
        unsafe { libc::kill(own, libc::SIGUSR2) };
    }
    taker.join().expect("emitting does not panic");
}
