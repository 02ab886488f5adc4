//! The life of the library in a process: before `main`, in a forked child, at the end.

use crate::gate::GATES;
use crate::map::Map;
use crate::state::{self, RSEQ_AREA, State, TID_OFFSET};
use crate::sys::{self, ErrnoKept};
use crate::{cpu, patience, register, sample, site, thread};
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed},
};
use thalweg_abi::{SLOTS, program, slot};

// Before the program's own constructors, whose events would be off: theirs begin at 101.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static CONSTRUCTOR: extern "C" fn() = construct;

#[used]
#[unsafe(link_section = ".fini_array")]
static DESTRUCTOR: extern "C" fn() = destruct;

/// Whether the process ever forked: then a child may still need its rendezvous file.
static FORKED: AtomicBool = AtomicBool::new(false);

/// Whether the library has begun its life.
static STARTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_fork() {
    FORKED.store(true, Relaxed);
}

/// Where the process's memfd is mapped, and for how many sites: for a forked child, whose own blocks
/// are wiped by then.
static RING: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static CAPACITY: AtomicUsize = AtomicUsize::new(0);

/// The memfd's descriptor, and its inode: by the time that it is to be closed, the number may be another
/// file's.
static DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);
static INODE: AtomicU64 = AtomicU64::new(0);

/// In a child of `fork`: the parent's other threads are gone, and lets it go on with an event that was
/// under way, when it was a signal handler that forked: the ring is not its own, and its writes go nowhere.
extern "C" fn fill_hole() {
    sample::forget_threads();
    sample::close_inherited();
    let ring = RING.load(Relaxed);
    let capacity = CAPACITY.load(Relaxed);
    if !ring.is_null() && sys::fill(ring.cast(), program::total_len(capacity)) {
        // SAFETY: that many bytes were just mapped there, and nobody unmaps them.
        let map = unsafe { Map::new(ring, capacity) };
        thread::lend(&map);
    }
}

/// Begins the library's life, if that has not happened: a program that is linked statically runs
/// the constructors of its own modules first.
///
/// Whoever calls this brings constructor and destructor along from a static library.
pub fn start() {
    core::hint::black_box((&raw const CONSTRUCTOR, &raw const DESTRUCTOR));
    construct();
}

extern "C" fn construct() {
    if STARTED.swap(true, Relaxed) {
        return;
    }
    let _errno = ErrnoKept::new();
    site::number_all();
    sample::link_all();
    RSEQ_AREA.store(cpu::find_area().unwrap_or(0), Relaxed);
    TID_OFFSET.store(thread::find_tid_offset(), Relaxed);
    register::remember_folders();
    patience::remember();
    let Some(pages) = sys::wiped_pages(size_of::<State>()) else {
        return;
    };
    // SAFETY: fresh zeroed pages of that size, wiped on fork, never unmapped; no other thread
    // runs this library's code before its constructor is done.
    unsafe { state::install(pages.cast()) };
    // SAFETY: the handlers are async-signal-safe: plain stores and a system call.
    unsafe { libc::pthread_atfork(None, Some(note_fork), Some(fill_hole)) };
    if !site::all().is_empty() {
        set_up();
    }
}

/// Sets a process up that defines its first event only now, and was linked with none.
pub(crate) fn set_up_late() {
    if state::get().is_some_and(State::is_untouched) {
        set_up();
    }
}

/// Sets a forked child up at its first event; whether the process is ready now.
#[cold]
pub(crate) fn set_up_child() -> bool {
    let _errno = ErrnoKept::new();
    if !state::get().is_some_and(State::is_untouched) {
        return false;
    }
    // A raw clone leaves glibc's copy of the thread id as it was in the parent.
    TID_OFFSET.store(thread::find_tid_offset(), Relaxed);
    set_up()
}

fn set_up() -> bool {
    let Some(state) = state::get() else {
        return false;
    };
    if !state.begin_set_up() {
        return false;
    }
    let is_done = try_set_up(state);
    if !is_done {
        close_gates();
        state.fail();
    }
    is_done
}

/// Turns all events of this process off: in a forked child call sites test its parent's gates, and what
/// its parent's recorder wants would be asked for here, for nothing.
fn close_gates() {
    // SAFETY: the static consists of just these whole pages.
    unsafe { sys::wipe_over(GATES.address(), program::GATES_LEN) };
}

