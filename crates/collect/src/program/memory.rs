//! A program's memfd, by the names of its parts.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fstat, ftruncate,
    memfd_create,
};
use rustix::io::Errno;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use thalweg_abi::filters::{self, Filters};
use thalweg_abi::program::{self, HEAD_MAGIC, HEAD_NONCE};
use thalweg_abi::rendezvous::Head;
use thalweg_abi::sampled::{self, Sampled};
use thalweg_abi::{MAX_THREADS, SLOTS, slot, thread};
use thalweg_ring::{Parts, Slot};
use thalweg_sys::{SharedMemory, futex_wake};

/// The shared memory of one library in one program.
#[derive(Debug)]
pub struct Memory {
    file: OwnedFd,
    shared: SharedMemory,
    capacity: usize,
}

impl Memory {
    /// Maps the memfd that a program handed over or that was found in it.
    pub fn map(file: impl AsFd, head: &Head) -> Result<Self, Errno> {
        let file = file
            .as_fd()
            .try_clone_to_owned()
            .map_err(|_| Errno::MFILE)?;
        let capacity = usize::try_from(head.capacity).map_err(|_| Errno::INVAL)?;
        let room = head.sites..=program::MAX_SITES as u64;
        if !room.contains(&u64::from(head.capacity)) || fstat(&file)?.st_ino != head.ring_ino {
            return Err(Errno::INVAL);
        }
        let shared = SharedMemory::map(&file, program::total_len(capacity))?;
        let memory = Self {
            file,
            shared,
            capacity,
        };
        let is = |word, value| memory.head(word).load(Acquire) == value;
        if !is(HEAD_MAGIC, program::MAGIC) || !is(HEAD_NONCE, head.nonce) {
            return Err(Errno::INVAL);
        }
        Ok(memory)
    }

    /// Other memory of the same shape, without anything in it.
    pub(super) fn blank(&self) -> Result<Self, Errno> {
        Self::of_nobody(self.capacity)
    }

    fn of_nobody(capacity: usize) -> Result<Self, Errno> {
        let file = memfd_create(
            "thalweg-copy",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        let len = program::total_len(capacity);
        ftruncate(&file, len as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW)?;
        let shared = SharedMemory::map(&file, len)?;
        Ok(Self {
            file,
            shared,
            capacity,
        })
    }

    /// Gives a chunk its memory.
    pub(super) fn allocate_chunk(&self, slot: usize, unit: usize, class: u8) -> Result<(), Errno> {
        self.allocate(slot, slot::CHUNKS + unit * slot::UNIT, slot::UNIT << class)
    }

    /// The descriptor, for whoever keeps it alive too.
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// A word of the head.
    pub fn head(&self, index: usize) -> &AtomicU64 {
        &self.shared.words()[index]
    }

    /// A control word of a slot.
    pub fn control(&self, index: usize, word: usize) -> &AtomicU64 {
        let offset = program::slot_offset(self.capacity, index % SLOTS);
        &self.shared.words()[offset / 8 + word]
    }

    /// The ring of a slot.
    pub fn slot(&self, index: usize) -> Slot<'_> {
        let offset = program::slot_offset(self.capacity, index % SLOTS);
        let table = |at: usize, words: usize| {
            let first = (offset + at) / 8;
            &self.shared.words()[first..first + words]
        };
        Slot::from_parts(Parts {
            control: table(0, slot::CONTROL_WORDS),
            masks: table(slot::MASKS, slot::GROUPS * slot::GROUP_WORDS),
            descs: table(slot::DESCS, slot::UNITS),
            lost: table(slot::LOST, MAX_THREADS),
            chunks: table(slot::CHUNKS, slot::UNITS * slot::UNIT / 8),
        })
    }

    /// Whether somebody is setting a slot up at this moment.
    pub fn is_being_set_up(&self, slot: usize) -> bool {
        self.slot(slot).control(slot::STATE).load(Acquire) == slot::SETTING
    }

    /// Makes a slot this session's: what another one has enabled there is turned off.
    pub fn claim_session(&self, slot: usize, session: u64) {
        let ring = self.slot(slot);
        if ring.control(slot::SESSION).swap(session, AcqRel) != session {
            self.disable_all(slot);
            // Their memory, if they have any, goes and comes back as zeros.
            let _ = self.release(slot, slot::FILTERS, filters::LEN);
            ring.control(slot::FILTERS_TAKEN).store(0, Release);
        }
    }

    /// Whether a slot has turned a site on.
    pub fn has_enabled(&self, slot: usize, site: usize) -> bool {
        let (word, shift) = self.word_of(program::WORDS, site, slot);
        word.load(Acquire) >> shift & u64::from(program::ENABLED) != 0
    }

