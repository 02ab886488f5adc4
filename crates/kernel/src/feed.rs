//! Programs that tell of something in a ring of their own, and what is read of it.

use std::os::fd::{AsFd, BorrowedFd};

use thalweg_bpf::{Attached, Btf, Kind, Program};
use thalweg_sys::{BpfArray, BpfRing};

use crate::bpf::LICENSE;
use crate::fit::Fit;
use crate::{Error, TraceClock};

/// A record that is being written is there in a moment.
const PATIENCE: u32 = 10_000;

/// The programs while they run, and their ring.
#[derive(Debug)]
pub(crate) struct Feed {
    fit: Fit,
    clock: TraceClock,
    ring: BpfRing,
    lost: BpfArray,
    programs: Vec<(Program, Attached)>,
}

impl Feed {
    /// A ring to which no program writes yet.
    pub(crate) fn new(clock: TraceClock, ring_bytes: u32) -> Result<Self, Error> {
        let failed = |source| Error::BpfMap { source };
        Ok(Self {
            fit: Fit::new(clock),
            clock,
            ring: BpfRing::new(ring_bytes).map_err(failed)?,
            lost: BpfArray::new(8, 1).map_err(failed)?,
            programs: Vec::new(),
        })
    }

    /// Where programs write to.
    pub(crate) fn ring(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    /// Where they count what found no room.
    pub(crate) fn lost_count(&self) -> BorrowedFd<'_> {
        self.lost.as_fd()
    }

    /// Loads a program, and has it run at this tracepoint.
    pub(crate) fn attach(
        &mut self,
        btf: &Btf,
        (name, tracepoint): (&'static str, &str),
        code: &[u64],
    ) -> Result<(), Error> {
        let tracepoint = btf.find(Kind::Typedef, &format!("btf_trace_{tracepoint}"))?;
        let program = Program::load(name, code, LICENSE, tracepoint)?;
        let attached = program.attach()?;
        self.programs.push((program, attached));
        Ok(())
    }

    /// The trace's clock.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Times of the trace's clock, from those of the records.
    pub(crate) fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Hands each record that there is to `take`; `false` if one of them is still being written.
    pub(crate) fn read(&mut self, mut take: impl FnMut(&[u8], &Fit)) -> bool {
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
            take(record.data, &self.fit);
            self.ring.release(end);
        }
        patience > 0
    }

    /// What found no room, or that no program was run for.
    pub(crate) fn lost(&self) -> u64 {
        let mut value = [0; 8];
        let read = self.lost.read(0, &mut value);
        let missed = self.programs.iter().map(|(program, _)| program.missed());
        read.map_or(0, |()| u64::from_ne_bytes(value)) + missed.sum::<u64>()
    }
}
