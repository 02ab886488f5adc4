//! Which chunks a program's slot has: the collector's own list, which the program cannot change.
//!
//! ```text
//!   units  0 …                      reach                                  16384
//!          | chunk | hole | chunk |  never touched: no memory behind it     |
//! ```
//!
//! A hole was a chunk that was free and that nobody used for a while: its descriptor says NONE, and
//! its memory went back to the system, until there is need for it. A thread of the program may go on
//! in the chunk that it has from one recording to the next.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thalweg_abi::chunk;
use thalweg_abi::desc::{Desc, FREE, GENERATION_BITS, NONE, next_generation};
use thalweg_abi::program::THREADS_AT_START;
use thalweg_abi::slot::{
    self, ACTIVE, CLASSES, IDLE, LOST_READY, SETTING, STARVED, STATE, UNIT, UNITS, UNITS_READY,
};
use thalweg_ring::{Slot, UNIT_WORDS, let_go, overwritten, publish_free, withdraw};

use super::memory::Memory;
use super::sampled::SampledContexts;
use crate::summary::RingMode;

/// What the collector knows of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) class: u8,
    /// Where the walk through it goes on, and from what time; `None` before the first.
    pub(super) resume: Option<(usize, u64)>,
    /// Up to this position an earlier collector has put it on disk.
    pub(super) consumed: usize,
    /// A record of it was torn.
    pub(super) torn: bool,
    /// Nothing more of it is to be believed until it is free again.
    pub(super) spoiled: bool,
}

impl Chunk {
    pub(super) fn new(class: u8) -> Self {
        Self {
            class,
            resume: None,
            consumed: 0,
            torn: false,
            spoiled: false,
        }
    }
}

/// The chunks of one slot.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) chunks: BTreeMap<usize, Chunk>,
    /// Chunks whose memory was taken away, with the class and the generation that they had.
    holes: BTreeMap<usize, (u8, u32)>,
    /// Units that have descriptors: whatever lies behind them was never touched.
    reach: usize,
    /// Free chunks: their descriptors, and since when they are as they are.
    idle: BTreeMap<usize, (u64, u64)>,
    /// All chunks have memory; those that a program lays out itself get it by use, page by page.
    is_backed: bool,
}

/// What a collector wants of a slot.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Which slot.
    pub slot: usize,
    /// The word of the clock.
    pub clock: u64,
    /// The most units for now.
    pub limit_units: usize,
    /// What threads do that find no room; `None` leaves that as it is, for whoever goes on where
    /// another collector died.
    pub mode: Option<RingMode>,
    /// What the program takes at each event.
    pub sampled: SampledContexts,
}

/// So many units at the begin of a slot stay, however long nobody uses them: what a thread that
/// wakes up needs until it gets more.
const KEPT_UNITS: usize = 64;
/// So many units are given at a time: their memory is a tenth of a millisecond's work.
const PIECE: usize = 128;

/// Why a slot cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The program is in the middle of setting it up.
    #[error("the program is still setting its ring up")]
    Busy,
    /// The descriptors contradict each other.
    #[error("the ring's descriptor {unit} makes no sense")]
    Descriptor {
        /// Which one.
        unit: usize,
    },
    /// There is no memory for it.
    #[error("no memory for the ring: {0}")]
    Memory(rustix::io::Errno),
}

impl Pool {
    /// Takes a slot over as it is, or sets it up with its first chunks.
    pub(super) fn take(memory: &Memory, terms: &Terms) -> Result<Self, PoolError> {
        let ring = memory.slot(terms.slot);
        let state = ring.control(STATE);
        match state.compare_exchange(IDLE, SETTING, Acquire, Acquire) {
            Ok(_) => {
                let made = Self::set_up(memory, terms);
                state.store(if made.is_ok() { ACTIVE } else { IDLE }, Release);
                made
            }
            Err(ACTIVE) => Self::adopt(memory, terms),
            Err(_) => Err(PoolError::Busy),
        }
    }

    fn set_up(memory: &Memory, terms: &Terms) -> Result<Self, PoolError> {
        let slot = terms.slot;
        let allocate = |at, len| memory.allocate(slot, at, len).map_err(PoolError::Memory);
        allocate(0, slot::MASKS)?;
        allocate(slot::LOST, THREADS_AT_START * 8)?;
        let ring = memory.slot(slot);
        dictate(&ring, terms);
        ring.control(LOST_READY)
            .store(THREADS_AT_START as u64, Relaxed);
        let mut pool = Self::empty(0);
        pool.is_backed = true;
        let units = terms.limit_units.min(slot::INITIAL_UNITS);
        pool.reach_out(memory, slot, units)?;
        for (unit, class) in (0..).map_while(|index| slot::initial_chunk(units, index)) {
            pool.chunks.insert(unit, Chunk::new(class));
            publish_free(&ring, unit, class, 0);
        }
        Ok(pool)
    }

