//! Memory that the busy program and its judge share, beside all tracing.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use thalweg_sys::SharedMemory;

use crate::seen::tag;

const BYTES: usize = 4096;
const STOP: usize = 0;
const PID: usize = 1;
const TURNS: usize = 2;
const LONGEST_NS: usize = 3;
const LONGEST_BLOCKED_NS: usize = 4;
const TAG: usize = 5;
const EVENTS: usize = 64;
const CALLS: usize = 128;
const LAST_ENABLED: usize = 192;
/// So many times a thread can note that its events were turned off.
const NOTES: usize = 4;

/// The environment variable that names the board to the program.
pub const VARIABLE: &str = "FAULTS_BOARD";
/// The most threads of a program.
pub const MOST_THREADS: usize = 64;

/// The shared words.
pub struct Board {
    memory: SharedMemory,
    file: Option<OwnedFd>,
}

impl Board {
    /// A new board, all zero.
    ///
    /// # Panics
    /// If the kernel gives no memory.
    pub fn new() -> Self {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create("faults-board", flags).expect("the kernel has memfds");
        ftruncate(&file, BYTES as u64).expect("there is memory");
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW).expect("it may be sealed");
        let memory = SharedMemory::map(&file, BYTES).expect("it can be mapped");
        let begun = SystemTime::now().duration_since(UNIX_EPOCH);
        let random = begun.map_or(0, |since| u64::from(since.subsec_nanos()));
        memory.words()[TAG].store(tag(random), SeqCst);
        Self {
            memory,
            file: Some(file),
        }
    }

    /// The board that another process made.
    ///
    /// # Panics
    /// If there is none at `path`.
    pub fn open(path: &Path) -> Self {
        let file = File::options().read(true).write(true).open(path);
        let file = file.expect("the judge lives and has a board");
        let memory = SharedMemory::map(&file, BYTES).expect("it can be mapped");
        Self { memory, file: None }
    }

    /// Where another process finds it.
    pub fn path(&self) -> String {
        let fd = self.file.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        format!("/proc/{}/fd/{fd}", std::process::id())
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        &self.memory.words()[at]
    }

    /// What the world's system calls are known by.
    pub fn tag(&self) -> u64 {
        self.word(TAG).load(SeqCst)
    }

    /// Asks the program to end.
    pub fn stop(&self) {
        self.word(STOP).store(1, SeqCst);
    }

    /// Whether the program shall end.
    pub fn is_stopped(&self) -> bool {
        self.word(STOP).load(SeqCst) != 0
    }

    /// The program's process id; 0 before it runs.
    pub fn pid(&self) -> u32 {
        self.word(PID).load(SeqCst) as u32
    }

    /// Says that the program runs.
    pub fn set_pid(&self, pid: u32) {
        self.word(PID).store(pid.into(), SeqCst);
    }

    /// A sign of life: grows while the program runs, traced or not.
    pub fn turns(&self) -> &AtomicU64 {
        self.word(TURNS)
    }

    /// Events of a thread whose calls have returned.
    pub fn events(&self, thread: usize) -> &AtomicU64 {
        self.word(EVENTS + thread % MOST_THREADS)
    }

    /// Numbered system calls of a thread that have returned.
    pub fn calls(&self, thread: usize) -> &AtomicU64 {
        self.word(CALLS + thread % MOST_THREADS)
    }

    /// Notes the number of the last call of a thread that found its event enabled, when the next one
    /// did not: it may have been under way when the event was turned off.
    pub fn note_turned_off(&self, thread: usize, number: u64) {
        let mut notes = self.notes(thread);
        if let Some(free) = notes.find(|word| word.load(SeqCst) == 0) {
            free.store(number, SeqCst);
        }
    }

    /// The numbers that were noted.
    pub fn last_enabled(&self, thread: usize) -> Vec<u64> {
        let numbers = self.notes(thread).map(|word| word.load(SeqCst));
        numbers.filter(|number| *number != 0).collect()
    }

    fn notes(&self, thread: usize) -> impl Iterator<Item = &AtomicU64> {
        let first = LAST_ENABLED + thread % MOST_THREADS * NOTES;
        (first..first + NOTES).map(|at| self.word(at))
    }

    /// The longest event call: in all, and the part of it in which the thread neither ran nor
    /// waited for a processor.
    pub fn longest_ns(&self) -> (u64, u64) {
        let [all, blocked] = [LONGEST_NS, LONGEST_BLOCKED_NS].map(|at| self.word(at).load(SeqCst));
        (all, blocked)
    }

    /// Notes how long an event call took.
    pub fn note_longest(&self, all_ns: u64, blocked_ns: u64) {
        self.word(LONGEST_NS).fetch_max(all_ns, SeqCst);
        self.word(LONGEST_BLOCKED_NS).fetch_max(blocked_ns, SeqCst);
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}
