//! Processes that come to be in other ways than `forks` has.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;

use crate::life::{emit, emit_for_ever, events, exit, fork, ledger, open, wait, wait_for};

pub(crate) fn run(name: &str) -> bool {
    match name {
        "leaf" => emit(1),
        "daemon" => daemon(),
        "system" => system(),
        "shared-memory" => shared_memory(),
        "same-pid" => same_pid(),
        "siblings" => siblings(),
        "fork-amid-threads" => fork_amid_threads(),
        "exec-of-thread" => exec_of_thread(),
        "orphan" => orphan(),
        _ => return false,
    }
    true
}

/// The child that the C library's daemon makes goes on.
fn daemon() {
    emit(0);
    // SAFETY: there is one thread.
    let made = unsafe { libc::daemon(1, 1) };
    assert_eq!(made, 0);
    emit(1);
    ledger().flag().store(1, SeqCst);
}

/// A shell between the program and its child.
fn system() {
    emit(0);
    let leaf = format!("\"{}\" leaf {}", own_path().display(), events());
    let status = Command::new("sh").arg("-c").arg(leaf).status();
    assert!(status.is_ok_and(|status| status.success()));
    emit(2);
}

fn own_path() -> std::path::PathBuf {
    std::env::current_exe().expect("the kernel knows what it runs")
}

const STACK: usize = 1 << 20;

/// A child that shares memory and even the thread's own words with its parent, which waits: nothing
/// tells the two apart, and its events are those of its parent's thread.
fn shared_memory() {
    extern "C" fn child(_: *mut libc::c_void) -> libc::c_int {
        ledger().account(1).watched_ticks(events());
        0
    }
    emit(0);
    let _ = open(1);
    let mut stack = vec![0_u128; STACK / 16];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let end = stack.as_mut_ptr_range().end;
    // SAFETY: the stack is the child's until it has ended, for which the parent waits.
    let pid = unsafe { libc::clone(child, end.cast(), flags, std::ptr::null_mut()) };
    wait(pid);
    emit(2);
}

/// A child with the number of one that has ended.
fn same_pid() {
    emit(0);
    let pid = fork(|| emit(1));
    wait(pid);
    // SAFETY: all-zero is a valid request.
    let mut request: libc::clone_args = unsafe { std::mem::zeroed() };
    request.exit_signal = libc::SIGCHLD as u64;
    request.set_tid = (&raw const pid) as u64;
    request.set_tid_size = 1;
    // SAFETY: the request and the number are live; the child does nothing but its work.
    let child =
        unsafe { libc::syscall(libc::SYS_clone3, &raw const request, size_of_val(&request)) };
    if child == 0 {
        emit(2);
        exit();
    }
    assert_eq!(child, libc::c_long::from(pid));
    wait(pid);
}

/// Many children at once.
fn siblings() {
    emit(0);
    let children: Vec<_> = (1..9).map(|account| fork(move || emit(account))).collect();
    children.into_iter().for_each(wait);
}

/// Children of a process whose other threads are in the middle of events.
fn fork_amid_threads() {
    let threads = [0, 1].map(|account| std::thread::spawn(move || emit(account)));
    for account in 2..6 {
        wait(fork(move || emit(account)));
    }
    for thread in threads {
        thread.join().expect("emitting does not panic");
    }
}

/// A thread makes another program of the process, and the others are gone.
fn exec_of_thread() {
    let become_leaf = || {
        wait_for(0, events());
        let mut leaf = Command::new(own_path());
        panic!("{}", leaf.args(["leaf", &events().to_string()]).exec());
    };
    std::thread::spawn(become_leaf);
    emit_for_ever(0);
}

/// A child that begins when its parent is dead.
fn orphan() {
    emit(0);
    let parent = std::process::id();
    let is_there = move || std::os::unix::process::parent_id() == parent;
    fork(move || {
        let account = open(1);
        while is_there() {
            std::thread::yield_now();
        }
        account.watched_ticks(events());
        ledger().flag().store(1, SeqCst);
    });
    exit();
}
