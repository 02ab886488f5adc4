//! The kernel's events on their way to disk: recordings of crate `kernel`, and a trace folder.

use rustix::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use thalweg_kernel::{
    Error as KernelError, KernelContexts, KernelPacket, KernelRecording, Naming, Resume,
    SyscallRecording, TraceClock, Tracefs,
};

use crate::clock::ClockKind;
use crate::kernel_disk::{KernelDisk, Origin};
use crate::kernel_perf::PerfEvents;
use crate::kernel_readings::KernelReadings;
use crate::kernel_sources::KernelSources;
use crate::kernel_state::KernelState;
use crate::kernel_told;
use crate::ledger::Ledger;
use crate::session::Session;
use crate::sink::environment::{self, Host};
use crate::sink::{SinkError, TraceWriter};
use crate::summary::{KernelRequest, SourceSummary};

/// Without the keeper what was being read is nowhere.
const PAGES_GONE: &str = "its keeper is gone, too: of each CPU the events that the dead recorder was \
                          just reading may be missing, uncounted";

/// How far a drain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Pages that the kernel is done with.
    Filled,
    /// Everything that is committed.
    All,
    /// Everything, and what was lost: the instance records no more.
    Last,
}

/// The kernel's part of a recording.
pub(crate) struct KernelEvents {
    pub(crate) parts: Parts,
    pub(crate) disk: KernelDisk,
    /// A dead recorder began it, and took with it what it knew.
    adopted: bool,
    notes: Vec<String>,
    /// Processes of ours besides this one.
    own: Vec<u32>,
}

/// Where its events come from.
pub(crate) struct Parts {
    pub(crate) tracefs: Option<KernelRecording>,
    pub(crate) syscalls: Option<SyscallRecording>,
    pub(crate) perf: Option<PerfEvents>,
    pub(crate) state: Option<KernelState>,
    pub(crate) readings: Option<KernelReadings>,
}

impl Parts {
    /// Declares all events in a folder; always under the same ids.
    pub(crate) fn declare(&mut self, disk: &mut KernelDisk, begin: u64) -> Result<(), SinkError> {
        if let Some(recording) = &mut self.tracefs {
            disk.declare_tracefs(recording, begin)?;
        }
        if let Some(recording) = &mut self.syscalls {
            disk.declare_syscalls(recording, begin)?;
        }
        if let Some(perf) = &mut self.perf {
            perf.declare(disk, begin)?;
        }
        if let Some(readings) = &mut self.readings {
            readings.declare(disk, begin)?;
        }
        match &mut self.state {
            Some(state) => state.declare(disk, begin),
            None => Ok(()),
        }
    }
}

impl KernelEvents {
    /// Sets everything up and begins its trace. Nothing is recorded before [`Self::resume`].
    pub(crate) fn start(
        session: &Session,
        request: &KernelRequest,
        id: &str,
    ) -> Result<Self, Error> {
        let sources = KernelSources::open(request, id, clock(session.clock.kind()))?;
        let has_others = sources.has_others();
        let KernelSources {
            tracefs,
            config,
            syscalls,
            perf,
            state,
            mut notes,
        } = sources;
        let (tracefs, left_out) = match config.is_empty() {
            true => (None, Vec::new()),
            false => match KernelRecording::start(&tracefs, &config) {
                // All that was named is left to the programs.
                Err(KernelError::NoEvents) if has_others => (None, Vec::new()),
                started => started.map(|(recording, report)| {
                    notes.extend(report.tested_later);
                    (Some(recording), report.left_out)
                })?,
            },
        };
        let left_out = left_out.into_iter().map(|missing| missing.to_string());
        let notes = notes.into_iter().chain(left_out).collect();
        let readings = tracefs
            .as_ref()
            .and_then(|recording| KernelReadings::of(recording, request, &session.clock));
        let parts = Parts {
            tracefs,
            readings,
            syscalls,
            perf: perf.map(|perf| PerfEvents::new(perf, session.clock.clone())),
            state: state.map(|wanted| KernelState::new(session.clock.clone(), wanted)),
        };
        let mut begun = Self::begin(session, parts, notes).map_err(|failed| {
            let (parts, error) = *failed;
            let _ = parts.tracefs.map(KernelRecording::remove);
            Error::Sink(error)
        })?;
        if request.overwrite {
            begun.disk.expect_overwritten();
            begun.disk.begin_to_keep(config.buffer_bytes_per_cpu);
        }
        Ok(begun)
    }