    fn empty(reach: usize) -> Self {
        Self {
            chunks: BTreeMap::new(),
            holes: BTreeMap::new(),
            reach,
            idle: BTreeMap::new(),
            is_backed: false,
        }
    }

    /// Whether all chunks have their memory.
    pub(super) fn is_backed(&self) -> bool {
        self.is_backed
    }

    /// Gives all chunks their memory, so that no event of the program waits for a page of it.
    pub(super) fn back(&mut self, memory: &Memory, slot: usize) {
        self.is_backed = true;
        for (unit, chunk) in &self.chunks {
            let at = slot::CHUNKS + unit * UNIT;
            // Should the system refuse, a page comes when it is used, as before.
            let _ = memory.allocate(slot, at, UNIT << chunk.class);
        }
    }

    /// The chunks that an earlier collector, or the program before `main`, laid out.
    fn adopt(memory: &Memory, terms: &Terms) -> Result<Self, PoolError> {
        let ring = memory.slot(terms.slot);
        let mut pool = Self::empty(ring.units_ready());
        let mut unit = 0;
        while unit < pool.reach {
            let word = ring.desc(unit).load(Acquire);
            let desc = Desc::unpack(word);
            if desc.state == NONE {
                pool.holes.insert(unit, (0, ring_generation(&ring)));
                unit += 1;
                continue;
            }
            let end = unit + (1 << desc.class);
            if usize::from(desc.class) >= CLASSES || end > pool.reach {
                return Err(PoolError::Descriptor { unit });
            }
            // Whoever read it is gone.
            let_go(&ring, unit, word);
            let consumed = ring.word(unit * UNIT_WORDS + chunk::CONSUMED).load(Relaxed);
            let consumed = usize::try_from(consumed).unwrap_or(0);
            pool.chunks.insert(
                unit,
                Chunk {
                    consumed,
                    ..Chunk::new(desc.class)
                },
            );
            unit = end;
        }
        dictate(&ring, terms);
        Ok(pool)
    }

    /// Units that have memory.
    pub(super) fn granted(&self) -> usize {
        let units = |chunk: &Chunk| 1_usize << chunk.class;
        self.chunks.values().map(units).sum()
    }

    /// Gives descriptors and memory to `units` units behind those that have them.
    fn reach_out(&mut self, memory: &Memory, slot: usize, units: usize) -> Result<(), PoolError> {
        let (from, to) = (self.reach, (self.reach + units).min(UNITS));
        let allocate = |at, len| memory.allocate(slot, at, len).map_err(PoolError::Memory);
        let group = slot::GROUP_WORDS * 8;
        allocate(
            slot::MASKS + from / 64 * group,
            (to.div_ceil(64) - from / 64) * group,
        )?;
        allocate(slot::DESCS + from * 8, (to - from) * 8)?;
        allocate(slot::CHUNKS + from * UNIT, (to - from) * UNIT)?;
        self.reach = to;
        memory
            .slot(slot)
            .control(UNITS_READY)
            .store(to as u64, Release);
        Ok(())
    }

    /// Adds chunks of the classes that threads looked for in vain, so many `times` as there are, at
    /// most `limit` units of them; how many units it took.
    pub(super) fn grow(
        &mut self,
        memory: &Memory,
        slot: usize,
        limit: usize,
        times: usize,
    ) -> usize {
        let ring = memory.slot(slot);
        let starved = ring
            .control(STARVED)
            .fetch_and(slot::UNSETTLED | slot::DRY, Relaxed);
        let before = self.granted();
        let mut room = limit;
        for class in (0..CLASSES as u8)
            .rev()
            .filter(|class| starved & (1 << class) != 0)
        {
            // As much again as there is, or more, so that a few steps reach any size.
            let wanted = (before * times).max(1 << class).min(room) >> class;
            let mut got = self.refill(memory, slot, class, wanted);
            got += self.extend(memory, slot, class, wanted - got);
            if got < wanted && self.split_hole(class) {
                got += self.refill(memory, slot, class, wanted - got);
            }
            room -= got << class;
        }
        limit - room
    }

