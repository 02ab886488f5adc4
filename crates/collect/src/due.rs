//! When a collector that sleeps has something to do.

use thalweg_abi::slot::CLASSES;
use thalweg_ring::Slot;

use crate::program::{Program, Reach};
use crate::programs::Programs;

/// How long a collector sleeps that waits for full chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until there is any, as long as it is not in the middle of much work.
    Chunk,
    /// Until a good share of those is full that were free: one wake-up for many.
    Share,
}

/// So many full units are worth a pass, where so many are free.
fn enough(free: usize) -> usize {
    free / 4
}

impl Programs {
    /// The rings of all programs, and how many more full chunks of each end a sleep. Not the first one,
    /// as long as there is room for many: whoever wakes a collector may lose the processor to it.
    pub(crate) fn rings(&self) -> Vec<(Slot<'_>, u32)> {
        // Chunks are counted, and most are large.
        let chunks = |program: &Program| enough(program.full_and_free().1) >> (CLASSES - 1);
        self.programs()
            .map(|p| (p.ring(), chunks(p).max(1) as u32))
            .collect()
    }

    /// Whether a sleep until then is over.
    pub(crate) fn is_due(&self, until: Until) -> bool {
        let is_due = |program: &Program| {
            let (full, free) = program.full_and_free();
            program.is_waited_for() || program.is_starved() || full > enough(free)
        };
        match until {
            Until::Chunk => self.has_work(),
            Until::Share => self.programs().filter(|p| !p.is_kept()).any(is_due),
        }
    }

    /// Whether there is something to do: a thread has handed a chunk over, or waits for one.
    fn has_work(&self) -> bool {
        let room = self.units_left() > 0;
        let window = self.session.window();
        // What a pass would leave is no work.
        let has_ready = |program: &Program| {
            let ready = program.ready(Reach::Complete, || None);
            ready
                .iter()
                .any(|chunk| !window.is_too_early_for(chunk.begin))
        };
        let has_work = |program: &Program| match program.is_kept() {
            true => program.needs_care() || (program.is_starved() && room),
            false => program.is_waited_for() || has_ready(program),
        };
        self.programs().any(has_work)
    }

    /// Whether a thread waits for room.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.programs().any(Program::is_waited_for)
    }
}