    fn begin(
        session: &Session,
        mut parts: Parts,
        notes: Vec<String>,
    ) -> Result<Self, Box<(Parts, SinkError)>> {
        let environment = environment::kernel(&Host::read(), &session.recording());
        let dir = environment::kernel_dir(&session.out);
        let made = TraceWriter::create(&dir, &session.identity(environment)).and_then(|writer| {
            let mut disk = KernelDisk::over(writer);
            parts.declare(&mut disk, session.start)?;
            Ok(disk)
        });
        match made {
            Ok(disk) => Ok(Self {
                parts,
                disk,
                adopted: false,
                notes,
                own: Vec::new(),
            }),
            Err(error) => Err(Box::new((parts, error))),
        }
    }

    /// Takes over the trace of a dead recorder, and its instance, if it had one.
    pub(crate) fn adopt(
        session: &Session,
        instance: Option<&str>,
        landings: Option<&OwnedFd>,
    ) -> Result<Self, Error> {
        let dir = environment::kernel_dir(&session.out);
        let (writer, report) = TraceWriter::reopen(&dir)?;
        let mut disk = KernelDisk::over(writer);
        let streams = report.streams.iter();
        let resume: Vec<Resume> = streams.filter_map(|found| disk.go_on(found)).collect();
        let mut notes: Vec<String> = disk.gone().map(str::to_owned).into_iter().collect();
        if instance.is_some() && landings.is_none() {
            notes.push(PAGES_GONE.to_owned());
        }
        let mut tracefs = instance
            .map(|instance| adopt_soon(instance, disk.contexts(), &resume, landings))
            .transpose()?;
        if let Some(recording) = &mut tracefs {
            recording.stop()?;
            notes.extend(kernel_told::gone(recording));
            if recording.overwrites() {
                disk.expect_overwritten();
            }
            disk.declare_tracefs(recording, session.start)?;
        }
        Ok(Self {
            parts: Parts {
                tracefs,
                syscalls: None,
                perf: None,
                state: None,
                readings: None,
            },
            disk,
            adopted: true,
            notes,
            own: Vec::new(),
        })
    }

    /// The instance's name, if it has one.
    pub(crate) fn instance(&self) -> Option<&str> {
        self.parts.tracefs.as_ref().map(KernelRecording::name)
    }

