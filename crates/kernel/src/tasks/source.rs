//! The programs while they run, and the table that they fill.

use std::os::fd::AsFd;

use thalweg_bpf::{Attached, Btf, Kind, Program};
use thalweg_kbuf::{Change, GroupRecord, TaskRecord, UNKNOWN_ID};
use thalweg_sys::{BpfArray, BpfRing};

use super::attributes::AttributeOffsets;
use super::changes::{Changes, Code, Places};
use super::groups::Groups;
use super::program::{Offsets, Parts};
use super::scan;
use super::table::{Table, Task};
use super::wanted::Wanted;
use crate::bpf::{LICENSE, or_lacking, read_btf, thread_numbers};
use crate::clock::monotonic_ns;
use crate::fit::Fit;
use crate::{Error, TraceClock};

/// Some 30 000 changes between two looks; with attributes, 13 000.
const RING_BYTES: u32 = 4 << 20;
/// How long what has ended is remembered: pages are read within a second.
const KEPT_NS: u64 = 60_000_000_000;
/// A record that is being written is there in a moment.
const PATIENCE: u32 = 10_000;

/// The threads, up to date whenever one is asked for.
#[derive(Debug)]
pub(crate) struct Tasks {
    table: Table,
    fit: Fit,
    clock: TraceClock,
    ring: BpfRing,
    lost: BpfArray,
    /// Records of earlier times have been read.
    known_until: u64,
    /// Of earlier times nobody will ask; later ones may be forgotten after [`KEPT_NS`].
    oldest: u64,
    groups: Groups,
    programs: Vec<(Program, Attached)>,
}

impl Tasks {
    /// Starts the programs, and looks at the threads that there are.
    pub(crate) fn start(clock: TraceClock, wanted: Wanted) -> Result<Self, Error> {
        let btf = read_btf()?;
        let failed = |source| Error::BpfMap { source };
        let ring = BpfRing::new(RING_BYTES).map_err(failed)?;
        let lost = BpfArray::new(8, 1).map_err(failed)?;
        let attributes = wanted.any().then(|| AttributeOffsets::find(&btf));
        let parts = Parts {
            offsets: Offsets::find(&btf)?,
            attributes: attributes.transpose()?,
            ring: ring.as_fd(),
            lost: lost.as_fd(),
        };
        let programs = programs(&btf, parts, wanted);
        let programs = programs.map_err(|refusal| or_lacking(&btf, refusal))?;
        let groups = Groups::find_all();
        let mut tasks = Self {
            table: Table::default(),
            fit: Fit::new(clock),
            clock,
            ring,
            lost,
            known_until: 0,
            oldest: u64::MAX,
            groups,
            programs,
        };
        for (tid, state) in scan::threads(wanted.any().then_some(&tasks.groups)) {
            tasks.table.found(tid, state);
        }
        Ok(tasks)
    }

    /// The path of a control group.
    pub(crate) fn group_path(&self, number: u64) -> &[u8] {
        self.groups.path(number)
    }

    /// What a thread was at a time.
    pub(crate) fn find(&mut self, tid: u32, at: u64) -> Task {
        if at > self.known_until {
            self.read_on();
        }
        if let Some(ended) = self.table.ended_parent(tid, at) {
            let parent = scan::parent(tid).unwrap_or(0);
            self.table.adopted(tid, ended, parent);
        }
        self.table.find(tid, at)
    }

    /// Beginnings, renames and ends that found no room, or that no program was run for.
    pub(crate) fn lost(&self) -> u64 {
        let mut value = [0; 8];
        let read = self.lost.read(0, &mut value);
        let missed = self.programs.iter().map(|(program, _)| program.missed());
        read.map_or(0, |()| u64::from_ne_bytes(value)) + missed.sum::<u64>()
    }

    /// Reads on while nobody asks; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        self.oldest = oldest;
        self.read_on();
    }

    fn read_on(&mut self) {
        self.known_until = self.clock.now();
        let end = self.ring.written();
        self.fit.tie();
        let mut patience = PATIENCE;
        while self.ring.position() < end && patience > 0 {
            let Some(record) = self.ring.record(self.ring.position()) else {
                patience -= 1;
                std::hint::spin_loop();
                continue;
            };
            let end = record.end;
            if let Some(mut record) = TaskRecord::parse(record.data) {
                complete(&mut record);
                self.table.take(&record, self.fit.ticks(record.time_ns));
            } else if let Some(group) = GroupRecord::parse(record.data) {
                self.groups.add(group.id, group.path);
            }
            self.ring.release(end);
        }
        let long_ago = monotonic_ns().saturating_sub(KEPT_NS);
        self.table.forget(self.fit.ticks(long_ago).min(self.oldest));
    }
}

/// Loads and attaches what tells of threads.
fn programs(
    btf: &Btf,
    parts: Parts<'_>,
    wanted: Wanted,
) -> Result<Vec<(Program, Attached)>, Error> {
    let mut codes = Vec::new();
    for (change, name, tracepoint) in [
        (Change::End, "task_end", "btf_trace_sched_process_exit"),
        (Change::Rename, "task_rename", "btf_trace_task_rename"),
        (Change::Begin, "task_begin", "btf_trace_sched_process_fork"),
    ] {
        codes.push((name, tracepoint, parts.assemble(change)?));
    }
    let told = BpfArray::new(8, thread_numbers()).map_err(|source| Error::BpfMap { source })?;
    if let Some(attributes) = parts.attributes {
        let changes = Changes {
            parts,
            attributes,
            places: Places::find(btf)?,
            told: &told,
        };
        codes.extend(changes.programs(wanted)?);
    }
    let load = |(name, tracepoint, code): Code| -> Result<_, Error> {
        let tracepoint = btf.find(Kind::Typedef, tracepoint)?;
        let program = Program::load(name, &code, LICENSE, tracepoint)?;
        let attached = program.attach()?;
        Ok((program, attached))
    };
    codes.into_iter().map(load).collect()
}

/// A map of many ranges no program can read.
fn complete(record: &mut TaskRecord) {
    let is_whole = matches!(record.change, Change::Begin | Change::Attributes);
    if let Some(attributes) = record.state.attributes.as_mut().filter(|_| is_whole)
        && attributes.own_ids[0] == UNKNOWN_ID
    {
        scan::name_ids(record.tid, attributes);
    }
}
