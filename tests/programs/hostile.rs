//! `hostile HOW`: emits ten events on account 50, and then spoils its own ring.
//!
//! ```text
//!   event 1 … 5 | 6: spoiled | 7 … 10        all in the thread's first chunk
//! ```

#![allow(unsafe_code, reason = "it writes where only the library should")]

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use thalweg_abi::desc::{Desc, OWNED};
use thalweg_abi::record::Mark;
use thalweg_abi::{SLOTS, chunk, program, slot};
use thalweg_tests::Ledger;

const EVENTS: u64 = 10;
const VICTIM: usize = 5;

/// The ring of this program, as it finds it in its own descriptors.
struct Ring {
    words: &'static [AtomicU64],
    sites: usize,
}

impl Ring {
    fn find() -> Self {
        let descriptors = fs::read_dir("/proc/self/fd").expect("every process has descriptors");
        let is_ring = |path: &std::path::PathBuf| {
            fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("memfd:thalweg"))
        };
        let path = descriptors
            .flatten()
            .map(|entry| entry.path())
            .find(is_ring);
        let path = path.expect("the library has set the ring up");
        let file = OpenOptions::new().read(true).write(true).open(path);
        Self::map(&file.expect("it is our own"))
    }

    fn map(file: &File) -> Self {
        let mut sites = [0; 8];
        let at = (program::HEAD_CAPACITY * 8) as u64;
        file.read_exact_at(&mut sites, at)
            .expect("the head is there");
        let sites = u64::from_le_bytes(sites) as usize;
        let len = program::total_len(sites);
        let protection = rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE;
        let flags = rustix::mm::MapFlags::SHARED;
        // SAFETY: the kernel chooses an address that nobody uses.
        let base =
            unsafe { rustix::mm::mmap(std::ptr::null_mut(), len, protection, flags, file, 0) };
        let base = base.expect("it can be mapped").cast::<AtomicU64>();
        // SAFETY: mapped for ever, as long as the file is.
        let words = unsafe { std::slice::from_raw_parts(base, len / 8) };
        Self { words, sites }
    }

    /// First word of the slot that a recorder uses.
    fn slot(&self) -> usize {
        let slots = (0..SLOTS).map(|index| program::slot_offset(self.sites, index) / 8);
        let is_active = |at: &usize| self.words[at + slot::STATE].load(SeqCst) == slot::ACTIVE;
        slots
            .into_iter()
            .find(is_active)
            .expect("a recorder is there")
    }

    /// The record of an event, as its first word and those behind it.
    fn record(&self, number: usize) -> &[AtomicU64] {
        let slot = self.slot();
        let state = |unit: &usize| {
            Desc::unpack(self.words[slot + slot::DESCS / 8 + unit].load(SeqCst)).state
        };
        let unit = (0..slot::UNITS).find(|unit| state(unit) == OWNED);
        let unit = unit.expect("this thread has a chunk");
        let mut at = slot + (slot::CHUNKS + unit * slot::UNIT) / 8 + chunk::FIRST;
        for _ in 0..number {
            at += usize::from(Mark::unpack(self.words[at].load(SeqCst)).words);
        }
        &self.words[at..]
    }

    fn change(&self, change: impl FnOnce(&mut Mark)) {
        let word = &self.record(VICTIM)[0];
        let mut mark = Mark::unpack(word.load(SeqCst));
        change(&mut mark);
        word.store(mark.pack(), SeqCst);
    }

    /// Makes the victim's time `time`, whole.
    fn change_time(&self, time: u64) {
        self.change(|mark| mark.extended = true);
        self.record(VICTIM)[1].store(time, SeqCst);
    }

    /// Random words into a range of the slot, in bytes from its begin.
    fn scribble(&self, from: usize, to: usize, seed: u64) {
        let mut random = seed;
        let slot = self.slot();
        for word in &self.words[slot + from / 8..slot + to / 8] {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            word.store(random, SeqCst);
        }
    }

    fn spoil(&self, how: &str, seed: u64) {
        let units = slot::INITIAL_UNITS;
        let chunks = (slot::CHUNKS, slot::CHUNKS + units * slot::UNIT);
        match how {
            "id" => self.change(|mark| mark.site = 0x7ffe),
            "length" => self.change(|mark| mark.words = 0x3fff),
            "no-length" => self.change(|mark| mark.words = 1),
            "state" => self.record(VICTIM)[0].store(1 << 40, SeqCst),
            "past" => self.change_time(5),
            "future" => self.change_time(u64::MAX / 2),
            // Behind the mark: the cpu, then the text or the length of the list.
            "text" => {
                let words = usize::from(Mark::unpack(self.record(VICTIM)[0].load(SeqCst)).words);
                for word in &self.record(VICTIM)[1..words] {
                    word.store(u64::MAX, SeqCst);
                }
            }
            "list" => self.record(VICTIM)[1].store(u64::MAX << 36, SeqCst),
            "descriptors" => self.scribble(slot::DESCS, slot::DESCS + units * 8, seed),
            "chunks" => self.scribble(chunks.0, chunks.1, seed),
            "counters" => self.scribble(slot::LOST, slot::LOST + 4096, seed),
            "control" => self.scribble(slot::UNITS_READY * 8, slot::CONTROL_WORDS * 8, seed),
            "all" => {
                self.scribble(slot::UNITS_READY * 8, slot::CONTROL_WORDS * 8, seed);
                self.scribble(slot::DESCS, slot::DESCS + units * 8, seed);
                self.scribble(slot::LOST, slot::LOST + 4096, seed);
                self.scribble(chunks.0, chunks.1, seed);
            }
            how => panic!("no way {how} to spoil a ring"),
        }
    }
}

/// The next event: of the kind that will be spoiled.
fn emit(how: &str, count: &AtomicU64) {
    let n = count.load(SeqCst) + 1;
    match how {
        "text" => {
            thalweg::event!("test:text", { account: u32 = 50, n: u64 = n, text: &str = "twenty letters or so" });
        }
        "list" => {
            thalweg::event!("test:list", { list: &[u32] = &[7; 5], account: u32 = 50, n: u64 = n });
        }
        _ => thalweg::event!("test:tick", { account: u32 = 50, n: u64 = n }),
    }
    count.store(n, SeqCst);
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seed = args.get(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let account = Ledger::of_test().account(50).open();
    for _ in 0..EVENTS {
        emit(&args[1], account.count());
    }
    Ring::find().spoil(&args[1], seed);
}