    /// Gives memory again to at most `count` chunks of a class that had some; to how many.
    fn refill(&mut self, memory: &Memory, slot: usize, class: u8, count: usize) -> usize {
        let holes = self.holes.iter().filter(|(_, hole)| hole.0 == class);
        let units: Vec<usize> = holes.map(|(unit, _)| *unit).take(count).collect();
        let mut refilled = 0;
        for unit in units {
            let at = slot::CHUNKS + unit * UNIT;
            if memory.allocate(slot, at, UNIT << class).is_err() {
                break;
            }
            if let Some((_, generation)) = self.holes.remove(&unit) {
                self.chunks.insert(unit, Chunk::new(class));
                publish_free(&memory.slot(slot), unit, class, next_generation(generation));
                refilled += 1;
            }
        }
        refilled
    }

    /// Makes holes of `class` of a larger one; whether there was one.
    fn split_hole(&mut self, class: u8) -> bool {
        let larger = self.holes.iter().find(|(_, hole)| hole.0 > class);
        let Some((&unit, &(old, generation))) = larger else {
            return false;
        };
        for part in 0..1 << (old - class) {
            let at = unit + (part << class);
            self.holes.insert(at, (class, generation));
        }
        true
    }

    /// Adds at most `count` chunks of a class behind all others; how many. They come in pieces: who
    /// lacks a chunk has the first ones before the last ones have their memory.
    fn extend(&mut self, memory: &Memory, slot: usize, class: u8, count: usize) -> usize {
        let mut got = 0;
        while got < count {
            let piece = (count - got).min((PIECE >> class).max(1));
            match self.extend_once(memory, slot, class, piece) {
                0 => break,
                more => got += more,
            }
        }
        got
    }

    fn extend_once(&mut self, memory: &Memory, slot: usize, class: u8, count: usize) -> usize {
        let first = self.reach;
        let count = count.min((UNITS - first) >> class);
        if count == 0 || self.reach_out(memory, slot, count << class).is_err() {
            return 0;
        }
        for unit in (0..count).map(|index| first + (index << class)) {
            self.chunks.insert(unit, Chunk::new(class));
            publish_free(&memory.slot(slot), unit, class, 0);
        }
        count
    }

    /// Takes the memory of free chunks away that nobody has used since `since`, the last ones first,
    /// at most `units` units of it; how many units it took. `now` is the time.
    pub(super) fn shrink(
        &mut self,
        memory: &Memory,
        slot: usize,
        (now, since): (u64, u64),
        units: usize,
    ) -> usize {
        let ring = memory.slot(slot);
        let mut room = units;
        for unit in self.chunks.keys().rev().copied().collect::<Vec<_>>() {
            let class = self.chunks[&unit].class;
            let word = ring.desc(unit).load(Acquire);
            if Desc::unpack(word).state != FREE {
                self.idle.remove(&unit);
                continue;
            }
            let seen = self.idle.entry(unit).or_insert((word, now));
            if seen.0 != word {
                *seen = (word, now);
            }
            let is_idle = seen.1 <= since && 1 << class <= room;
            // What it counts would go with the memory.
            if is_idle && overwritten(&ring, unit) == 0 && withdraw(&ring, unit, word) {
                self.forget(memory, slot, unit, word);
                room -= 1 << class;
            }
        }
        units - room
    }

    /// Takes the memory of a chunk that was withdrawn.
    fn forget(&mut self, memory: &Memory, slot: usize, unit: usize, word: u64) {
        let Desc {
            class, generation, ..
        } = Desc::unpack(word);
        // Should the system refuse, the memory is there still, and unused.
        let _ = memory.release(slot, slot::CHUNKS + unit * UNIT, UNIT << class);
        self.chunks.remove(&unit);
        self.idle.remove(&unit);
        self.holes.insert(unit, (class, generation));
    }

    /// Units that stay, however long nobody uses them.
    pub(super) fn dispensable(&self) -> usize {
        self.granted().saturating_sub(KEPT_UNITS)
    }
}

/// Says in the slot what its threads have to keep to.
fn dictate(ring: &Slot<'_>, terms: &Terms) {
    ring.control(slot::CLOCK).store(terms.clock, Relaxed);
    if let Some(mode) = terms.mode {
        let (mode, patience_ns) = mode.words();
        ring.control(slot::PATIENCE_NS).store(patience_ns, Relaxed);
        ring.control(slot::MODE).store(mode, Release);
    }
}

/// A generation for chunks of which nobody knows any more what theirs was: one that no thread has
/// seen lately.
fn ring_generation(ring: &Slot<'_>) -> u32 {
    let session = ring.control(slot::SESSION).load(Relaxed);
    (session >> 20) as u32 & ((1 << GENERATION_BITS) - 1)
}
