//! The programs while they run, and the table that they fill.

use thalweg_bpf::Btf;
use thalweg_kbuf::{Change, GroupRecord, TaskRecord, UNKNOWN_ID};
use thalweg_sys::BpfArray;

use super::attributes::AttributeOffsets;
use super::changes::{Changes, Code, Places};
use super::groups::Groups;
use super::program::{Offsets, Parts};
use super::scan;
use super::table::{Table, Task};
use super::wanted::Wanted;
use crate::bpf::{or_lacking, read_btf, thread_numbers};
use crate::clock::monotonic_ns;
use crate::feed::Feed;
use crate::{Error, TraceClock};

/// Some 30 000 changes between two looks; with attributes, 13 000.
const RING_BYTES: u32 = 4 << 20;
/// How long what has ended is remembered: pages are read within a second.
const KEPT_NS: u64 = 60_000_000_000;

/// The threads, up to date whenever one is asked for.
#[derive(Debug)]
pub(crate) struct Tasks {
    table: Table,
    feed: Feed,
    /// Records of earlier times have been read.
    known_until: u64,
    /// Of earlier times nobody will ask; later ones may be forgotten after [`KEPT_NS`].
    oldest: u64,
    groups: Groups,
}

impl Tasks {
    /// Starts the programs, and looks at the threads that there are.
    pub(crate) fn start(clock: TraceClock, wanted: Wanted) -> Result<Self, Error> {
        let btf = read_btf()?;
        let mut feed = Feed::new(clock, RING_BYTES)?;
        let attributes = wanted.any().then(|| AttributeOffsets::find(&btf));
        let parts = Parts {
            offsets: Offsets::find(&btf)?,
            attributes: attributes.transpose()?,
            ring: feed.ring(),
            lost: feed.lost_count(),
        };
        // The programs' own: it is to live until they are loaded.
        let told = BpfArray::new(8, thread_numbers()).map_err(|source| Error::BpfMap { source })?;
        let started = programs(&btf, parts, &told, wanted).and_then(|codes| {
            let mut codes = codes.iter();
            codes.try_for_each(|(name, tracepoint, code)| {
                feed.attach(&btf, (*name, tracepoint), code)
            })
        });
        started.map_err(|refusal| or_lacking(&btf, refusal))?;
        let groups = Groups::find_all();
        let mut tasks = Self {
            table: Table::default(),
            feed,
            known_until: 0,
            oldest: u64::MAX,
            groups,
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
        self.feed.lost()
    }

    /// Reads on while nobody asks; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        self.oldest = oldest;
        self.read_on();
    }

    fn read_on(&mut self) {
        self.known_until = self.feed.now();
        self.feed.read(|record, fit| {
            if let Some(mut record) = TaskRecord::parse(record) {
                complete(&mut record);
                self.table.take(&record, fit.ticks(record.time_ns));
            } else if let Some(group) = GroupRecord::parse(record) {
                self.groups.add(group.id, group.path);
            }
        });
        let long_ago = monotonic_ns().saturating_sub(KEPT_NS);
        self.table
            .forget(self.feed.fit().ticks(long_ago).min(self.oldest));
    }
}

/// What tells of threads.
fn programs(
    btf: &Btf,
    parts: Parts<'_>,
    told: &BpfArray,
    wanted: Wanted,
) -> Result<Vec<Code>, Error> {
    let mut codes = Vec::new();
    for (change, name, tracepoint) in [
        (Change::End, "task_end", "sched_process_exit"),
        (Change::Rename, "task_rename", "task_rename"),
        (Change::Begin, "task_begin", "sched_process_fork"),
    ] {
        codes.push((name, tracepoint, parts.assemble(change)?));
    }
    if let Some(attributes) = parts.attributes {
        let changes = Changes {
            parts,
            attributes,
            places: Places::find(btf)?,
            told,
        };
        codes.extend(changes.programs(wanted)?);
    }
    Ok(codes)
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
