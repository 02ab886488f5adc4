//! Threads that begin, live and end in their own ways.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use thalweg_tests::Account;

use crate::life::{emit, events, ledger, open, wait_for};

pub(crate) fn run(name: &str) -> bool {
    match name {
        "small-stack" => small_stack(),
        "key-destructor" => key_destructor(),
        "drop-of-thread" => drop_of_thread(),
        "cancelled" => cancelled(),
        "gone" => gone(),
        "main-gone" => main_gone(),
        "coroutines" => coroutines(),
        "migrating" => migrating(),
        "renamed" => renamed(),
        "sixteen" => sixteen(),
        _ => return false,
    }
    true
}

type Start = extern "C" fn(*mut libc::c_void) -> *mut libc::c_void;

/// A thread as C makes it.
fn create(start: Start, stack_bytes: usize) -> libc::pthread_t {
    // SAFETY: all-zero is room for attributes.
    let mut attributes = unsafe { std::mem::zeroed() };
    // SAFETY: the room is live.
    unsafe { libc::pthread_attr_init(&raw mut attributes) };
    // SAFETY: as above.
    let set = unsafe { libc::pthread_attr_setstacksize(&raw mut attributes, stack_bytes) };
    assert_eq!(set, 0, "a stack of {stack_bytes} bytes");
    let mut thread = 0;
    let nothing = std::ptr::null_mut();
    // SAFETY: both are live, and the function takes nothing.
    let made =
        unsafe { libc::pthread_create(&raw mut thread, &raw const attributes, start, nothing) };
    assert_eq!(made, 0);
    thread
}

fn join(thread: libc::pthread_t) {
    // SAFETY: nobody else joins it, and what it returns is not asked for.
    let joined = unsafe { libc::pthread_join(thread, std::ptr::null_mut()) };
    assert_eq!(joined, 0);
}

extern "C" fn emit_on_one(_: *mut libc::c_void) -> *mut libc::c_void {
    emit(1);
    std::ptr::null_mut()
}

/// Without optimisation everything takes more room.
const SMALL: usize = if cfg!(debug_assertions) { 65536 } else { 16384 };

fn small_stack() {
    emit(0);
    join(create(emit_on_one, SMALL));
}

static KEY: AtomicU32 = AtomicU32::new(0);
static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// The C library calls it again as long as it leaves a value, four times at most.
extern "C" fn end_of_value(value: *mut libc::c_void) {
    ledger().account(1).watched_ticks(events());
    ROUNDS.fetch_add(1, SeqCst);
    // SAFETY: the key is live as long as the process.
    unsafe { libc::pthread_setspecific(KEY.load(SeqCst), value) };
}

extern "C" fn with_value(_: *mut libc::c_void) -> *mut libc::c_void {
    let _ = open(1);
    // SAFETY: as above; the value is never looked at.
    unsafe { libc::pthread_setspecific(KEY.load(SeqCst), std::ptr::dangling::<libc::c_void>()) };
    std::ptr::null_mut()
}

/// A thread's first event is in the last thing that it does.
fn key_destructor() {
    emit(0);
    let mut key = 0;
    // SAFETY: the key is live.
    unsafe { libc::pthread_key_create(&raw mut key, Some(end_of_value)) };
    KEY.store(key, SeqCst);
    join(create(with_value, 1 << 20));
    assert_eq!(ROUNDS.load(SeqCst), 4);
}

/// The same as Rust has it.
fn drop_of_thread() {
    struct Emits(Cell<u32>);
    impl Drop for Emits {
        fn drop(&mut self) {
            emit(self.0.get());
        }
    }
    thread_local! {
        static LAST: Emits = const { Emits(Cell::new(0)) };
    }
    let thread = std::thread::spawn(|| LAST.with(|last| last.0.set(1)));
    thread.join().expect("emitting does not panic");
    LAST.with(|last| last.0.set(2));
}

