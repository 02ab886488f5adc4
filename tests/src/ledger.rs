//! Accounts in a shared file: how many events of an account have happened, and who emitted them.
//!
//! ```text
//!   word 0         1             2         3
//!   | flag         | count of 0  | who 0   | count of 1 | who 1 | …
//! ```
//!
//! `who`: process id in the high half, thread id in the low one. Only one thread adds to an
//! account. The memory survives the program, whatever kills it.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use crate::stall::is_stalled;

/// The variable that names the file.
pub(crate) const VARIABLE: &str = "THALWEG_TEST_LEDGER";

const WORDS: usize = 32768;
const LEN: usize = WORDS * 8;
/// The account, nobody's, whose count is that of the stalls.
const STALLS: u32 = 16000;

/// The file of accounts, mapped.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    words: &'static [AtomicU64],
}

/// One account of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    ledger: Ledger,
    number: u32,
}

impl Ledger {
    /// Makes the file.
    pub(crate) fn create(path: &Path) -> Self {
        let file = File::create_new(path).expect("the folder is the test's own");
        file.set_len(LEN as u64)
            .expect("the file system has room for it");
        Self::open(path)
    }

    fn open(path: &Path) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.expect("the test has made the file");
        let protection = rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE;
        let (at, flags) = (std::ptr::null_mut(), rustix::mm::MapFlags::SHARED);
        // SAFETY: the kernel chooses an address that nobody uses.
        let base = unsafe { rustix::mm::mmap(at, LEN, protection, flags, &file, 0) };
        let base = base
            .expect("a small file can be mapped")
            .cast::<AtomicU64>();
        // SAFETY: mapped for ever, page-aligned, and as long as the file, which nobody cuts.
        let words = unsafe { std::slice::from_raw_parts(base, WORDS) };
        Self { words }
    }

    /// The ledger of this program's test, mapped once however often it is asked for.
    pub fn of_test() -> Self {
        static LEDGER: OnceLock<Ledger> = OnceLock::new();
        *LEDGER.get_or_init(|| {
            let path = std::env::var_os(VARIABLE).expect("a test runs this program");
            Self::open(Path::new(&path))
        })
    }

    /// An account.
    pub fn account(self, number: u32) -> Account {
        Account {
            ledger: self,
            number,
        }
    }

    /// How many events of an account have happened.
    pub fn count(&self, account: u32) -> u64 {
        self.words[1 + 2 * account as usize].load(SeqCst)
    }

    /// The process and the thread that opened an account.
    pub fn who(&self, account: u32) -> (u32, u32) {
        let who = self.words[2 + 2 * account as usize].load(SeqCst);
        ((who >> 32) as u32, who as u32)
    }

    /// The accounts that were opened.
    pub fn accounts(&self) -> impl Iterator<Item = u32> + '_ {
        (0..(WORDS as u32 - 1) / 2).filter(|account| self.who(*account) != (0, 0))
    }

    /// All events that have happened.
    pub fn total(&self) -> u64 {
        self.accounts().map(|account| self.count(account)).sum()
    }

    /// How many events of [`watched_ticks`](Account::watched_ticks) kept their threads waiting.
    pub fn stalls(&self) -> u64 {
        self.count(STALLS)
    }

    /// A word that a test and its program use as they like.
    pub fn flag(&self) -> &'static AtomicU64 {
        &self.words[0]
    }

    /// Waits, without a system call but the futex, until the flag is at least `value`.
    pub fn wait_for_flag(&self, value: u64) {
        while self.flag().load(SeqCst) < value {
            nap(self.flag());
        }
    }
}

/// Sleeps a millisecond with nothing but a futex.
fn nap(word: &AtomicU64) {
    let time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 1_000_000,
    };
    let (op, value) = (libc::FUTEX_WAIT, word.load(Relaxed) as u32);
    // SAFETY: the word and the time are live; the low half of the word is the futex.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, &raw const time) };
}

impl Account {
    /// Says whose the account is: call it before the first event.
    #[must_use]
    pub fn open(self) -> Self {
        // SAFETY: no memory is passed; the raw call, as glibc may not know of a raw clone.
        let pid = unsafe { libc::syscall(libc::SYS_getpid) } as u64;
        // SAFETY: as above.
        let tid = unsafe { libc::syscall(libc::SYS_gettid) } as u64;
        self.ledger.words[2 + 2 * self.number as usize].store(pid << 32 | tid, SeqCst);
        self
    }

    /// One event with the next number, and then the account.
    #[inline(never)]
    pub fn tick(self) {
        let count = &self.ledger.words[1 + 2 * self.number as usize];
        let n = count.load(Relaxed) + 1;
        thalweg::event!("test:tick", Info, { account: u32 = self.number, n: u64 = n });
        count.store(n, Relaxed);
    }

    /// So many events.
    pub fn ticks(self, count: u64) {
        (0..count).for_each(|_| self.tick());
    }

    /// So many events; the ledger is told of each that kept this thread waiting.
    pub fn watched_ticks(self, count: u64) {
        let stalled = (0..count).filter(|_| is_stalled(|| self.tick())).count() as u64;
        self.ledger
            .account(STALLS)
            .count()
            .fetch_add(stalled, SeqCst);
    }

    /// So many calls, of which those are events that somebody wants: only their fields are asked for.
    /// A call behind which the event is off was under way while that happened: nobody wants it either.
    pub fn wanted_ticks(self, count: u64) {
        let mut was_wanted = false;
        for _ in 0..count {
            let n = self.count().load(Relaxed) + 1;
            let mut is_wanted = false;
            let mut number = || {
                is_wanted = true;
                n
            };
            thalweg::event!("test:tick", Info, { account: u32 = self.number, n: u64 = number() });
            let happened = match (was_wanted, is_wanted) {
                (_, true) => n,
                (true, false) => n - 2,
                (false, false) => n - 1,
            };
            self.count().store(happened, Relaxed);
            was_wanted = is_wanted;
        }
    }

    /// The account's count, to be written by who emits other events than [`tick`](Self::tick).
    pub fn count(self) -> &'static AtomicU64 {
        &self.ledger.words[1 + 2 * self.number as usize]
    }
}
