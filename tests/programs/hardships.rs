//! Programs in a bad place, each of which must behave as if nobody traced it.
//!
//! * `defines`: defines an event and emits it.
//! * `forks-in-handler N`: forks N times in a signal handler that interrupts events; the children go
//!   on with what was interrupted, emit, and end. Says whether all ended well.
//! * `small-stack`: a forked child's first event is in a handler on an alternate stack of 8 KiB
//!   (32 KiB in a debug build).
//! * `defines-late`: waits for a line on its standard input, and says whether what it then defines is on.

#![allow(unsafe_code, reason = "signals and processes, as C programs make them")]

use std::io::BufRead as _;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::SeqCst};
use thalweg::Level;
use thalweg::dynamic::{Event, Kind, Value};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args[0].as_str() {
        "defines" => {
            let event = define("hardships:defined");
            let emitted = event.emit(&[Value::U64(1)]);
            println!("defined {}", emitted.is_ok());
        }
        "defines-late" => {
            thalweg::event!("hardships:early");
            println!("ready");
            let mut line = String::new();
            let _ = std::io::stdin().lock().read_line(&mut line);
            thalweg::event!("hardships:early");
            println!("late {}", define("hardships:late").is_enabled());
        }
        "forks-in-handler" => forks_in_handler(args[1].parse().expect("a number")),
        "small-stack" => small_stack(),
        other => panic!("no hardship {other}"),
    }
}

fn define(name: &str) -> Event {
    Event::define(name, Level::Info, &[("number", Kind::U64)]).expect("there is room for it")
}

static FORKS: AtomicU64 = AtomicU64::new(0);
static GOOD: AtomicU64 = AtomicU64::new(0);
/// In a child: events that it still emits before it ends.
static LEFT: AtomicI32 = AtomicI32::new(-1);

extern "C" fn fork_here(_: libc::c_int) {
    // SAFETY: the child only goes on with async-signal-safe work: events, and `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        LEFT.store(10, SeqCst);
        return;
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    GOOD.fetch_add(
        u64::from(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7),
        SeqCst,
    );
    FORKS.fetch_add(1, SeqCst);
}

const NEVER: libc::timeval = libc::timeval {
    tv_sec: 0,
    tv_usec: 0,
};

fn forks_in_handler(count: u64) {
    // SAFETY: the handler is async-signal-safe.
    unsafe {
        libc::signal(
            libc::SIGALRM,
            fork_here as extern "C" fn(libc::c_int) as usize,
        )
    };
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: 700,
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: the pointer is to a live timer.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    while FORKS.load(SeqCst) < count {
        thalweg::event!("hardships:tick", Info, { number: u64 = FORKS.load(SeqCst) });
        if LEFT.load(SeqCst) >= 0 && LEFT.fetch_sub(1, SeqCst) == 0 {
            // SAFETY: ends the child without its parent's exit handlers.
            unsafe { libc::_exit(7) };
        }
    }
    let never = libc::itimerval {
        it_interval: NEVER,
        it_value: NEVER,
    };
    // SAFETY: the pointer is to a live timer.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const never, std::ptr::null_mut()) };
    if LEFT.load(SeqCst) >= 0 {
        // SAFETY: as above.
        unsafe { libc::_exit(7) };
    }
    let (good, forks) = (GOOD.load(SeqCst), FORKS.load(SeqCst));
    println!("all ended well: {}", good == forks);
}

extern "C" fn emit_here(_: libc::c_int) {
    thalweg::event!("hardships:small");
}

/// Without optimisation everything takes more room.
const STACK: usize = if cfg!(debug_assertions) { 32768 } else { 8192 };

fn small_stack() {
    // SAFETY: the kernel chooses an address that nobody uses; below it is nothing.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            STACK + 2 * 8192,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    let middle = memory.wrapping_byte_add(8192);
    // SAFETY: the middle of our own mapping; what is around it stays out of reach.
    let opened = unsafe { libc::mprotect(middle, STACK, libc::PROT_READ | libc::PROT_WRITE) };
    assert_eq!(opened, 0);
    let stack = libc::stack_t {
        ss_sp: middle,
        ss_flags: 0,
        ss_size: STACK,
    };
    // SAFETY: the stack lives as long as the process.
    unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
    // SAFETY: all-zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = emit_here as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_ONSTACK;
    // SAFETY: the handler only emits.
    unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
    // SAFETY: the child only gets a signal and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: no memory is passed.
        unsafe { libc::raise(libc::SIGUSR1) };
        // SAFETY: ends the child.
        unsafe { libc::_exit(7) };
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    let well = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7;
    println!("the child ended well: {well}");
}