    /// Gives a range of a slot its memory, at this process's expense.
    pub fn allocate(&self, slot: usize, at: usize, len: usize) -> Result<(), Errno> {
        let offset = program::slot_offset(self.capacity, slot) + at;
        fallocate(
            &self.file,
            FallocateFlags::empty(),
            offset as u64,
            len as u64,
        )
    }

    /// Takes the memory of a range of a slot back; it reads as zeros then.
    pub fn release(&self, slot: usize, at: usize, len: usize) -> Result<(), Errno> {
        let offset = program::slot_offset(self.capacity, slot) + at;
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        fallocate(self.file.as_fd(), flags, offset as u64, len as u64)
    }

    /// Turns a slot's byte of a site's word, and of its gate, on; with these flags besides.
    pub fn enable(&self, slot: usize, site: usize, gate: u16, flags: u8) {
        // Words before gates: who finds the gate open looks at the word.
        let clock = self.slot(slot).control(slot::CLOCK).load(Relaxed);
        let byte = program::enabled_byte(clock) | flags;
        self.byte(program::WORDS, site, slot, byte);
        self.byte(program::GATES, gate.into(), slot, program::ENABLED);
    }

    /// Asks the program to take these contexts at a slot's events. As long as nothing changes nothing is
    /// written: its events may be on already.
    pub fn ask_for<'n>(&self, slot: usize, contexts: impl Iterator<Item = Sampled<'n>>) {
        let first = (program::slot_offset(self.capacity, slot) + slot::SAMPLED) / 8;
        let words = &self.shared.words()[first..first + slot::SAMPLED_LEN / 8];
        let mut count = 0;
        for (entry, context) in words.chunks(sampled::ENTRY_WORDS).zip(contexts) {
            for (word, wanted) in entry.iter().zip(sampled::Entry::new(context).words()) {
                if word.load(Relaxed) != wanted {
                    word.store(wanted, Relaxed);
                }
            }
            count += 1;
        }
        let told = self.control(slot, slot::SAMPLED_COUNT);
        // ORDER(sampled): Release, pairs with the program's Acquire load.
        told.store(count, Release);
    }

    /// Turns everything of a slot off; who waits for room in it waits no longer.
    pub fn disable_all(&self, slot: usize) {
        for gate in 0..program::GATE_COUNT {
            self.byte(program::GATES, gate, slot, 0);
        }
        for site in 0..self.defined() {
            self.byte(program::WORDS, site, slot, 0);
        }
        // What the program defines from now on is wanted by nobody here.
        self.control(slot, slot::RULES_SIZE).store(0, Release);
        let freed = self.control(slot, slot::FREED);
        freed.fetch_add(1, Release);
        futex_wake(freed);
    }

    /// How many sites are defined, as the program says, as far as there is room.
    pub fn defined(&self) -> usize {
        // ORDER(definitions): Acquire, pairs with the Release store in the program.
        let defined = self.head(program::HEAD_DEFINED).load(Acquire);
        usize::try_from(defined).unwrap_or(0).min(self.capacity)
    }

    /// The later definitions from `from` on, copied.
    pub fn definitions(&self, from: usize) -> Vec<u8> {
        let len = self.head(program::HEAD_DEFINITIONS_LEN).load(Acquire);
        let len = usize::try_from(len).unwrap_or(0);
        let end = len.min(program::DEFINITIONS_LEN);
        let area = program::definitions_offset(self.capacity);
        let words = &self.shared.words()[(area + from / 8 * 8) / 8..];
        let count = end.saturating_sub(from / 8 * 8).div_ceil(8);
        let bytes = words.iter().take(count);
        let mut bytes: Vec<u8> = bytes
            .flat_map(|word| word.load(Relaxed).to_le_bytes())
            .collect();
        bytes.truncate(end.saturating_sub(from / 8 * 8));
        bytes.split_off((from % 8).min(bytes.len()))
    }

    /// The filters of a slot.
    pub fn filters(&self, slot: usize) -> Filters<'_> {
        let first = (program::slot_offset(self.capacity, slot) + slot::FILTERS) / 8;
        let words = &self.shared.words()[first..first + filters::LEN / 8];
        Filters::new(words, self.slot(slot).control(slot::FILTERS_TAKEN))
    }

    /// Gives a slot's filters their memory, for as many sites as are defined, and a page's more.
    pub fn back_filters(&self, slot: usize) -> Result<(), Errno> {
        self.allocate(slot, slot::FILTERS, self.defined() * 8 + thalweg_abi::PAGE)?;
        let code = slot::FILTERS + filters::HEADS * 8;
        self.allocate(slot, code, filters::CODE * 8)
    }

    /// Leaves rules in a slot, for sites that the program defines later. Those that it has from the
    /// advert stay: what is defined at this moment would find none, and its first events would
    /// be nobody's.
    pub fn set_rules(&self, slot: usize, rules: &[u8]) -> Result<(), Errno> {
        let rules = &rules[..rules.len().min(slot::RULES_LEN)];
        if self.has_rules(slot, rules) {
            return Ok(());
        }
        self.allocate(slot, slot::RULES, slot::RULES_LEN)?;
        let size = self.control(slot, slot::RULES_SIZE);
        size.store(0, Release);
        for (word, bytes) in self.rule_words(slot).zip(rules.chunks(8)) {
            word.store(padded(bytes), Relaxed);
        }
        // ORDER(rules): Release, pairs with the program's Acquire load.
        size.store(rules.len() as u64, Release);
        Ok(())
    }

    fn has_rules(&self, slot: usize, rules: &[u8]) -> bool {
        let size = self.control(slot, slot::RULES_SIZE).load(Acquire);
        let mut words = self.rule_words(slot).zip(rules.chunks(8));
        size == rules.len() as u64 && words.all(|(word, bytes)| word.load(Relaxed) == padded(bytes))
    }

    fn rule_words(&self, slot: usize) -> impl Iterator<Item = &AtomicU64> {
        let first = (program::slot_offset(self.capacity, slot) + slot::RULES) / 8;
        self.shared.words()[first..].iter()
    }

    /// Sets bits of a slot's byte, or clears it if there are none to set.
    fn byte(&self, table: usize, index: usize, slot: usize, bits: u8) {
        let (word, shift) = self.word_of(table, index, slot);
        if bits != 0 {
            word.fetch_or(u64::from(bits) << shift, Release);
        } else if word.load(Relaxed) >> shift & 0xff != 0 {
            word.fetch_and(!(0xff << shift), AcqRel);
        }
    }

    /// The 64-bit word that holds a 32-bit one's byte for a slot, and how far up it is.
    fn word_of(&self, table: usize, index: usize, slot: usize) -> (&AtomicU64, usize) {
        let at = table + index * 4;
        (&self.shared.words()[at / 8], at % 8 * 8 + slot * 8)
    }

    /// The thread id that has an index, as the program says.
    pub fn thread(&self, index: usize) -> Option<u32> {
        let at = program::THREADS / 8 + index % MAX_THREADS;
        thread::tid_of(self.shared.words()[at].load(Relaxed))
    }

    /// How many thread indexes have memory behind them, as far as the table goes.
    pub fn threads_ready(&self) -> usize {
        let ready = self.head(program::HEAD_THREADS_READY).load(Relaxed);
        usize::try_from(ready)
            .unwrap_or(MAX_THREADS)
            .min(MAX_THREADS)
    }

    /// Lets the program give a dead thread's index to a new one.
    pub fn bury(&self, index: usize) {
        let index = index % MAX_THREADS;
        let words = self.shared.words();
        words[program::THREADS / 8 + index].store(0, Relaxed);
        words[program::DEAD / 8 + index / 64].fetch_or(1 << (index % 64), Release);
    }
}

/// At most 8 bytes as a word.
fn padded(bytes: &[u8]) -> u64 {
    let mut padded = [0; 8];
    padded[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn rules_that_are_there_are_never_away() {
        let memory = Memory::of_nobody(64).unwrap();
        let rules = b"shop:*\nand more";
        memory.set_rules(1, rules).unwrap();
        let size = memory.control(1, slot::RULES_SIZE);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| {
                let mut sizes = std::iter::from_fn(|| Some(size.load(Relaxed)));
                sizes.find(|len| *len != 15 || is_over.load(Relaxed))
            });
            for _ in 0..100_000 {
                memory.set_rules(1, rules).unwrap();
            }
            is_over.store(true, Relaxed);
            assert_eq!(looks.join().unwrap(), Some(15));
        });
    }

    #[test]
    fn other_rules_take_their_place() {
        let memory = Memory::of_nobody(64).unwrap();
        for rules in [
            &b"a"[..],
            b"b",
            b"longer than a word",
            b"",
            b"longer than 8 bytes",
        ] {
            memory.set_rules(0, rules).unwrap();
            assert!(memory.has_rules(0, rules));
            assert!(!memory.has_rules(0, b"longer than a wort"));
        }
    }
}