fn try_set_up(state: &'static State) -> bool {
    let Some(memory) = Memory::new(site::each().count()) else {
        return false;
    };
    let nonce = register::nonce();
    memory.map.head(program::HEAD_NONCE).store(nonce, Relaxed);
    let asked = memory.map.head(program::HEAD_ASKED);
    asked.store((nonce | 1) << 32, Relaxed);
    state.identity.note();
    state.span_ids.begin_at(nonce);
    site::each().for_each(|site| site.point_to(&memory.map));
    register::register(&memory.map, &memory.file, nonce);
    if !memory.show_gates() {
        return false;
    }
    // Threads may emit from here on. What they have tried before was not recorded, and may have been
    // wanted by whoever is there.
    state.set_up(memory.map);
    refuse(&memory.map, state.take_too_early());
    // The descriptor stays open for collectors that come later, out of the program's way.
    keep_open(memory.file);
    true
}

/// Counts events that came too early as lost by each collector that is there.
fn refuse(map: &Map, count: u64) {
    for slot in (0..SLOTS).map(|index| map.slot(index)) {
        if count > 0 && slot.control(slot::STATE).load(Acquire) == slot::ACTIVE {
            let refused = slot.control(slot::REFUSED_THREAD);
            refused.fetch_add(count, Relaxed);
        }
    }
}

/// The process's memfd and its mapping.
struct Memory {
    file: sys::Fd,
    map: Map,
}

impl Memory {
    fn new(sites: usize) -> Option<Self> {
        let capacity = program::capacity_for(site::all().len());
        let file = sys::move_up(sys::sealed_memfd(program::total_len(capacity))?);
        // All that is touched without a collector's doing has memory from the start.
        let threads = program::THREADS_AT_START * 8;
        let words = program::words_len(sites.max(1));
        let allocated = sys::allocate(&file, 0, program::THREADS + threads)
            && sys::allocate(&file, program::WORDS, words);
        if !allocated {
            return None;
        }
        let base = sys::map_shared(&file, program::total_len(capacity))?;
        RING.store(base.cast(), Relaxed);
        CAPACITY.store(capacity, Relaxed);
        // SAFETY: that many bytes were just mapped shared, and nobody unmaps them.
        let map = unsafe { Map::new(base.cast(), capacity) };
        map.head(program::HEAD_VERSION)
            .store(u64::from(thalweg_abi::VERSION), Relaxed);
        map.head(program::HEAD_CAPACITY)
            .store(capacity as u64, Relaxed);
        map.head(program::HEAD_DEFINED).store(sites as u64, Relaxed);
        map.head(program::HEAD_THREADS_READY)
            .store(program::THREADS_AT_START as u64, Relaxed);
        let allows = u64::from(patience::is_allowed()) * program::ALLOWS_BLOCKING;
        map.head(program::HEAD_ALLOWS).store(allows, Relaxed);
        map.head(program::HEAD_MAGIC).store(program::MAGIC, Relaxed);
        Some(Self { file, map })
    }

    /// Lets call sites test this process's gates. In a forked child they test its parent's until
    /// then, and must find what is wanted here when they do not any more.
    fn show_gates(&self) -> bool {
        let (gates, len) = (GATES.address(), program::GATES_LEN);
        // SAFETY: the static consists of just these whole pages.
        unsafe { sys::map_over(gates, len, &self.file, program::GATES) }
    }
}

/// At `exit` or `dlclose`: nobody needs to find this library any more.
extern "C" fn destruct() {
    let _errno = ErrnoKept::new();
    let Some(process) = state::get().and_then(State::process) else {
        return;
    };
    process.map.head(program::HEAD_CLOSED).store(1, Relaxed);
    if !FORKED.load(Relaxed) {
        register::withdraw();
        close_memfd();
    }
}

fn keep_open(file: sys::Fd) {
    if let Some(stat) = sys::identity(&file) {
        INODE.store(stat.st_ino, Relaxed);
        DESCRIPTOR.store(file.0, Relaxed);
    }
    core::mem::forget(file);
}

/// Nobody finds the library any more, and who has found it has a descriptor of its own: without this a
/// program that loads plug-ins again and again runs out of them.
fn close_memfd() {
    let file = sys::Fd(DESCRIPTOR.swap(-1, Relaxed));
    let is_ours = |stat: libc::stat| stat.st_ino == INODE.load(Relaxed);
    if !sys::identity(&file).is_some_and(is_ours) {
        core::mem::forget(file);
    }
}
