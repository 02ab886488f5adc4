//! A watch while it runs: its maps, its programs, and the turn from one table to the other.
//!
//! ```text
//!   epoch 0   programs ─▶ table 0        take: epoch = 1, wait for programs that began in 0,
//!   epoch 1   programs ─▶ table 1              then read table 0 and empty it
//! ```

use std::os::fd::AsFd;

use thalweg_bpf::{Attached, Btf, Kind, Program};
use thalweg_kbuf::syscall_numbers;
use thalweg_sys::{BpfArray, BpfHash};

use super::layout::{Counter, Layout, Part};
use super::probe::ProbeEvent;
use super::program::{Maps, Parts, Refused};
use super::resolve::{self, Watched};
use super::spec::{WatchError, WatchSpec};
use super::table::{KeyKind, Shape, WatchTable};
use super::texts::Bound;
use crate::bpf::{LICENSE, find_offset, or_lacking, read_btf};
use crate::syscalls::{Own, cpus};
use crate::{Error, Missing, Tracefs};

/// Threads that can be in a system call at once.
const BEGINS: u32 = 1 << 16;
/// Buckets that there is room for, for each group.
const BUCKETS: u32 = 8;
/// Groups that are kept when tables are put together, for each that one has room for.
const KEPT: usize = 64;
/// Calls that do not come back.
const ENDLESS: [&str; 2] = ["exit", "exit_group"];

/// What was seen in all, and what of it is in no table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchCounts {
    /// Events that programs looked at.
    pub seen: u64,
    /// Those of them that the filter let pass.
    pub passed: u64,
    /// Of which a text could not be read to its end, or a number has no value.
    pub unknown: u64,
    /// That passed, and whose group had no room.
    pub lost: u64,
    /// Numbers that are in no bucket, as there was no room.
    pub lost_buckets: u64,
    /// Calls that had begun before the watch, or for whose begin there was no room.
    pub unbegun: u64,
    /// Begins of calls that found no room.
    pub lost_begins: u64,
    /// Events at which the kernel ran no program, as one was running on that CPU.
    pub missed: u64,
}

/// A watch.
#[derive(Debug)]
pub struct Watching {
    programs: Vec<(Program, Option<Attached>)>,
    scratch: BpfArray,
    /// The same, for the programs that note when a call begins.
    scratch_of_begins: BpfArray,
    begins: BpfHash,
    own: Own,
    epoch: BpfArray,
    /// Which epoch it is.
    now: u32,
    groups: Tables,
    buckets: Tables,
    cpus: u32,
    layout: Layout,
    shape: Shape,
}

/// A table of each epoch.
#[derive(Debug)]
struct Tables {
    array: BpfArray,
    tables: [BpfHash; 2],
}

impl Tables {
    fn new(key_bytes: i16, value_bytes: i16, entries: u32, cpus: u32) -> Result<Self, Error> {
        let failed = |source| Error::BpfMap { source };
        // Both are positive.
        let (key, value) = (key_bytes as u32, value_bytes as u32);
        let table = || BpfHash::for_each_cpu(key, value, entries, cpus).map_err(failed);
        let tables = [table()?, table()?];
        let both = [(0, tables[0].as_fd()), (1, tables[1].as_fd())];
        let array = BpfArray::of_maps(&both, 2).map_err(failed)?;
        Ok(Self { array, tables })
    }
}

impl Watching {
    /// Begins to count; tells which events of the source are left out, and why. `groups` is how many a
    /// table has room for.
    ///
    /// # Errors
    /// The one-liner fits none of the events, or the kernel refuses.
    pub fn start(
        tracefs: &Tracefs,
        spec: &WatchSpec,
        groups: u32,
    ) -> Result<(Self, Vec<Missing>), Error> {
        let btf = read_btf()?;
        let (events, mut left_out) = resolve::events(tracefs, spec, &btf)?;
        let keys = keys(spec, &events);
        let layout = Layout {
            parts: keys.iter().map(|(part, _)| *part).collect(),
            numbers: spec.aggregates.len() as i16,
            value_bytes: 8 + 8 * spec.aggregates.len() as i16,
        };
        let names: Vec<String> = events.iter().map(|event| event.name().to_owned()).collect();
        let most = groups as usize * KEPT;
        let shape = Shape::new(spec, keys, names, most);
        let mut watching = Self::make(spec, (&events, &layout, shape), groups)?;
        let refused = watching.load(spec, &events, &btf);
        let refused = refused.map_err(|refusal| or_lacking(&btf, refusal))?;
        if watching.programs.is_empty() {
            let first = refused.into_iter().next().map(|(_, error)| error);
            return Err(first.map_or(Error::NoEvents, Error::Watch));
        }
        left_out.extend(told(&refused));
        for (program, attached) in &mut watching.programs {
            *attached = Some(program.attach()?);
        }
        Ok((watching, left_out))
    }

