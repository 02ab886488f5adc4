//! The programs while they run, and the table that they fill.

use std::os::fd::AsFd;

use thalweg_bpf::{Attached, Kind, Program};
use thalweg_kbuf::{Change, TaskRecord};
use thalweg_sys::{BpfArray, BpfRing};

use super::program::{Offsets, Parts};
use super::scan;
use super::table::{Table, Task};
use crate::bpf::{LICENSE, read_btf};
use crate::clock::monotonic_ns;
use crate::fit::Fit;
use crate::{Error, TraceClock};

/// Some 30 000 changes between two looks.
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
    _programs: Vec<(Program, Attached)>,
}

impl Tasks {
    /// Starts the programs, and looks at the threads that there are.
    pub(crate) fn start(clock: TraceClock) -> Result<Self, Error> {
        let btf = read_btf()?;
        let failed = |source| Error::BpfMap { source };
        let ring = BpfRing::new(RING_BYTES).map_err(failed)?;
        let lost = BpfArray::new(8, 1).map_err(failed)?;
        let parts = Parts {
            offsets: Offsets::find(&btf)?,
            ring: ring.as_fd(),
            lost: lost.as_fd(),
        };
        let load = |(change, name, tracepoint)| -> Result<_, Error> {
            let tracepoint = btf.find(Kind::Typedef, tracepoint)?;
            let program = Program::load(name, &parts.assemble(change)?, LICENSE, tracepoint)?;
            let attached = program.attach()?;
            Ok((program, attached))
        };
        let programs = [
            (Change::End, "task_end", "btf_trace_sched_process_exit"),
            (Change::Rename, "task_rename", "btf_trace_task_rename"),
            (Change::Begin, "task_begin", "btf_trace_sched_process_fork"),
        ];
        let programs = programs.into_iter().map(load).collect::<Result<_, _>>()?;
        let mut tasks = Self {
            table: Table::default(),
            fit: Fit::new(clock),
            clock,
            ring,
            lost,
            known_until: 0,
            oldest: u64::MAX,
            _programs: programs,
        };
        for (tid, state) in scan::threads() {
            tasks.table.found(tid, state);
        }
        Ok(tasks)
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

    /// Beginnings, renames and ends that found no room.
    pub(crate) fn lost(&self) -> u64 {
        let mut value = [0; 8];
        let read = self.lost.read(0, &mut value);
        read.map_or(0, |()| u64::from_ne_bytes(value))
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
            if let Some(record) = TaskRecord::parse(record.data) {
                self.table.take(&record, self.fit.ticks(record.time_ns));
            }
            self.ring.release(end);
        }
        let long_ago = monotonic_ns().saturating_sub(KEPT_NS);
        self.table.forget(self.fit.ticks(long_ago).min(self.oldest));
    }
}
