//! A ring in heap memory, and a small collector that keeps to the rules of the real one.

#![allow(dead_code, reason = "each test uses its part")]

use std::boxed::Box;
use std::collections::HashMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::vec::Vec;
use thalweg_abi::{chunk, desc, slot};
use thalweg_ring::{
    AtomicU64, Content, Cursor, Emit, Owner, Parts, Refused, Slot, Stop, UNIT_WORDS, Walk,
    chunk_words, clear_and_free, content_of, hand_over_for_gone, hold, is_pending, let_go,
    overwritten, owner_of, publish_free,
};

/// Keeps leaked memory reachable, so that a leak checker knows that it is meant.
#[cfg(not(any(loom, shuttle)))]
fn keep(table: &'static [AtomicU64]) -> &'static [AtomicU64] {
    static KEPT: std::sync::Mutex<Vec<&[AtomicU64]>> = std::sync::Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(table);
    table
}

#[cfg(loom)]
fn keep(table: &'static [AtomicU64]) -> &'static [AtomicU64] {
    table
}

#[cfg(shuttle)]
std::thread_local! {
    /// The tables of the schedule that runs: all its threads are one thread of the system.
    static OF_THE_SCHEDULE: std::cell::RefCell<Vec<*mut [AtomicU64]>> =
        const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(shuttle)]
#[expect(unsafe_code, reason = "what is leaked here is taken back below")]
fn keep(table: &'static mut [AtomicU64]) -> &'static [AtomicU64] {
    let table: *mut [AtomicU64] = table;
    OF_THE_SCHEDULE.with_borrow_mut(|tables| tables.push(table));
    // SAFETY: it was a reference, and nobody writes but through the atomics.
    unsafe { &*table }
}

/// Runs one schedule, and frees what its slots lay in: a million schedules would not fit.
#[cfg(shuttle)]
#[expect(unsafe_code, reason = "nothing else knows when a schedule is over")]
pub(crate) fn freeing(schedule: impl FnOnce()) {
    schedule();
    for table in OF_THE_SCHEDULE.take() {
        // SAFETY: it was leaked as a whole; the schedule has joined its threads and is over, and with
        // it all that had a slot.
        drop(unsafe { Box::from_raw(table) });
    }
}

/// A slot's tables in memory that is not freed before the test or the schedule ends.
pub(crate) fn slot_of(units: usize, threads: usize) -> Slot<'static> {
    let table = |words: usize| -> &'static [AtomicU64] {
        let words = (0..words).map(|_| AtomicU64::new(0));
        keep(Box::leak(words.collect::<Box<[_]>>()))
    };
    let ring = Slot::from_parts(Parts {
        control: table(slot::CONTROL_WORDS),
        masks: table(units.div_ceil(64) * slot::GROUP_WORDS),
        descs: table(units),
        lost: table(threads.next_multiple_of(64)),
        chunks: table(units * UNIT_WORDS),
    });
    ring.control(slot::UNITS_READY).store(units as u64, Relaxed);
    ring.control(slot::LOST_READY)
        .store(threads as u64, Relaxed);
    ring
}

/// A slot with chunks of these classes, one behind the other.
pub(crate) fn ring(classes: &[u8]) -> Slot<'static> {
    let units = classes.iter().map(|class| 1_usize << class).sum();
    let ring = slot_of(units, 8);
    publish_all(&ring, classes);
    ring
}

/// Makes chunks of these classes free, one behind the other.
pub(crate) fn publish_all(ring: &Slot<'_>, classes: &[u8]) {
    let mut unit = 0;
    for &class in classes {
        publish_free(ring, unit, class, 0);
        unit += 1 << class;
    }
}

/// The owner with this index.
pub(crate) fn owner(thread: u16) -> Owner {
    Owner {
        tid: 1000 + u32::from(thread),
        patient: true,
        thread,
        pointer: 0,
    }
}

/// Emits an event with an 8-byte number and `extra` more bytes, at `time`, from `stack`.
pub(crate) fn emit_at(
    ring: &Slot<'_>,
    cursor: &Cursor,
    thread: u16,
    number: u64,
    extra: usize,
    time: impl Fn() -> u64 + Copy,
    stack: u64,
) -> Result<bool, Refused> {
    let event = Emit {
        site: 7,
        payload_len: 8 + extra,
        stack,
    };
    cursor.emit(
        ring,
        owner(thread),
        event,
        time,
        || 3,
        |room| {
            room.put(&number.to_le_bytes());
            for _ in 0..extra {
                room.put(&[0xee]);
            }
        },
    )
}

/// An event that the collector read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) thread: u16,
    pub(crate) chunk_begin: u64,
    pub(crate) time: u64,
    pub(crate) number: u64,
}

