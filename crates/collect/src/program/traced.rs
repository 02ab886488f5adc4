//! A program that is being traced: its chunks, which of them are ready, what its counters say.

use rustix::fd::OwnedFd;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Instant;
use thalweg_abi::desc::{Desc, FREE, FULL, OWNED, READING, next_generation};
use thalweg_abi::rules::Rules;
use thalweg_abi::slot::{CLASSES, COUNTER_LACKED, DISCARD, MODE, OVERWRITE, STARVED};
use thalweg_abi::{chunk, program};
use thalweg_filter::Room;
use thalweg_ring::{Slot, UNIT_WORDS, Walk, clear_and_free};

use super::counters::Told;
use super::definitions::Definitions;
use super::memory::Memory;
use super::pool::{Chunk, Pool, PoolError, Terms};
use super::ready::{Reach, Ready};
use super::sampled::SampledContexts;
use super::unloaded::Unloaded;
use super::wanted;
use crate::context::SampledContext;
use crate::ledger::Ledger;
use crate::output::Kind;
use crate::process::{Process, Threads};

/// A ring that is full within such a part of a second needs more room at once.
const SOON: u64 = 50;
/// How many times as much.
const FAST: usize = 7;

/// A thread of a traced program, never mistaken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadKey {
    /// The program's nonce.
    pub program: u64,
    /// The thread's index in the program.
    pub index: u16,
    /// The thread's id.
    pub tid: u32,
}

/// A program that is being traced.
#[derive(Debug)]
pub struct Program {
    /// What it can emit.
    pub definitions: Definitions,
    /// Its memory.
    pub memory: Arc<Memory>,
    /// Its rendezvous file, for whoever goes on when this process dies.
    pub rendezvous: OwnedFd,
    /// What was recorded of it and lost.
    pub ledger: Ledger,
    /// The session's ids of its sites: in streams of one thread, and in shared ones.
    pub(crate) ids: [Vec<Option<u32>>; 2],
    /// What is wanted of it, as text.
    rules: String,
    /// How many bytes of its later definitions are known.
    learned: usize,
    pub(crate) slot: usize,
    pub(super) pool: Pool,
    /// What each of the program's counters was when it was asked last.
    pub(super) told: Told,
    /// What they were when this recording began.
    pub(super) told_before: Told,
    /// The process, as this host knows it.
    pub process: Process,
    /// The process is gone, or the library: nobody will complete anything any more.
    pub(super) dead: bool,
    unloaded: Unloaded,
    /// Its threads take full chunks back.
    pub(super) overwrites: bool,
    /// The recording ends: what the threads have not taken back by now goes to disk.
    ending: bool,
    /// What it takes at each event.
    sampled: SampledContexts,
    /// How many chunks were freed.
    pub(super) freed: u64,
    /// Since when nothing was freed although threads wait.
    pub(super) stuck: Option<Instant>,
}

impl Program {
    /// Takes a program's slot, without enabling anything.
    pub fn attach(
        definitions: Definitions,
        memory: Memory,
        rendezvous: OwnedFd,
        terms: &Terms,
        process: Process,
    ) -> Result<Self, PoolError> {
        let pool = Pool::take(&memory, terms)?;
        if terms.mode.is_some() {
            memory.ask_for(terms.slot, terms.sampled.iter().map(SampledContext::asked));
        }
        Ok(
            Self::with(definitions, memory, rendezvous, (terms.slot, pool), process)
                .led_by(terms.sampled.clone()),
        )
    }

    /// Lets its events carry contexts in front of their fields.
    fn led_by(mut self, sampled: SampledContexts) -> Self {
        self.definitions.lead_with(sampled.plan());
        self.sampled = sampled;
        self
    }

    /// A program whose slot is taken.
    pub(super) fn with(
        definitions: Definitions,
        memory: Memory,
        rendezvous: OwnedFd,
        (slot, pool): (usize, Pool),
        process: Process,
    ) -> Self {
        let none = vec![None; definitions.sites.len()];
        let overwrites = memory.slot(slot).control(MODE).load(Relaxed) == OVERWRITE;
        let mut program = Self {
            definitions,
            memory: Arc::new(memory),
            rendezvous,
            ledger: Ledger::default(),
            ids: [none.clone(), none],
            rules: String::new(),
            learned: 0,
            slot,
            pool,
            told: Told::default(),
            told_before: Told::default(),
            process,
            dead: false,
            unloaded: Unloaded::default(),
            overwrites,
            ending: false,
            sampled: SampledContexts::default(),
            freed: 0,
            stuck: None,
        };
        program.told = program.counters_told();
        program.told_before = program.told;
        program.learn();
        program
    }

