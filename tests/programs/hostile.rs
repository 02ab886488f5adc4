//! `hostile HOW`: emits ten events on account 50, and then spoils its own ring.
//!
//! `hostile storm SEED`: emits on account 50, while another thread stores words of all kinds all over the
//! ring, most of them where the two sides speak to each other. It ends when the flag is [`OVER`], and
//! has counted the stores on account 51.
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

/// The flag's value at which a storm is over.
const OVER: u64 = 9;

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

    /// First word of a slot.
    fn slot_at(&self, index: usize) -> usize {
        program::slot_offset(self.sites, index) / 8
    }

    /// First word of the slot that a recorder uses.
    fn slot(&self) -> usize {
        let slots = (0..SLOTS).map(|index| self.slot_at(index));
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
        let mut random = Random(seed);
        let slot = self.slot();
        for word in &self.words[slot + from / 8..slot + to / 8] {
            word.store(random.next(), SeqCst);
        }
    }

    /// Stores one word somewhere.
    fn store_anywhere(&self, random: &mut Random) {
        let slot = self.slot_at(0);
        let (from, to) = match random.next() % 20 {
            0..11 => (slot, slot + slot::CONTROL_WORDS),
            11 | 12 => (slot + slot::MASKS / 8, slot + slot::MASKS / 8 + 32),
            13 | 14 => (slot + slot::DESCS / 8, slot + slot::DESCS / 8 + 256),
            15 => (slot + slot::LOST / 8, slot + slot::LOST / 8 + 8),
            16 => (slot + slot::RULES / 8, slot + slot::CHUNKS / 8),
            17 => (0, program::WORDS / 8 + 64),
            _ => (
                slot + slot::CHUNKS / 8,
                slot + (slot::CHUNKS + 64 * slot::UNIT) / 8,
            ),
        };
        let at = from + random.next() as usize % (to - from);
        let before = self.words[at].load(SeqCst);
        let word = match random.next() % 6 {
            0 => random.next(),
            1 => u64::MAX,
            2 => random.next() % 64,
            3 => 1 << (random.next() % 64),
            4 => before ^ 1 << (random.next() % 64),
            _ => before.wrapping_add(random.next() % 5).wrapping_sub(2),
        };
        self.words[at].store(word, SeqCst);
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

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Events in the middle of a storm.
fn storm(seed: u64) {
    let ledger = Ledger::of_test();
    let (events, stores) = (ledger.account(50), ledger.account(51).count());
    let is_over = || ledger.flag().load(SeqCst) == OVER;
    let ring = Ring::find();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(seed);
            // Some storms leave the two sides time to go on, others do not.
            let pause = random.next() % 2000;
            while !is_over() {
                ring.store_anywhere(&mut random);
                stores.fetch_add(1, SeqCst);
                (0..pause).for_each(|_| std::hint::spin_loop());
            }
        });
        while !is_over() {
            events.tick();
            (0..100).for_each(|_| std::hint::spin_loop());
        }
    });
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
    if args[1] == "storm" {
        return storm(seed);
    }
    for _ in 0..EVENTS {
        emit(&args[1], account.count());
    }
    Ring::find().spoil(&args[1], seed);
}