    /// The maps.
    fn make(
        spec: &WatchSpec,
        (events, layout, shape): (&[Watched], &Layout, Shape),
        groups: u32,
    ) -> Result<Self, Error> {
        let failed = |source| Error::BpfMap { source };
        let possible = cpus("possible")?;
        let count = possible.len() as u32;
        let entries = possible.last().map_or(1, |last| last + 1);
        let ends = events
            .iter()
            .map(|event| resolve::texts(spec, event.fields(), layout).end());
        let bytes = ends.max().unwrap_or_default() as u32;
        let has_buckets = spec.aggregates.iter().any(|one| one.function.has_buckets());
        let buckets = if has_buckets {
            groups.saturating_mul(BUCKETS)
        } else {
            1
        };
        let key_bytes = layout.key_bytes();
        Ok(Self {
            programs: Vec::new(),
            scratch: BpfArray::new(bytes, entries).map_err(failed)?,
            scratch_of_begins: BpfArray::new(bytes, entries).map_err(failed)?,
            begins: BpfHash::new(4, 8, BEGINS).map_err(failed)?,
            own: Own::new().map_err(failed)?,
            epoch: BpfArray::new(4, 1).map_err(failed)?,
            now: 0,
            groups: Tables::new(key_bytes, layout.value_bytes, groups, count)?,
            buckets: Tables::new(key_bytes + 8, 8, buckets, count)?,
            cpus: entries,
            layout: layout.clone(),
            shape,
        })
    }

    /// Loads the programs; gives the events that the one-liner does not fit.
    fn load<'e>(
        &mut self,
        spec: &WatchSpec,
        events: &'e [Watched],
        btf: &Btf,
    ) -> Result<Vec<(&'e str, WatchError)>, Error> {
        let mut refused = Vec::new();
        for event in events {
            match self.programs_of(spec, event, btf) {
                Ok(programs) => {
                    let programs = programs.into_iter().map(|program| (program, None));
                    self.programs.extend(programs);
                }
                Err(Refused::Spec(error)) => refused.push((event.name(), error)),
                Err(Refused::Other(error)) => return Err(error),
            }
        }
        Ok(refused)
    }

    /// An event's program; of a call that is timed the one of its begin behind that, so that every begin
    /// that is noted has its end.
    fn programs_of(
        &self,
        spec: &WatchSpec,
        event: &Watched,
        btf: &Btf,
    ) -> Result<Vec<Program>, Refused> {
        let other = |error: Error| Refused::Other(error);
        let texts = resolve::texts(spec, event.fields(), &self.layout);
        let early = resolve::early(spec);
        let is_endless = |(_, name): &(u32, &str)| ENDLESS.contains(name);
        let endless = syscall_numbers()
            .filter(is_endless)
            .map(|(number, _)| number);
        let endless: Vec<u32> = endless.collect();
        let comm = find_offset(btf, "task_struct", "comm").map_err(|error| other(error.into()))?;
        let begin = event.syscall().map(|call| super::syscall::Syscall {
            is_exit: false,
            ..call.clone()
        });
        let parts = |syscall, scratch| Parts {
            spec,
            layout: &self.layout,
            bound: Bound {
                event: event.fields(),
                texts: &texts,
                events: &self.shape.events,
            },
            syscall,
            is_timed: event.is_timed(),
            is_interrupted: matches!(event, Watched::Probe(_)),
            early: &early,
            endless: &endless,
            comm,
            own: self.own.check(),
            maps: self.maps(scratch),
        };
        let code = parts(event.syscall(), &self.scratch).assemble()?;
        let load = |name, code: &[u64], tracepoint| -> Result<Program, Error> {
            let tracepoint = btf.find(Kind::Typedef, tracepoint)?;
            Ok(Program::load(name, code, LICENSE, tracepoint)?)
        };
        let call = match event {
            Watched::Tracepoint(event) => {
                let number = event.event.type_id;
                let program = Program::load_for_event("watch_event", &code, LICENSE, number);
                return Ok(vec![program.map_err(|error| other(error.into()))?]);
            }
            Watched::Probe(probe) => {
                let begin = match probe.is_timed {
                    true => Some(parts(None, &self.scratch_of_begins).assemble_begin()?),
                    false => None,
                };
                return load_probe(probe, &code, begin.as_deref()).map_err(other);
            }
            Watched::Syscall(call) => call,
        };
        if !call.is_exit {
            let program = load("watch_entry", &code, "btf_trace_sys_enter");
            return Ok(vec![program.map_err(other)?]);
        }
        let mut programs = vec![load("watch_exit", &code, "btf_trace_sys_exit").map_err(other)?];
        if call.is_timed {
            let code = parts(begin.as_ref(), &self.scratch_of_begins).assemble_begin()?;
            programs.push(load("watch_begin", &code, "btf_trace_sys_enter").map_err(other)?);
        }
        Ok(programs)
    }

    fn maps<'m>(&'m self, scratch: &'m BpfArray) -> Maps<'m> {
        Maps {
            scratch: scratch.as_fd(),
            epoch: self.epoch.as_fd(),
            groups: self.groups.array.as_fd(),
            buckets: self.buckets.array.as_fd(),
            begins: self.begins.as_fd(),
        }
    }

    /// What was counted since this was asked last; none of it is told again.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn take(&mut self) -> Result<WatchTable, Error> {
        let failed = |source| Error::BpfMap { source };
        let before = self.now;
        self.now = 1 - before;
        let now = self.now.to_ne_bytes();
        self.epoch.write(0, &now).map_err(failed)?;
        // What is put there is there already; but when this returns, no program uses its tables.
        let tables = &self.groups.tables[before as usize];
        let put = self.groups.array.put_map(before, tables.as_fd());
        put.map_err(failed)?;
        let mut table = WatchTable::new(self.shape.clone());
        let value_bytes = self.layout.value_bytes as usize;
        let drained = tables.drain(|key, values| table.put(key, values, value_bytes));
        drained.map_err(failed)?;
        let buckets = &self.buckets.tables[before as usize];
        let drained = buckets.drain(|key, values| table.put_bucket(key, values));
        drained.map_err(failed)?;
        Ok(table)
    }

    /// Counts no more; what was counted can still be taken.
    pub fn stop(&mut self) {
        for (_, attached) in &mut self.programs {
            *attached = None;
        }
    }

    /// What was seen since the start, and what of it is in no table.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn counts(&self) -> Result<WatchCounts, Error> {
        let mut counts = WatchCounts::default();
        for cpu in 0..self.cpus {
            for scratch in [&self.scratch, &self.scratch_of_begins] {
                let mut value = vec![0; scratch.value_bytes()];
                let read = scratch.read(cpu, &mut value);
                read.map_err(|source| Error::BpfMap { source })?;
                counts.add(&value);
            }
        }
        let missed = self.programs.iter().map(|(program, _)| program.missed());
        counts.missed += missed.sum::<u64>();
        Ok(counts)
    }
}