    /// What tells that a cpu's ring is filling up.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let tracefs = self.parts.tracefs.iter();
        let drained = tracefs.filter(|_| !self.is_flight_recorder());
        let tracefs = drained
            .flat_map(|recording| recording.cpus().filter_map(|cpu| recording.as_fd(cpu).ok()));
        let syscalls = self.parts.syscalls.iter();
        let perf = self.parts.perf.iter().flat_map(PerfEvents::descriptors);
        tracefs
            .chain(syscalls.flat_map(SyscallRecording::descriptors))
            .chain(perf)
    }

    /// What keeps the pages that were read last when this process dies.
    pub(crate) fn landings(&self) -> Option<BorrowedFd<'_>> {
        self.parts.tracefs.as_ref().map(KernelRecording::landings)
    }

    /// How many events are on.
    pub(crate) fn event_count(&self) -> usize {
        let tracefs = self.parts.tracefs.as_ref();
        let syscalls = self.parts.syscalls.as_ref();
        tracefs.map_or(0, |recording| recording.events().len())
            + syscalls.map_or(0, |recording| recording.events().len())
            + self.parts.perf.as_ref().map_or(0, PerfEvents::event_count)
    }

    /// What a user should know of how it began.
    pub(crate) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Leaves out what a process of ours does: its system calls, and what probes tell of it.
    pub(crate) fn leave_out(&mut self, process: u32) -> Result<(), Error> {
        self.own.push(process);
        if let Some(perf) = &mut self.parts.perf {
            perf.leave_out(process);
        }
        match &mut self.parts.syscalls {
            Some(recording) => Ok(recording.leave_out(process)?),
            None => Ok(()),
        }
    }

    /// Records from now on.
    pub(crate) fn resume(&mut self) -> Result<(), Error> {
        if let Some(recording) = &self.parts.tracefs {
            recording.leave_out(&self.own)?;
            recording.resume()?;
        }
        if let Some(recording) = &mut self.parts.syscalls {
            recording.resume()?;
        }
        if let Some(perf) = &mut self.parts.perf {
            perf.resume()?;
        }
        let is_told_later = self.is_flight_recorder();
        if let Some(state) = self.parts.state.as_mut().filter(|_| !is_told_later) {
            state.begin();
        }
        Ok(())
    }

    /// Has the state told again, if it is told.
    pub(crate) fn tell_state_again(&mut self) {
        let is_told_later = self.is_flight_recorder();
        let state = self.parts.state.as_mut().filter(|_| !is_told_later);
        state.into_iter().for_each(KernelState::begin);
    }

    /// Records no more.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        if let Some(recording) = &mut self.parts.syscalls
            && let Err(error) = recording.stop()
        {
            let what = "the last system calls may be missing, uncounted";
            self.notes.push(format!("{what}: failed to {error}"));
        }
        let perf = self.parts.perf.as_mut().map_or(Ok(()), PerfEvents::stop);
        let tracefs = self.parts.tracefs.as_ref();
        let tracefs = tracefs.map_or(Ok(()), KernelRecording::stop);
        Ok(perf.and(tracefs)?)
    }

    /// Drains every cpu.
    pub(crate) fn drain(&mut self, depth: Depth) -> Result<(), Error> {
        if self.is_flight_recorder() && depth != Depth::Last {
            return self.tend(depth);
        }
        if let Some(state) = &mut self.parts.state {
            match depth {
                Depth::Last => state.drain_all(&mut self.disk),
                _ => drop(state.drain(&mut self.disk)),
            }
        }
        self.drain_syscalls(depth)?;
        self.drain_perf(depth)?;
        self.drain_tracefs(depth)?;
        self.drain_readings(depth)?;
        if depth == Depth::Last {
            self.disk.write_kept();
        }
        Ok(())
    }

    pub(crate) fn drain_perf(&mut self, depth: Depth) -> Result<(), Error> {
        match &mut self.parts.perf {
            Some(perf) => Ok(perf.drain(depth == Depth::Last, &mut self.disk)?),
            None => Ok(()),
        }
    }

    pub(crate) fn drain_syscalls(&mut self, depth: Depth) -> Result<(), Error> {
        let disk = &mut self.disk;
        let mut take = |packet: &KernelPacket<'_>| -> Result<(), SinkError> {
            disk.take(Origin::Syscalls, packet);
            Ok(())
        };
        match &mut self.parts.syscalls {
            Some(recording) if depth == Depth::Last => Ok(recording.drain_all(&mut take)?),
            Some(recording) => Ok(recording.drain(&mut take)?),
            None => Ok(()),
        }
    }

    pub(crate) fn drain_tracefs(&mut self, depth: Depth) -> Result<(), Error> {
        let disk = &mut self.disk;
        let Some(recording) = &mut self.parts.tracefs else {
            return Ok(());
        };
        let mut take = |packet: &KernelPacket<'_>| -> Result<(), SinkError> {
            disk.take(Origin::Tracefs, packet);
            Ok(())
        };
        if depth == Depth::Last {
            return Ok(recording.drain_all(&mut take)?);
        }
        for cpu in recording.cpus().collect::<Vec<_>>() {
            match depth {
                Depth::Filled => recording.drain(cpu, &mut take)?,
                _ => recording.flush(cpu, &mut take)?,
            }
        }
        Ok(())
    }

    fn drain_readings(&mut self, depth: Depth) -> Result<(), Error> {
        match (&mut self.parts.readings, &self.parts.tracefs) {
            (Some(readings), Some(recording)) => {
                Ok(readings.drain(recording, depth == Depth::Last, &mut self.disk)?)
            }
            _ => Ok(()),
        }
    }

    /// Events on disk.
    pub(crate) fn recorded(&self) -> u64 {
        let ledgers = Origin::ALL.iter().map(|origin| self.disk.ledger(*origin));
        ledgers.map(Ledger::recorded).sum()
    }

    /// Events lost.
    pub(crate) fn lost(&self) -> u64 {
        let ledgers = Origin::ALL.iter().map(|origin| self.disk.ledger(*origin));
        ledgers.map(Ledger::lost).sum()
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.disk.bytes()
    }

    /// What the kernel's own counters have that is neither on disk nor lost, or the reverse.
    fn disagreement(&self) -> Option<String> {
        let recording = self.parts.tracefs.as_ref().filter(|_| !self.adopted)?;
        let stats = recording.stats().ok()?;
        let produced = stats.iter().map(|(_, stats)| stats.produced()).sum();
        let tallies = recording.tallies();
        let left: u64 = tallies.iter().map(|t| t.1.foreign + t.1.others).sum();
        let ledger = self.disk.ledger(Origin::Tracefs);
        disagreement("events", produced, ledger.recorded() + ledger.lost() + left)
    }

    /// The same of the programs' counters.
    fn syscalls_disagreement(&self) -> Option<String> {
        let produced = self.parts.syscalls.as_ref()?.produced().ok()?;
        let ledger = self.disk.ledger(Origin::Syscalls);
        disagreement("system calls", produced, ledger.recorded() + ledger.lost())
    }

    /// Calls that probes have not told, and no ring has lost.
    fn missed_calls(&self) -> Vec<String> {
        let recording = self.parts.tracefs.iter();
        let missed = recording.flat_map(KernelRecording::missed_calls);
        missed
            .map(|(name, count)| format!("the kernel missed {count} calls that {name} was to tell"))
            .collect()
    }

    /// Events that took room in the rings for nothing.
    fn others(&self) -> Option<String> {
        let recording = self.parts.tracefs.as_ref()?;
        let others: u64 = recording.tallies().iter().map(|t| t.1.others).sum();
        let which = match recording.filters_when_read() {
            true => "that a filter or --track lets not pass",
            false => "of threads that are not tracked",
        };
        (others > 0).then(|| {
            format!(
                "{others} events {which} were in the kernel's rings, and are left out: tracefs itself \
                 can neither track by more than processes nor test all filters"
            )
        })
    }

    /// Threads of which contexts know nothing.
    fn unknown_threads(&self) -> Option<String> {
        let lost = self.parts.tracefs.as_ref()?.lost_tasks();
        (lost > 0).then(|| {
            format!("contexts lack {lost} beginnings, names and ends of threads: too many at once")
        })
    }

    /// Events of which programs were to tell.
    fn untold(&self) -> Option<String> {
        kernel_told::untold(self.parts.tracefs.as_ref()?.untold())
    }

    /// System calls that had no ring.
    fn late_cpus(&self) -> Option<String> {
        let lost = self.parts.syscalls.as_ref()?.lost_on_new_cpus().ok()?;
        (lost > 0).then(|| {
            format!("{lost} of the lost system calls were on CPUs that were off at the start")
        })
    }

    /// How far system calls may lie from their place among other events.
    fn doubt(&self, session: &Session) -> Option<String> {
        let ticks = self.parts.syscalls.as_ref()?.error_ticks();
        let ns = u128::from(ticks) * 1_000_000_000 / u128::from(session.clock.second().max(1));
        let has_events = self.disk.ledger(Origin::Syscalls).recorded() > 0;
        (has_events && ticks > 0)
            .then(|| format!("times of system calls are right to {} ns", ns + 1))
    }

    /// What samples and counters leave to be said.
    fn perf_notes(&self, session: &Session) -> Vec<String> {
        let Some(perf) = &self.parts.perf else {
            return Vec::new();
        };
        let ns = u128::from(perf.error_ticks()) * 1_000_000_000
            / u128::from(session.clock.second().max(1));
        let doubt = (ns > 0).then(|| format!("times of samples are right to {} ns", ns + 1));
        perf.notes(&self.disk).into_iter().chain(doubt).collect()
    }

    /// Ends the trace and removes the instance.
    pub(crate) fn close(self, session: &Session) -> Closed {
        let mut notes: Vec<String> = [
            self.disagreement(),
            self.syscalls_disagreement(),
            self.doubt(session),
            self.late_cpus(),
            self.others(),
            self.unknown_threads(),
            self.untold(),
            self.parts.state.as_ref().and_then(KernelState::note),
        ]
        .into_iter()
        .flatten()
        .chain(self.missed_calls())
        .chain(self.perf_notes(session))
        .chain(self.parts.readings.iter().flat_map(KernelReadings::notes))
        .collect();
        notes.extend(self.notes);
        let is_there = |origin: &Origin| match origin {
            Origin::Tracefs => self.parts.tracefs.is_some(),
            Origin::Syscalls => self.parts.syscalls.is_some(),
            Origin::State => self.parts.state.is_some(),
            Origin::Readings => self.parts.readings.is_some(),
            origin => self
                .parts
                .perf
                .as_ref()
                .is_some_and(|perf| perf.has(*origin)),
        };
        let origins = Origin::ALL.into_iter().filter(is_there);
        let sources = origins.map(|origin| self.disk.summary(origin)).collect();
        let (bytes, storage_error) = self.disk.close(session.clock.now());
        if let Some(Err(error)) = self.parts.tracefs.map(KernelRecording::remove) {
            notes.insert(0, format!("failed to {error}"));
        }
        Closed {
            sources,
            storage_error,
            notes,
            bytes,
        }
    }
}

