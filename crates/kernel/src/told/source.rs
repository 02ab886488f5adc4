//! The programs while they run, and what they told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thalweg_kbuf::{Told, ToldKind, ToldRecord};

use super::program::Parts;
use super::table::{Key, Table};
use crate::bpf::read_btf;
use crate::clock::monotonic_ns;
use crate::feed::Feed;
use crate::{Error, Missing, PlannedEvent, TraceClock};

/// Some 50,000 forks between two looks; packets are more.
const RING_BYTES: u32 = 4 << 20;
const RING_BYTES_OF_PACKETS: u32 = 16 << 20;
/// How long what was told is remembered from when it was read: pages are read within a second.
const KEPT_NS: u64 = 10_000_000_000;
/// How far from a record's time it may have been told, once some of it is lost.
const NEAR_NS: u64 = 1_000_000;
/// A record that is being written may be there later, if its processor is a guest's that is not running: so
/// often it is waited for a millisecond.
const NAPS: u32 = 50;
const NAP: Duration = Duration::from_millis(1);

/// What programs have told, up to date whenever somebody asks.
#[derive(Debug)]
pub(crate) struct ToldSource {
    table: Table,
    feed: Feed,
    /// Records of earlier times have been read.
    known_until: u64,
    /// Of earlier times nobody will ask; later ones are kept.
    oldest: u64,
    kinds: Vec<ToldKind>,
    /// How far from its time something may have been told.
    near: u64,
    /// Events of which nothing was known.
    unknown: u64,
}

impl ToldSource {
    /// Starts the programs for these tracepoints: before the kernel records any of their events.
    fn start(kinds: &[ToldKind], clock: TraceClock) -> Result<Self, Error> {
        let bytes = match kinds.iter().any(|kind| *kind != ToldKind::Fork) {
            true => RING_BYTES_OF_PACKETS,
            false => RING_BYTES,
        };
        let mut source = Self {
            table: Table::default(),
            feed: Feed::new(clock, bytes)?,
            known_until: 0,
            oldest: u64::MAX,
            kinds: Vec::new(),
            near: u64::MAX,
            unknown: 0,
        };
        source.add(kinds)?;
        Ok(source)
    }

    /// Starts the programs for these tracepoints, as far as they do not run.
    fn add(&mut self, kinds: &[ToldKind]) -> Result<(), Error> {
        let btf = read_btf()?;
        for kind in kinds {
            if self.kinds.contains(kind) {
                continue;
            }
            let parts = Parts {
                ring: self.feed.ring(),
                lost: self.feed.lost_count(),
            };
            let code = parts.assemble(*kind, &btf)?;
            let (_, tracepoint) = kind.tracepoint();
            self.feed.attach(&btf, (name(*kind), tracepoint), &code)?;
            self.kinds.push(*kind);
        }
        Ok(())
    }

    /// Events of which nothing was known.
    pub(crate) fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Reads on while nobody asks; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        self.oldest = oldest;
        self.read_on();
    }

    /// Reads what there is; `false` if some of it is still being written.
    fn read_on(&mut self) -> bool {
        let Self { feed, table, .. } = self;
        let now = feed.now();
        let is_whole = feed.read(|record, fit| {
            if let Some(told) = ToldRecord::parse(record) {
                let at = fit.ticks(told.time_ns);
                table.put((told.kind, told.key), (at, now), told.body);
            }
        });
        if is_whole {
            self.known_until = now;
        }
        let before = |ns| self.feed.fit().ticks(monotonic_ns().saturating_sub(ns));
        // What was told last may be another's then.
        if self.table.has_dropped() || self.feed.lost() > 0 {
            self.near = before(0).saturating_sub(before(NEAR_NS));
        }
        self.table.forget(before(KEPT_NS), self.oldest);
        is_whole
    }
}

/// Starts the programs for what these events lack, beside those that run. Where the kernel refuses, the
/// events are without such fields, and there is a word on it.
pub(crate) fn tell_of(
    told: &mut Option<Arc<Mutex<ToldSource>>>,
    events: &mut [PlannedEvent],
    clock: TraceClock,
) -> Option<Missing> {
    let kinds = events.iter().filter_map(|planned| planned.event.told);
    let kinds: Vec<ToldKind> = kinds.collect();
    let started = match told {
        _ if kinds.is_empty() => return None,
        Some(told) => lock(told).add(&kinds),
        None => ToldSource::start(&kinds, clock).map(|source| {
            *told = Some(Arc::new(Mutex::new(source)));
        }),
    };
    let why = started.err()?;
    let lacking = events.iter_mut().map(|planned| &mut planned.event);
    let lacking = lacking.filter(|event| event.told.is_some());
    let names = lacking.map(|event| {
        event.forget_told();
        event.name.clone()
    });
    let names: Vec<String> = names.collect();
    Some(Missing {
        what: format!("what the kernel's record of {} lacks", names.join(", ")),
        why: format!("failed to {why}"),
    })
}

/// Nobody panics while he has it.
pub(crate) fn lock(told: &Mutex<ToldSource>) -> MutexGuard<'_, ToldSource> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told for ToldSource {
    fn tell(&mut self, key: Key, at: u64, take: &mut dyn FnMut(&[u8])) {
        let mut naps = NAPS;
        while at >= self.known_until && !self.read_on() && naps > 0 {
            naps -= 1;
            std::thread::sleep(NAP);
        }
        let doubt = self.feed.fit().error_ticks();
        let found = self.table.take(key, (at, doubt), self.near);
        take(found.as_deref().unwrap_or_default());
        self.unknown += u64::from(found.is_none());
    }
}

/// What the kernel calls a program.
const fn name(kind: ToldKind) -> &'static str {
    match kind {
        ToldKind::Fork => "told_fork",
        ToldKind::Queued => "told_queued",
        ToldKind::Received => "told_received",
        ToldKind::Rx => "told_rx",
    }
}