/// It may unwind: without landing pads of its own it does so from any instruction.
extern "C-unwind" fn emit_until_cancelled(_: *mut libc::c_void) -> *mut libc::c_void {
    let mut before = 0;
    // SAFETY: the number is live. Nothing on the way of an event owns what would be leaked.
    unsafe { pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &raw mut before) };
    let account = open(1);
    loop {
        account.tick();
    }
}

type UnwindingStart = extern "C-unwind" fn(*mut libc::c_void) -> *mut libc::c_void;

const PTHREAD_CANCEL_ASYNCHRONOUS: libc::c_int = 1;

unsafe extern "C" {
    fn pthread_setcanceltype(new: libc::c_int, old: *mut libc::c_int) -> libc::c_int;
}

/// Ended by another thread at whatever instruction it is.
fn cancelled() {
    emit(0);
    // SAFETY: C knows no difference.
    let start = unsafe { std::mem::transmute::<UnwindingStart, Start>(emit_until_cancelled) };
    let thread = create(start, 1 << 20);
    wait_for(1, events());
    // SAFETY: the thread is there.
    unsafe { libc::pthread_cancel(thread) };
    join(thread);
    emit(2);
}

/// A thread whose end nobody has seen: no destructor has run.
fn gone() {
    emit(0);
    std::thread::spawn(|| {
        emit(1);
        ledger().flag().store(1, SeqCst);
        // SAFETY: ends this thread; it holds nothing.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    ledger().wait_for_flag(1);
    emit(2);
}

/// The first thread has ended, another one goes on.
fn main_gone() {
    emit(0);
    std::thread::spawn(|| {
        while !std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| stat.contains(") Z")) {
            std::thread::yield_now();
        }
        emit(1);
        std::process::exit(0);
    });
    // SAFETY: ends this thread; it holds nothing.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Two stacks by turns on one thread, each with events of its own.
fn coroutines() {
    static mut CONTEXTS: [std::mem::MaybeUninit<libc::ucontext_t>; 2] =
        [const { std::mem::MaybeUninit::zeroed() }; 2];
    fn swap(from: usize, to: usize) {
        let contexts = (&raw mut CONTEXTS).cast::<libc::ucontext_t>();
        // SAFETY: one thread alone touches the two, which live as long as the process.
        let swapped =
            unsafe { libc::swapcontext(contexts.wrapping_add(from), contexts.wrapping_add(to)) };
        assert_eq!(swapped, 0);
    }
    extern "C" fn other() {
        let account: Account = open(1);
        loop {
            account.watched_ticks(10);
            swap(1, 0);
        }
    }
    let mut stack = vec![0_u128; 1 << 16];
    let context = (&raw mut CONTEXTS)
        .cast::<libc::ucontext_t>()
        .wrapping_add(1);
    // SAFETY: the room is live.
    unsafe { libc::getcontext(context) };
    let area = libc::stack_t {
        ss_sp: stack.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: size_of_val(&stack[..]),
    };
    // SAFETY: as above.
    unsafe { (*context).uc_stack = area };
    // SAFETY: the stack lives until the last swap.
    unsafe { libc::makecontext(context, other, 0) };
    let account = open(0);
    for _ in 0..events() / 10 {
        account.watched_ticks(10);
        swap(0, 1);
    }
}

/// From processor to processor.
fn migrating() {
    let account = open(0);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    for round in 0..events() as usize / 10 {
        // SAFETY: all-zero is an empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is live.
        unsafe { libc::CPU_SET(round % count, &mut set) };
        // SAFETY: as above. A processor that is not ours is refused, and that is all.
        unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
        account.watched_ticks(10);
    }
}

/// A thread under many names.
fn renamed() {
    let account = open(0);
    for round in 0..events() / 10 {
        let name = std::ffi::CString::new(format!("name {round}")).expect("without a zero");
        // SAFETY: the name is a C string.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
        account.watched_ticks(10);
    }
}

/// More threads than processors.
fn sixteen() {
    let threads: Vec<_> = (0..16)
        .map(|account| std::thread::spawn(move || emit(account)))
        .collect();
    for thread in threads {
        thread.join().expect("emitting does not panic");
    }
}