/// What is left of the kernel's part when a recording ends.
pub(crate) struct Closed {
    pub(crate) sources: Vec<SourceSummary>,
    pub(crate) storage_error: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) bytes: u64,
}

/// Takes the instance over as soon as its dead holder's descriptors are closed: it is known to be
/// dead by one of them, and the others may follow.
fn adopt_soon(
    instance: &str,
    contexts: KernelContexts,
    resume: &[Resume],
    landings: Option<&OwnedFd>,
) -> Result<KernelRecording, KernelError> {
    let tracefs = Tracefs::find()?;
    let end = Instant::now() + Duration::from_secs(1);
    loop {
        let landings = landings.and_then(|file| file.try_clone().ok());
        match KernelRecording::adopt(
            &tracefs,
            instance,
            Naming::Lttng,
            contexts,
            resume,
            landings,
        ) {
            Err(KernelError::Held { .. }) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(1));
            }
            adopted => return adopted,
        }
    }
}

fn disagreement(what: &str, produced: u64, told: u64) -> Option<String> {
    (produced != told).then(|| {
        format!(
            "the kernel counted {produced} {what}, and the trace tells of {told}: this is a fault \
             of thalweg's, please report it with what `thalweg doctor` says"
        )
    })
}

fn clock(kind: ClockKind) -> TraceClock {
    match kind {
        ClockKind::TimeStampCounter => TraceClock::X86Tsc,
        ClockKind::Monotonic => TraceClock::Mono,
    }
}

/// Why the kernel's part fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Kernel(#[from] KernelError),
    #[error("{0}")]
    Sink(#[from] SinkError),
    #[error("{0}")]
    Storage(String),
    #[error("{0}")]
    Drain(#[from] thalweg_kernel::DrainError<SinkError>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_not_the_kernels_is_told() {
        assert_eq!(disagreement("events", 7, 7), None);
        let words = disagreement("events", 8, 7).expect("one is missing");
        assert!(words.starts_with("the kernel counted 8 events, and the trace tells of 7: "));
    }
}
