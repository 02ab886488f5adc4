//! What each program may have of the recording's ring memory, and may be asked to wait for.
//!
//! ```text
//!   limit ───────────────────────────────────────────────────────────────▶|
//!   program 1 | program 2 | what is left: for whoever lacks chunks         |
//!             ◀ free chunks go back after a while, or when the limit is exceeded
//! ```

use thalweg_abi::slot::UNIT;

use crate::program::{Program, allowed};
use crate::programs::Programs;
use crate::pulse::Pulse;
use crate::summary::RingMode;

impl Programs {
    fn limit_units(&self) -> usize {
        usize::try_from(self.limits.limit_bytes).unwrap_or(usize::MAX) / UNIT
    }

    fn granted_units(&self) -> usize {
        let all = self.groups.values().flat_map(|group| &group.programs);
        all.map(Program::granted_units).sum()
    }

    pub(crate) fn units_left(&self) -> usize {
        self.limit_units().saturating_sub(self.granted_units())
    }

    /// Changes the most ring memory of all programs together.
    pub(crate) fn set_limit(&mut self, bytes: u64) {
        self.limits.limit_bytes = bytes;
        self.keep_limit();
    }

    /// Takes chunks back while all programs together have more than they may: all that those have
    /// that are gone, and free ones from those that have more than their share. What threads hold
    /// comes back with time.
    pub(crate) fn keep_limit(&mut self) {
        let limit = self.limit_units();
        if self.granted_units() <= limit {
            return;
        }
        let programs = self.groups.values_mut().flat_map(|g| &mut g.programs);
        programs
            .filter(|program| program.process.has_ended())
            .for_each(Program::set_dead);
        let gone = self.drop_dead(&|_, _| None);
        self.released.extend(gone);
        let mut over = self.granted_units().saturating_sub(limit);
        let share = limit / self.programs().count().max(1);
        for program in self.groups.values_mut().flat_map(|g| &mut g.programs) {
            let above = program.granted_units().saturating_sub(share);
            if over.min(above) > 0 {
                over -= program.give_back(over.min(above));
            }
        }
    }

    /// Gives more chunks to programs that lack some, as far as the limit goes.
    pub(crate) fn grow(&mut self) {
        let mut room = self.units_left();
        let clock = &self.session.clock;
        let time = (clock.now(), clock.second());
        for program in self
            .groups
            .values_mut()
            .flat_map(|group| &mut group.programs)
        {
            room -= program.grow(room, time).min(room);
        }
    }

    /// Lets a program's threads know that this collector is alive, while they wait for room.
    pub(crate) fn give_pulse(&mut self, program: &Program, slot: usize) {
        if !matches!(self.limits.mode, RingMode::Block(_)) {
            return;
        }
        if allowed(&program.memory, self.limits.mode) == RingMode::Discard {
            return self.note(format!(
                "{} does not wait for room: it was not started with THALWEG_ALLOW_BLOCKING=1",
                program.title()
            ));
        }
        if self.pulse.is_none() {
            self.pulse = Pulse::start()
                .map_err(|why| self.note(format!("programs cannot wait for room: {why}")))
                .ok();
        }
        if let Some(pulse) = &self.pulse {
            pulse.add(&program.memory, slot);
        }
    }
}