/// What the collector knows of a chunk that it has not freed.
#[derive(Clone, Copy, Default)]
struct Progress {
    position: usize,
    time: u64,
    torn: u64,
}

/// A collector that walks, counts, clears and frees.
pub(crate) struct Collector {
    ring: Slot<'static>,
    progress: HashMap<(usize, u64), Progress>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) torn: u64,
    pub(crate) violations: u64,
    scratch: Vec<u64>,
}

impl Collector {
    pub(crate) fn new(ring: Slot<'static>) -> Self {
        Self {
            ring,
            progress: HashMap::new(),
            seen: Vec::new(),
            torn: 0,
            violations: 0,
            scratch: std::vec![0; chunk_words(4)],
        }
    }

    /// One round over all chunks; `gone` says which threads are dead.
    pub(crate) fn poll(&mut self, gone: impl Fn(u16) -> bool) {
        for unit in 0..self.ring.units_ready() {
            // ORDER(full): Acquire, pairs with the Release exchange in `move_held`.
            let word = self.ring.desc(unit).load(Acquire);
            let found = desc::Desc::unpack(word);
            let gone = gone(found.thread);
            match found.state {
                desc::OWNED => self.owned(unit, word, gone),
                desc::FULL => self.full(unit, word, gone),
                desc::READING => self.finish(unit, gone),
                _ => {}
            }
        }
    }

    fn is_overwriting(&self) -> bool {
        self.ring.control(slot::MODE).load(Relaxed) == slot::OVERWRITE
    }

    fn owned(&mut self, unit: usize, word: u64, gone: bool) {
        let found = desc::Desc::unpack(word);
        match content_of(&self.ring, unit, word) {
            Content::Nothing if gone => {
                let generation = desc::next_generation(found.generation);
                clear_and_free(&self.ring, unit, found.class, usize::MAX, generation);
            }
            Content::Own | Content::Former(_) if gone => {
                if let Some(full) = hand_over_for_gone(&self.ring, unit, word) {
                    self.full(unit, full, true);
                }
            }
            // A flight recorder's collector leaves it alone: it may be overwritten yet.
            Content::Own if !self.is_overwriting() => {
                self.walk(unit, found, false);
            }
            _ => {}
        }
    }

    fn full(&mut self, unit: usize, word: u64, gone: bool) {
        // Or else it could be taken back while it is read.
        if !self.is_overwriting() || hold(&self.ring, unit, word).is_some() {
            self.finish(unit, gone);
        }
    }

    /// Reads every full chunk and leaves it where it is: the numbers of each thread's events.
    pub(crate) fn snapshot(ring: Slot<'static>) -> Vec<Seen> {
        let mut reader = Self::new(ring);
        for unit in 0..ring.units_ready() {
            let word = ring.desc(unit).load(Acquire);
            if let Some(held) = hold(&ring, unit, word) {
                reader.walk(unit, owner_of(&ring, unit), false);
                let_go(&ring, unit, held);
            }
        }
        assert_eq!(reader.violations, 0, "violations in a snapshot");
        reader.seen
    }

    /// Events that were overwritten.
    pub(crate) fn overwritten(&self) -> u64 {
        (0..self.ring.units_ready())
            .map(|unit| overwritten(&self.ring, unit))
            .sum()
    }

    /// Reads a chunk to its end, and frees it unless an event in it is under way.
    fn finish(&mut self, unit: usize, gone: bool) {
        let owner = owner_of(&self.ring, unit);
        let stop = self.walk(unit, owner, gone);
        if stop == Stop::Pending {
            return;
        }
        let done = self.progress.remove(&(unit, owner.pack()));
        let done = done.unwrap_or_default();
        let used = match stop {
            Stop::End if !gone => done.position,
            _ => usize::MAX,
        };
        assert!(gone || !is_pending(&self.ring, unit, owner.class, done.position));
        let generation = desc::next_generation(owner.generation);
        clear_and_free(&self.ring, unit, owner.class, used, generation);
    }

    /// Walks on through a chunk that `found` owns or has handed over.
    fn walk(&mut self, unit: usize, found: desc::Desc, gone: bool) -> Stop {
        let word = found.pack();
        let before = self.progress.get(&(unit, word)).copied();
        let before = before.unwrap_or_default();
        let walk = Walk::new(self.ring, unit, found.class, gone);
        let mut walk = walk.resume(before.position, before.time);
        let stop = loop {
            match walk.next(u64::MAX - 1, &mut self.scratch) {
                Ok(record) => self.seen.push(Seen {
                    thread: found.thread,
                    chunk_begin: self
                        .ring
                        .word(unit * UNIT_WORDS + chunk::BEGIN)
                        .load(Relaxed),
                    time: record.time,
                    // The cpu is the first four bytes, the number the next eight.
                    number: (record.body[0] >> 32)
                        | record.body.get(1).map_or(0, |next| next << 32),
                }),
                Err(stop) => break stop,
            }
        };
        let progress = Progress {
            position: walk.position(),
            time: walk.time(),
            torn: before.torn + walk.torn(),
        };
        self.torn += walk.torn();
        self.violations += u64::from(stop == Stop::Violation && before.position != usize::MAX);
        self.progress.insert((unit, word), progress);
        stop
    }

