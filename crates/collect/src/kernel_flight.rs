//! A flight recorder of the kernel's events: what it does while it records, and its snapshots.
//!
//! ```text
//!   while recording   rings of tracefs are left alone: the kernel overwrites the oldest events.
//!                     System calls, whose rings cannot overwrite, go to memory
//!   a snapshot        state dump, then all rings into memory, and from there into a trace of its own
//!   the end           the same, into the recording's trace
//! ```
//!
//! The kernel has no way to look at a ring that does not empty it. So what a snapshot has taken out of
//! the rings is kept, as much as they hold, and is in the next one, too.

use std::time::Duration;

use thalweg_model::LossCause;

use crate::kernel_disk::{KernelDisk, Origin};
use crate::kernel_events::{Depth, Error, KernelEvents};
use crate::session::Session;
use crate::sink::TraceWriter;
use crate::sink::environment::{self, Host};
use crate::summary::Snapshot;

/// While a state dump is taken, system calls fill their rings.
const PACE: Duration = Duration::from_millis(2);

impl KernelEvents {
    /// Whether the newest events are kept, and nothing is written before the end.
    pub(crate) fn is_flight_recorder(&self) -> bool {
        self.disk.keep().is_some()
    }

    /// Looks after the rings while they are left alone.
    pub(crate) fn tend(&mut self, depth: Depth) -> Result<(), Error> {
        if let (Depth::All, Some(recording)) = (depth, &mut self.parts.tracefs) {
            recording.keep_up();
        }
        self.drain_perf(depth)?;
        self.drain_syscalls(depth)
    }

    /// Takes a state dump into a trace of its own, and what all rings hold into memory; nothing stops
    /// meanwhile.
    pub(crate) fn gather(&mut self, session: &Session) -> Result<KernelDisk, Error> {
        let mut disk = self.create_snapshot(session)?;
        self.dump_into(Some(&mut disk))?;
        self.drain_syscalls(Depth::All)?;
        self.drain_perf(Depth::All)?;
        self.drain_tracefs(Depth::All)?;
        Ok(disk)
    }

    /// Writes what was gathered.
    pub(crate) fn write_snapshot(
        &self,
        mut disk: KernelDisk,
        session: &Session,
        snapshot: &mut Snapshot,
    ) -> Result<(), Error> {
        if let Some(keep) = self.disk.keep() {
            keep.write_to(&mut disk);
        }
        for origin in [Origin::Tracefs, Origin::Syscalls] {
            let ledger = disk.ledger(origin);
            let storage = ledger.losses().into_iter();
            let refused = storage.filter(|(cause, _)| *cause == LossCause::Storage);
            snapshot.events += ledger.recorded();
            snapshot.missing += ledger.lost() - refused.map(|(_, count)| count).sum::<u64>();
        }
        snapshot.dumped += disk.ledger(Origin::State).recorded();
        match disk.close(session.clock.now()).1 {
            None => Ok(()),
            Some(why) => Err(Error::Storage(why)),
        }
    }

    /// Takes a flight recorder's last state dump, while events are still recorded.
    pub(crate) fn take_last_dump(&mut self) -> Result<(), Error> {
        match self.is_flight_recorder() {
            true => self.dump_into(None),
            false => Ok(()),
        }
    }

    /// Takes a state dump, and waits for it.
    fn dump_into(&mut self, mut disk: Option<&mut KernelDisk>) -> Result<(), Error> {
        if let Some(state) = &mut self.parts.state {
            state.begin();
        }
        loop {
            let disk = disk.as_deref_mut().unwrap_or(&mut self.disk);
            let state = self.parts.state.as_mut();
            if !state.is_some_and(|state| state.drain(disk)) {
                return Ok(());
            }
            std::thread::sleep(PACE);
            self.drain_syscalls(Depth::Filled)?;
        }
    }

    /// A folder with the same events, under the same ids.
    fn create_snapshot(&mut self, session: &Session) -> Result<KernelDisk, Error> {
        let environment = environment::kernel(&Host::read(), &session.recording());
        let dir = environment::kernel_dir(&session.out);
        let writer = TraceWriter::create(&dir, &session.identity(environment))?;
        let mut disk = KernelDisk::over(writer);
        if self.parts.tracefs.is_some() {
            disk.expect_overwritten();
        }
        self.parts.declare(&mut disk, session.start)?;
        Ok(disk)
    }
}
