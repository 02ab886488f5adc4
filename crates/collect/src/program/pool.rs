//! Which chunks a program's slot has: the collector's own list, which the program cannot change.
//!
//! ```text
//!   units  0 …                    granted                                  16384
//!          | chunk | chunk | …    |  not granted: no memory behind it       |
//! ```
//!
//! Chunks are only ever added, so a thread of the program may go on in the chunk that it has from
//! one recording to the next.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thalweg_abi::chunk;
use thalweg_abi::desc::{Desc, NONE};
use thalweg_abi::program::THREADS_AT_START;
use thalweg_abi::slot::{
    self, ACTIVE, CLASSES, IDLE, LOST_READY, SETTING, STARVED, STATE, UNIT, UNITS, UNITS_READY,
};
use thalweg_ring::{UNIT_WORDS, publish_free};

use super::memory::Memory;

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
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) chunks: BTreeMap<usize, Chunk>,
    granted: usize,
}

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
    pub(super) fn take(
        memory: &Memory,
        slot: usize,
        clock: u64,
        limit: usize,
    ) -> Result<Self, PoolError> {
        let state = memory.slot(slot);
        let state = state.control(STATE);
        match state.compare_exchange(IDLE, SETTING, Acquire, Acquire) {
            Ok(_) => {
                let made = Self::set_up(memory, slot, clock, limit);
                state.store(if made.is_ok() { ACTIVE } else { IDLE }, Release);
                made
            }
            Err(ACTIVE) => Self::adopt(memory, slot, clock),
            Err(_) => Err(PoolError::Busy),
        }
    }

    fn set_up(memory: &Memory, slot: usize, clock: u64, limit: usize) -> Result<Self, PoolError> {
        let allocate = |at, len| memory.allocate(slot, at, len).map_err(PoolError::Memory);
        allocate(0, slot::MASKS)?;
        allocate(slot::LOST, THREADS_AT_START * 8)?;
        let ring = memory.slot(slot);
        ring.control(slot::CLOCK).store(clock, Relaxed);
        ring.control(LOST_READY)
            .store(THREADS_AT_START as u64, Relaxed);
        let mut pool = Self {
            chunks: BTreeMap::new(),
            granted: 0,
        };
        let units = limit.min(slot::INITIAL_UNITS);
        pool.back(memory, slot, units)?;
        for (unit, class) in (0..).map_while(|index| slot::initial_chunk(units, index)) {
            pool.chunks.insert(unit, Chunk::new(class));
            publish_free(&ring, unit, class, 0);
        }
        Ok(pool)
    }

    /// The chunks that an earlier collector, or the program before `main`, laid out.
    fn adopt(memory: &Memory, slot: usize, clock: u64) -> Result<Self, PoolError> {
        let ring = memory.slot(slot);
        let granted = ring.units_ready();
        let mut pool = Self {
            chunks: BTreeMap::new(),
            granted,
        };
        let mut unit = 0;
        while unit < granted {
            let desc = Desc::unpack(ring.desc(unit).load(Acquire));
            if desc.state == NONE {
                unit += 1;
                continue;
            }
            let end = unit + (1 << desc.class);
            if usize::from(desc.class) >= CLASSES || end > granted {
                return Err(PoolError::Descriptor { unit });
            }
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
        ring.control(slot::CLOCK).store(clock, Relaxed);
        Ok(pool)
    }

    /// Units that have memory.
    pub(super) fn granted(&self) -> usize {
        self.granted
    }

    /// Gives memory to `units` units behind those that have it, and to their descriptors.
    fn back(&mut self, memory: &Memory, slot: usize, units: usize) -> Result<(), PoolError> {
        let (from, to) = (self.granted, (self.granted + units).min(UNITS));
        let allocate = |at, len| memory.allocate(slot, at, len).map_err(PoolError::Memory);
        let group = slot::GROUP_WORDS * 8;
        allocate(
            slot::MASKS + from / 64 * group,
            (to.div_ceil(64) - from / 64) * group,
        )?;
        allocate(slot::DESCS + from * 8, (to - from) * 8)?;
        allocate(slot::CHUNKS + from * UNIT, (to - from) * UNIT)?;
        self.granted = to;
        memory
            .slot(slot)
            .control(UNITS_READY)
            .store(to as u64, Release);
        Ok(())
    }

    /// Adds chunks of the classes that threads looked for in vain, at most `limit` units of them;
    /// how many units it took.
    pub(super) fn grow(&mut self, memory: &Memory, slot: usize, limit: usize) -> usize {
        let ring = memory.slot(slot);
        let starved = ring.control(STARVED).swap(0, Relaxed);
        let before = self.granted;
        for class in (0..CLASSES as u8)
            .rev()
            .filter(|class| starved & (1 << class) != 0)
        {
            // As much again as there is, so that a few steps reach any size.
            let room = limit
                .saturating_sub(self.granted - before)
                .min(UNITS - self.granted);
            let wanted = before.max(1 << class).min(room);
            let count = wanted >> class;
            let first = self.granted;
            if count == 0 || self.back(memory, slot, count << class).is_err() {
                continue;
            }
            for unit in (0..count).map(|index| first + (index << class)) {
                self.chunks.insert(unit, Chunk::new(class));
                publish_free(&ring, unit, class, 0);
            }
        }
        self.granted - before
    }
}
