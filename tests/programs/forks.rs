//! `forks HOW [EVENTS]`: processes that come from this one in all ways, each with an account of its own.
//!
//! ```text
//!   account 0: this process    1: its child    2: the child's child    3: what a child executes
//! ```

#![allow(unsafe_code, reason = "processes made as C programs make them")]

use std::ffi::{CString, c_char};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use thalweg_tests::{Account, Ledger};

/// Events of one piece of a process's life.
fn events() -> u64 {
    let said = std::env::args().nth(2).and_then(|count| count.parse().ok());
    said.unwrap_or(100)
}

fn open(account: u32) -> Account {
    Ledger::of_test().account(account).open()
}

fn fork() -> libc::pid_t {
    // SAFETY: the children only emit, fork, execute and exit.
    unsafe { libc::fork() }
}

/// A child that glibc does not know of.
fn raw_clone() -> libc::pid_t {
    // SAFETY: as in `fork`; the child gets a copy of the memory, its stack included.
    unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t }
}

fn exit() -> ! {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(0) }
}

fn wait() {
    let mut status = 0;
    // SAFETY: the status is live.
    unsafe { libc::wait(&raw mut status) };
    assert_eq!(status, 0, "a child ended badly");
}

/// Runs `child` in a new process, and waits for it.
fn in_child(new: fn() -> libc::pid_t, child: impl FnOnce()) {
    if new() == 0 {
        child();
        exit();
    }
    wait();
}

/// Parent, child and the child's child, all with events before and after.
fn family(new: fn() -> libc::pid_t) {
    let parent = open(0);
    parent.watched_ticks(events());
    in_child(new, || {
        let child = open(1);
        child.watched_ticks(events());
        in_child(new, || open(2).watched_ticks(events()));
        child.watched_ticks(events());
    });
    parent.watched_ticks(events());
}

fn own_path() -> CString {
    CString::new("/proc/self/exe").expect("without a zero")
}

/// This program again, as `leaf`.
fn execute_leaf() -> ! {
    let mut leaf = Command::new("/proc/self/exe");
    let error = leaf.args(["leaf", &events().to_string()]).exec();
    panic!("{error}");
}

/// The vector of pointers that `execve` takes.
fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    let pointers = texts.iter().map(|text| text.as_ptr());
    pointers.chain([std::ptr::null()]).collect()
}

/// `vfork` and `execve` in one piece: the child shares this stack and must not return.
fn vfork_leaf() {
    let path = own_path();
    let text = |text: &str| CString::new(text).expect("without a zero");
    let args = [path.clone(), text("leaf"), text(&events().to_string())];
    let environment: Vec<CString> = std::env::vars()
        .map(|(name, value)| text(&format!("{name}={value}")))
        .collect();
    let (args, environment) = (pointers(&args), pointers(&environment));
    // SAFETY: the child touches nothing but registers until it is another program, or exits.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov eax, {execve}",
            "syscall",
            "mov edi, 127",
            "mov eax, {exit}",
            "syscall",
            "2:",
            execve = const libc::SYS_execve,
            exit = const libc::SYS_exit,
            inout("rax") libc::SYS_vfork => _,
            in("rdi") path.as_ptr(),
            in("rsi") args.as_ptr(),
            in("rdx") environment.as_ptr(),
            out("rcx") _,
            out("r11") _,
        );
    }
}

fn daemon() {
    open(0).watched_ticks(events());
    if fork() != 0 {
        return wait();
    }
    open(1).watched_ticks(events());
    // SAFETY: no memory is passed.
    unsafe { libc::setsid() };
    if fork() != 0 {
        exit();
    }
    open(2).watched_ticks(events());
    Ledger::of_test().flag().store(1, SeqCst);
    exit();
}

fn main() {
    let how = std::env::args().nth(1).unwrap_or_default();
    match how.as_str() {
        "leaf" => open(3).watched_ticks(events()),
        "fork" => family(fork),
        "clone" => family(raw_clone),
        "thread" => std::thread::spawn(|| family(fork))
            .join()
            .expect("a family does not panic"),
        "daemon" => daemon(),
        "exec" => {
            open(0).watched_ticks(events());
            execute_leaf();
        }
        how => {
            let parent = open(0);
            parent.watched_ticks(events());
            match how {
                "fork_exec" => in_child(fork, || execute_leaf()),
                "spawn" => {
                    let mut leaf = Command::new("/proc/self/exe");
                    let status = leaf.args(["leaf", &events().to_string()]).status();
                    assert!(status.is_ok_and(|status| status.success()));
                }
                "vfork_exec" => {
                    vfork_leaf();
                    wait();
                }
                how => panic!("no way {how} to make a process"),
            }
            parent.watched_ticks(events());
        }
    }
}