    /// `NAME[PID]`, for people.
    pub fn title(&self) -> String {
        self.definitions.title()
    }

    /// The process's name, up to its NUL.
    pub fn procname(&self) -> &[u8] {
        self.definitions.procname()
    }

    /// Whether another library's program, or what an `exec` made of it, is of the same process. In
    /// two namespaces there can be two processes with the same number.
    pub(crate) fn is_of_same_process(&self, other: &Self) -> bool {
        match (self.process.pid(), other.process.pid()) {
            (Some(own), Some(others)) => own == others,
            _ => self.definitions.process() == other.definitions.process(),
        }
    }

    /// The nonce that no other program has.
    pub fn nonce(&self) -> u64 {
        self.definitions.head.nonce
    }

    /// The process id, as the program sees it.
    pub fn vpid(&self) -> i32 {
        self.definitions.head.pid.cast_signed()
    }

    pub(crate) fn ring(&self) -> Slot<'_> {
        self.memory.slot(self.slot)
    }

    /// Units of ring memory that it has.
    pub fn granted_units(&self) -> usize {
        self.pool.granted()
    }

    /// Whether a thread has looked for a chunk in vain, or for another size than it got.
    pub(crate) fn is_starved(&self) -> bool {
        self.ring().control(STARVED).load(Relaxed) != 0
    }

    /// How many units of its chunks are full, and how many are free.
    pub(crate) fn full_and_free(&self) -> (usize, usize) {
        let ring = self.ring();
        let (mut full, mut free) = (0, 0);
        for (&unit, chunk) in &self.pool.chunks {
            let units = 1 << chunk.class;
            match Desc::unpack(ring.desc(unit).load(Relaxed)).state {
                FULL => full += units,
                FREE => free += units,
                _ => {}
            }
        }
        (full, free)
    }

    /// How many times as much memory its ring should get as it has: because it would be full soon at
    /// the rate at which it fills, or a good part of it filled since the last pass. By the time a
    /// thread lacks a chunk it would be too late.
    fn foreseen(&self, now: u64, second: u64) -> usize {
        if self.overwrites {
            return 0;
        }
        let ring = self.ring();
        let is_full = |unit: &usize| Desc::unpack(ring.desc(*unit).load(Acquire)).state == FULL;
        let (mut units, mut begin) = (0, now);
        for (&unit, chunk) in self.pool.chunks.iter().filter(|(unit, _)| is_full(unit)) {
            units += 1_usize << chunk.class;
            let begun = ring.word(unit * UNIT_WORDS + chunk::BEGIN).load(Relaxed);
            begin = begin.min(begun);
        }
        let granted = self.granted_units();
        let whole = (now - begin).saturating_mul(granted as u64) / units.max(1) as u64;
        match units {
            0 => 0,
            _ if whole < second / SOON => FAST,
            _ if units > granted / 4 => 1,
            _ => 0,
        }
    }

    /// Gives it more chunks of the classes that it lacks, or will lack, at most `limit` units; `now`
    /// is the time, and `second` how much of it is a second.
    pub fn grow(&mut self, limit: usize, (now, second): (u64, u64)) -> usize {
        // A flight recorder's threads always lack some: that is no news as long as there is no room.
        if limit == 0 && self.is_kept() {
            return 0;
        }
        let times = if limit > 0 {
            self.foreseen(now, second)
        } else {
            0
        };
        if times > 0 {
            let largest = 1 << (CLASSES - 1);
            self.ring().control(STARVED).fetch_or(largest, Relaxed);
        }
        let (memory, slot) = (&self.memory, self.slot);
        // Who fills it fast has used it all before this is done.
        if times == 0 && !self.pool.is_backed() && self.full_and_free().0 > 0 {
            self.pool.back(memory, slot);
        }
        let units = self.pool.grow(memory, slot, limit, times.max(1));
        self.freed += units as u64;
        units
    }

    /// Takes the memory of free chunks away that nobody has used since `since`, at most `units` units
    /// of it, but leaves some; how many units it took. `now` is the time.
    pub fn give_back_idle(&mut self, now: u64, since: u64) -> usize {
        let units = self.pool.dispensable();
        self.pool
            .shrink(&self.memory, self.slot, (now, since), units)
    }

    /// Takes the memory of free chunks away, at most `units` units of it; how many units it took.
    pub fn give_back(&mut self, units: usize) -> usize {
        let now = u64::MAX;
        self.pool.shrink(&self.memory, self.slot, (now, now), units)
    }

    /// Whether what its rings hold stays there for now: a flight recorder's.
    pub(crate) fn is_kept(&self) -> bool {
        self.overwrites && !self.ending && !self.dead
    }

    /// The recording ends: from here on what the rings hold goes to disk.
    pub(crate) fn end(&mut self) {
        self.ending = true;
        self.ring().control(MODE).store(DISCARD, Relaxed);
    }

    /// Turns on each site that the rules want, and leaves them with the program for those that it
    /// defines later; how many.
    pub fn enable(&mut self, rules: &str) -> usize {
        rules.clone_into(&mut self.rules);
        // Without memory for them a new site is turned on a moment later, by `learn`.
        let _ = self.memory.set_rules(self.slot, rules.as_bytes());
        self.enable_from(0)
    }

    /// Turns on what the rules want of the sites from `first` on, unless the program has done so.
    fn enable_from(&self, first: usize) -> usize {
        let rules = Rules::new(self.rules.as_bytes());
        // Without memory for filters no event that has one is wanted.
        if rules.have_filters() && self.memory.back_filters(self.slot).is_err() {
            return 0;
        }
        let sampled = if self.sampled.is_empty() {
            0
        } else {
            program::SAMPLED
        };
        let mut room = Box::new(Room::new());
        let mut count = 0;
        for (index, site) in self.definitions.sites.iter().enumerate().skip(first) {
            if !site.is_known() || self.memory.has_enabled(self.slot, index) {
                continue;
            }
            let filters = self.memory.filters(self.slot);
            if let Some(filtered) = wanted::how(rules, index, site, filters, &mut room) {
                let filtered = if filtered { program::FILTERED } else { 0 };
                let flags = filtered | sampled;
                self.memory.enable(self.slot, index, site.gate, flags);
                count += 1;
            }
        }
        count
    }

    /// Learns which events the program has defined since it was asked last; whether any. And whether
    /// it was a library that is gone by now.
    pub fn learn(&mut self) -> bool {
        let ino = self.definitions.head.ring_ino;
        self.dead |= self.unloaded.is_known(&self.memory, ino, &self.process);
        let known = self.definitions.sites.len();
        if self.memory.defined() <= known {
            return false;
        }
        let bytes = self.memory.definitions(self.learned);
        self.learned += bytes.len();
        self.definitions.extend(&bytes);
        let sites = self.definitions.sites.len();
        self.ids.iter_mut().for_each(|ids| ids.resize(sites, None));
        self.enable_from(known);
        sites > known
    }

    /// What is to be said if one of its threads could not have a counter.
    pub(crate) fn counter_note(&self) -> Option<String> {
        let lacked = self.ring().control(COUNTER_LACKED).swap(0, Relaxed);
        (lacked != 0).then(|| {
            let title = self.title();
            format!("{title}: threads could not have all of their counters: the value is 0 there")
        })
    }

    /// Turns all sites off.
    pub fn disable(&self) {
        self.memory.disable_all(self.slot);
    }

    /// How many living threads have an event under way.
    pub fn pending(&self) -> u64 {
        let ready = self.ready(Reach::All, || None);
        let pending = |chunk: &&Ready| {
            let mut scratch = [0; 1];
            self.walk(chunk).next(0, &mut scratch) == Err(thalweg_ring::Stop::Pending)
        };
        ready
            .iter()
            .filter(|chunk| !chunk.complete)
            .filter(pending)
            .count() as u64
    }

    /// Takes note that the process is gone.
    pub fn set_dead(&mut self) {
        self.dead = true;
    }

    /// Whether the process is gone.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// The session's id of a site, if it is declared.
    #[inline]
    pub(crate) fn id_of(&self, kind: Kind, site: u16) -> Option<u32> {
        *self.ids[kind as usize].get(usize::from(site))?
    }

    /// A walk through a chunk, from where the last one ended.
    pub(crate) fn walk(&self, ready: &Ready) -> Walk<'_> {
        self.walk_in(self.ring(), ready)
    }

    /// The same in the program's ring, as whoever else holds its memory has it.
    pub(crate) fn walk_in<'m>(&self, ring: Slot<'m>, ready: &Ready) -> Walk<'m> {
        let chunk = self.chunk(ready.unit);
        let walk = Walk::new(ring, ready.unit, chunk.class, ready.gone);
        match chunk.resume {
            Some((position, time)) => walk.resume(position, time),
            None => walk,
        }
    }

    /// What `pthread_self` returns in a chunk's thread, as the program says; 0 if it does not.
    pub(crate) fn thread_pointer(&self, ready: &Ready) -> u64 {
        let word = ready.unit * UNIT_WORDS + chunk::POINTER;
        self.ring().word(word).load(Relaxed)
    }

    /// Up to where an earlier collector has put a chunk on disk.
    pub(crate) fn consumed(&self, ready: &Ready) -> usize {
        if !self.overwrites {
            return self.chunk(ready.unit).consumed;
        }
        // The chunk may have been cleared since, and begun anew.
        let word = self.ring().word(ready.unit * UNIT_WORDS + chunk::CONSUMED);
        usize::try_from(word.load(Relaxed)).unwrap_or(usize::MAX)
    }

    pub(crate) fn is_spoiled(&self, ready: &Ready) -> bool {
        self.chunk(ready.unit).spoiled
    }

    fn chunk(&self, unit: usize) -> Chunk {
        self.pool.chunks[&unit]
    }

    /// Remembers how far a chunk is on disk, also for whoever recovers it.
    pub(crate) fn advance(&mut self, unit: usize, position: usize, time: u64) {
        let word = self.ring().word(unit * UNIT_WORDS + chunk::CONSUMED);
        word.store(position as u64, Relaxed);
        if let Some(chunk) = self.pool.chunks.get_mut(&unit) {
            chunk.resume = Some((position, time));
        }
    }

    /// Remembers that a record of a chunk was torn: a thread that only seemed to have left it may
    /// still write there for a moment.
    pub(crate) fn note_torn(&mut self, unit: usize) {
        if let Some(chunk) = self.pool.chunks.get_mut(&unit) {
            chunk.torn = true;
        }
    }

    /// Whether a chunk must be kept although it was read to its end: until `calm`, if it has torn
    /// records and its thread lives.
    pub(crate) fn must_wait(&self, ready: &Ready, calm: u64) -> bool {
        let chunk = self.chunk(ready.unit);
        let last = chunk.resume.map_or(ready.begin, |(_, time)| time);
        chunk.torn && !ready.gone && last > calm
    }

    /// Makes chunks findable again whose last owner died in the middle of giving them back.
    pub(crate) fn restore_hints(&self) {
        let ring = self.ring();
        for (&unit, chunk) in &self.pool.chunks {
            if Desc::unpack(ring.desc(unit).load(Acquire)).state == FREE {
                thalweg_ring::restore_hint(&ring, unit, chunk.class);
            }
        }
    }

    /// Believes nothing more of a chunk until it is free again.
    pub(crate) fn spoil(&mut self, unit: usize) {
        if let Some(chunk) = self.pool.chunks.get_mut(&unit) {
            chunk.spoiled = true;
        }
    }

    /// Frees a chunk that was read to its end.
    pub(crate) fn free(&mut self, ready: &Ready) {
        let Some(chunk) = self.pool.chunks.get_mut(&ready.unit) else {
            return;
        };
        let class = chunk.class;
        // What a chunk that made no sense holds is anywhere in it, and a dead thread's last event
        // may have left something behind the last record; else there are zeros.
        let used = match chunk.resume {
            Some((position, _)) if !chunk.spoiled && !ready.gone => position,
            _ => thalweg_ring::chunk_words(class),
        };
        *chunk = Chunk::new(class);
        self.freed += 1;
        let generation = next_generation(ready.owner.generation);
        clear_and_free(&self.ring(), ready.unit, class, used, generation);
    }

    /// Lets new threads have the indexes of those that are gone and own no chunk any more.
    ///
    /// `live` is asked after the table was read: a thread that is in the table and not among the
    /// living then was there before, and is gone.
    pub fn bury_threads(&self, live: impl FnOnce() -> Option<Threads>) {
        let entries = 0..self.memory.threads_ready();
        let entries: Vec<(usize, u32)> = entries
            .filter_map(|index| Some((index, self.memory.thread(index)?)))
            .collect();
        let Some(live) = live().filter(|_| !entries.is_empty()) else {
            return;
        };
        let owners = self.owners();
        for (index, tid) in entries {
            if !live.contains(tid) && !owners.contains(&(index as u16)) {
                self.memory.bury(index);
            }
        }
    }

    /// The thread indexes that own a chunk, or have left a full one. A flight recorder's full chunks
    /// stay for long, and there are not that many indexes.
    fn owners(&self) -> BTreeSet<u16> {
        let ring = self.ring();
        let descs = self.pool.chunks.keys();
        let descs = descs.map(|&unit| Desc::unpack(ring.desc(unit).load(Acquire)));
        let owned = |desc: &Desc| match desc.state {
            OWNED => true,
            FULL | READING => !self.overwrites,
            _ => false,
        };
        descs.filter(owned).map(|desc| desc.thread).collect()
    }
}