    /// Everything, after the threads are gone.
    pub(crate) fn drain(&mut self) {
        self.poll(|_| true);
    }

    /// The numbers of a thread's events in the order of chunks and places.
    pub(crate) fn numbers(&self, thread: u16) -> Vec<u64> {
        self.of(thread).iter().map(|seen| seen.number).collect()
    }

    /// The times of a thread's events in the order of chunks and places.
    pub(crate) fn times(&self, thread: u16) -> Vec<u64> {
        self.of(thread).iter().map(|seen| seen.time).collect()
    }

    fn of(&self, thread: u16) -> Vec<Seen> {
        let mut seen = self.seen.clone();
        seen.retain(|seen| seen.thread == thread);
        seen.sort_by_key(|seen| seen.chunk_begin);
        seen
    }

    /// Panics unless every thread's times go up, in the order of chunks and places.
    #[track_caller]
    pub(crate) fn check_order(&self, thread: u16) {
        let times = self.times(thread);
        assert!(times.windows(2).all(|two| two[0] < two[1]), "{times:?}");
    }

    /// How many chunks are free.
    pub(crate) fn free_chunks(&self) -> usize {
        (0..self.ring.units_ready())
            .filter(|&unit| {
                desc::Desc::unpack(self.ring.desc(unit).load(Acquire)).state == desc::FREE
            })
            .count()
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    }

    /// Small numbers, all ones, single bits and anything: what breaks arithmetic.
    pub(crate) fn word(&mut self) -> u64 {
        let value = self.next();
        match self.next() % 6 {
            0 => value % 8,
            1 => u64::MAX - value % 8,
            2 => 1 << (value % 64),
            3 => ((value % 600) << 2) | (1 + value % 3),
            _ => value,
        }
    }
}

/// Stores one word somewhere in the slot.
pub(crate) fn scribble_once(ring: &Slot<'_>, random: &mut Random) {
    let (value, at) = (random.word(), random.next() as usize);
    match random.next() % 8 {
        0 => ring.control(at % slot::CONTROL_WORDS).store(value, Relaxed),
        1 => ring.desc(at % ring.units()).store(value, Relaxed),
        2 => ring.desc(at % ring.units()).store(value % 64, Relaxed),
        3 => publish_free(ring, at % ring.units(), (value % 5) as u8, at as u32),
        4 => ring.lost(at % 8).store(value, Relaxed),
        _ => ring
            .word(at % (ring.units() * UNIT_WORDS))
            .store(value, Relaxed),
    }
}

/// A collector that is only there to be harmed: it walks and frees whatever it finds.
pub(crate) struct Tolerant {
    ring: Slot<'static>,
    scratch: Vec<u64>,
    pub(crate) rounds: u64,
}

impl Tolerant {
    pub(crate) fn new(ring: Slot<'static>) -> Self {
        Self {
            ring,
            scratch: std::vec![0; chunk_words(4)],
            rounds: 0,
        }
    }

    pub(crate) fn poll(&mut self) {
        self.rounds += 1;
        for unit in 0..self.ring.units() {
            let found = desc::Desc::unpack(self.ring.desc(unit).load(Acquire));
            let gone = self.rounds.is_multiple_of(2);
            self.walk(unit, found.class, gone);
            if found.state == desc::FULL && found.class < 3 {
                let whole = (1 << found.class) + unit <= self.ring.units();
                if whole {
                    clear_and_free(&self.ring, unit, found.class, usize::MAX, found.generation);
                }
            }
        }
    }

    /// Walks a chunk that may be none; the work is bounded by the chunk's words.
    pub(crate) fn walk(&mut self, unit: usize, class: u8, gone: bool) -> usize {
        let mut walk = Walk::new(self.ring, unit, class, gone);
        let mut steps = 0;
        let mut last = 0;
        loop {
            steps += 1;
            assert!(steps <= chunk_words(4), "a walk must end");
            match walk.next(1 << 62, &mut self.scratch) {
                Ok(record) => {
                    assert!(record.time >= last && record.time <= 1 << 62);
                    last = record.time;
                }
                Err(Stop::Pending) if walk.pass_pending(1 << 62) => last = last.max(walk.time()),
                Err(_) => return steps,
            }
        }
    }
}
