//! `sandboxed process|threads`: gives itself system call filters, and only then emits: main on
//! account 0, a thread whose first event it is on account 1. With `process` all threads get one
//! filter, with `threads` each one gets its own, which does not even allow a futex. The flag is 1
//! when the filters are in place; the program emits when it is 2.

#![allow(unsafe_code, reason = "filters of the kernel's own making")]

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use thalweg_tests::{Account, Ledger};

const EVENTS: u64 = 2000;
/// No more than the first chunk holds: without a futex nobody can be woken.
const EVENTS_WITHOUT_FUTEX: u64 = 100;

const ALLOWED: [libc::c_long; 6] = [
    libc::SYS_futex,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigreturn,
];

/// Where the system call's number is in what a filter sees.
const NUMBER: u32 = 0;

static READY: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);

fn statement(code: u32, k: u32) -> libc::sock_filter {
    jump(code, k, 0, 0)
}

fn jump(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    let code = code as u16;
    libc::sock_filter { code, jt, jf, k }
}

/// Kills the process at every system call but `allowed`, made by this thread or, with the flag, by
/// any.
fn allow_only(allowed: &[libc::c_long], flags: libc::c_ulong) {
    let load = statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, NUMBER);
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let checks = allowed.iter().enumerate().map(|(at, &number)| {
        let to_allow = (allowed.len() - at) as u8;
        jump(equal, number as u32, to_allow, 0)
    });
    let end = libc::BPF_RET | libc::BPF_K;
    let kill = statement(end, libc::SECCOMP_RET_KILL_PROCESS);
    let allow = statement(end, libc::SECCOMP_RET_ALLOW);
    let mut filter: Vec<_> = std::iter::once(load)
        .chain(checks)
        .chain([kill, allow])
        .collect();
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: no memory is passed.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the filter is live and as long as it says.
    let set = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) };
    assert_eq!(set, 0);
}

fn wait(word: &AtomicU64, value: u64) {
    while word.load(SeqCst) < value {
        std::hint::spin_loop();
    }
}

fn main() {
    let by_thread = std::env::args().nth(1).is_some_and(|arg| arg == "threads");
    let events = if by_thread {
        EVENTS_WITHOUT_FUTEX
    } else {
        EVENTS
    };
    let ledger = Ledger::of_test();
    let emit = move |account: Account| {
        if by_thread {
            allow_only(&ALLOWED[1..], 0);
        }
        READY.fetch_add(1, SeqCst);
        wait(ledger.flag(), 2);
        account.ticks(events);
        DONE.fetch_add(1, SeqCst);
    };
    // Who emits must be asked before the filter forbids it.
    let own = ledger.account(0).open();
    let opened = &*Box::leak(Box::new(AtomicU64::new(0)));
    std::thread::spawn(move || {
        let account = ledger.account(1).open();
        opened.store(1, SeqCst);
        emit(account);
        // Its regular end would need more system calls.
        // SAFETY: ends this thread; it holds nothing.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    wait(opened, 1);
    if by_thread {
        wait(&READY, 1);
    } else {
        allow_only(&ALLOWED, libc::SECCOMP_FILTER_FLAG_TSYNC);
    }
    ledger.flag().store(1, SeqCst);
    emit(own);
    wait(&DONE, 2);
    // SAFETY: ends the process.
    unsafe { libc::syscall(libc::SYS_exit_group, 0) };
}