/// A probe's program; of a function that is timed, the one of its call behind that.
fn load_probe(
    probe: &ProbeEvent,
    code: &[u64],
    begin: Option<&[u64]>,
) -> Result<Vec<Program>, Error> {
    let load = |name, code: &[u64], is_return| -> Result<Program, Error> {
        let place = probe.place(is_return)?;
        Ok(Program::load_for_probe(name, code, LICENSE, place)?)
    };
    let mut programs = vec![load("watch_probe", code, probe.probe.is_return)?];
    if let Some(begin) = begin {
        programs.push(load("watch_call", begin, false)?);
    }
    Ok(programs)
}

impl WatchCounts {
    fn add(&mut self, value: &[u8]) {
        let word = |counter: Counter| {
            let at = counter.at() as usize;
            let bytes = value[at..].first_chunk();
            u64::from_ne_bytes(*bytes.expect("in the value"))
        };
        self.seen += word(Counter::Seen);
        self.passed += word(Counter::Passed);
        self.unknown += word(Counter::Unknown);
        self.lost += word(Counter::Lost);
        self.lost_buckets += word(Counter::LostBuckets);
        self.unbegun += word(Counter::Unbegun);
        self.lost_begins += word(Counter::LostBegins);
        self.missed += word(Counter::Interrupted);
    }
}

/// What each key is, so that it fits all events.
fn keys(spec: &WatchSpec, events: &[Watched]) -> Vec<(Part, KeyKind)> {
    let of_key = |key| {
        let found = events
            .iter()
            .map(|event| resolve::key_of(key, event.fields()));
        found.reduce(|a, b| match (a, b) {
            ((Part::Text(one), kind), (Part::Text(other), more)) => {
                let kind = if one >= other { kind } else { more };
                (Part::Text(one.max(other)), kind)
            }
            (text @ (Part::Text(_), _), _) | (_, text @ (Part::Text(_), _)) => text,
            ((_, KeyKind::Unsigned), (_, KeyKind::Signed)) => b,
            (a, _) => a,
        })
    };
    let keys = spec.keys.iter().map(of_key);
    keys.map(|key| key.unwrap_or((Part::Number, KeyKind::Signed)))
        .collect()
}

/// In one line, however many events it is about.
fn told(refused: &[(&str, WatchError)]) -> Option<Missing> {
    let (first, why) = refused.first()?;
    let what = match refused.len() {
        1 => (*first).to_owned(),
        count => format!("{first} and {} more", count - 1),
    };
    let why = format!("it does not fit: {why}");
    Some(Missing { what, why })
}
