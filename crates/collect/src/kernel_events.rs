//! The kernel's events on their way to disk: a recording of crate `kernel`, and a trace folder.

use rustix::fd::BorrowedFd;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use thalweg_kernel::{
    EventRule, HeaderKind, KernelConfig, KernelPacket, KernelRecording, Resume, TraceClock, Tracefs,
};
use thalweg_model::{LossCause, Timestamp};

use crate::clock::ClockKind;
use crate::ledger::Ledger;
use crate::session::Session;
use crate::sink::environment::{self, Host};
use crate::sink::{
    EventHeader, PacketContext, PacketHead, SinkError, StreamClassId, StreamId, StreamLayout,
    TraceWriter,
};
use crate::summary::{KernelRequest, SourceSummary};

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
    recording: KernelRecording,
    disk: OnDisk,
    /// A dead recorder began it, and took with it what it knew.
    adopted: bool,
}

/// Its trace folder.
struct OnDisk {
    writer: TraceWriter,
    streams: BTreeMap<u32, Stream>,
    ledger: Ledger,
    storage_error: Option<String>,
}

/// A cpu's stream.
struct Stream {
    id: StreamId,
    /// What the kernel lost, and what the storage refused.
    ring_lost: u64,
    refused: u64,
}

impl KernelEvents {
    /// Sets an instance up and begins its trace. Nothing is recorded before [`Self::resume`].
    pub(crate) fn start(
        session: &Session,
        request: &KernelRequest,
        id: &str,
    ) -> Result<Self, Error> {
        let tracefs = Tracefs::find()?;
        let mut config = KernelConfig::new(id);
        config.clock = Some(clock(session.clock.kind()));
        if !request.patterns.is_empty() {
            let rules = request
                .patterns
                .iter()
                .flat_map(|list| EventRule::parse_list(list));
            config.rules = rules.collect();
        }
        if let Some(kib) = request.buffer_kib_per_cpu {
            config.buffer_bytes_per_cpu = kib as usize * 1024;
        }
        let (recording, _report) = KernelRecording::start(&tracefs, &config)?;
        let begun = Self::begin(session, recording);
        begun.map_err(|failed| {
            let (recording, error) = *failed;
            let _ = recording.remove();
            Error::Sink(error)
        })
    }

    fn begin(
        session: &Session,
        mut recording: KernelRecording,
    ) -> Result<Self, Box<(KernelRecording, SinkError)>> {
        let environment = environment::kernel(&Host::read(), &session.recording());
        let dir = environment::kernel_dir(&session.out);
        let made = TraceWriter::create(&dir, &session.identity(environment)).and_then(|writer| {
            let mut disk = OnDisk::over(writer);
            let class = disk.declare(&mut recording)?;
            for cpu in recording.cpus().collect::<Vec<_>>() {
                disk.open(class, cpu, session.start)?;
            }
            Ok(disk)
        });
        match made {
            Ok(disk) => Ok(Self {
                recording,
                disk,
                adopted: false,
            }),
            Err(error) => Err(Box::new((recording, error))),
        }
    }

    /// Takes over the instance of a dead recorder, and its trace.
    pub(crate) fn adopt(session: &Session, instance: &str) -> Result<Self, Error> {
        let dir = environment::kernel_dir(&session.out);
        let (writer, report) = TraceWriter::reopen(&dir)?;
        let mut disk = OnDisk::over(writer);
        let mut resume = Vec::new();
        for found in report.streams {
            let context = found
                .last_context
                .first_chunk()
                .copied()
                .unwrap_or_default();
            let cpu = u32::from_le_bytes(context);
            let lost_total = found.discarded;
            resume.push(Resume {
                cpu,
                after: found.last_end,
                lost_total,
            });
            disk.streams.insert(
                cpu,
                Stream {
                    id: found.id,
                    ring_lost: lost_total,
                    refused: 0,
                },
            );
        }
        let naming = thalweg_kernel::Naming::Lttng;
        let mut recording = adopt_soon(instance, naming, &resume)?;
        recording.stop()?;
        let class = disk.declare(&mut recording)?;
        for cpu in recording.cpus().collect::<Vec<_>>() {
            if !disk.streams.contains_key(&cpu) {
                disk.open(class, cpu, session.start)?;
            }
        }
        Ok(Self {
            recording,
            disk,
            adopted: true,
        })
    }

    /// The instance's name.
    pub(crate) fn instance(&self) -> &str {
        self.recording.name()
    }

    /// What tells that a cpu's ring is filling up.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.recording
            .cpus()
            .filter_map(|cpu| self.recording.as_fd(cpu).ok())
    }

    /// How many events are on.
    pub(crate) fn event_count(&self) -> usize {
        self.recording.events().len()
    }

    /// Records from now on.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        Ok(self.recording.resume()?)
    }

    /// Records no more.
    pub(crate) fn stop(&self) -> Result<(), Error> {
        Ok(self.recording.stop()?)
    }

    /// Drains every cpu.
    pub(crate) fn drain(&mut self, depth: Depth) -> Result<(), Error> {
        let disk = &mut self.disk;
        let mut take = |packet: &KernelPacket<'_>| -> Result<(), SinkError> {
            disk.take(packet);
            Ok(())
        };
        if depth == Depth::Last {
            return Ok(self.recording.drain_all(&mut take)?);
        }
        for cpu in self.recording.cpus().collect::<Vec<_>>() {
            match depth {
                Depth::Filled => self.recording.drain(cpu, &mut take)?,
                _ => self.recording.flush(cpu, &mut take)?,
            }
        }
        Ok(())
    }

    /// What was recorded and lost.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.disk.ledger
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.disk.writer.bytes_written()
    }

    /// What the kernel's own counters have that is neither on disk nor lost, or the reverse.
    fn disagreement(&self) -> Option<String> {
        let stats = self.recording.stats().ok().filter(|_| !self.adopted)?;
        let produced = stats.iter().map(|(_, stats)| stats.produced()).sum();
        let foreign: u64 = self.recording.tallies().iter().map(|t| t.1.foreign).sum();
        let ledger = &self.disk.ledger;
        disagreement(produced, ledger.recorded() + ledger.lost() + foreign)
    }

    /// Ends the trace and removes the instance.
    pub(crate) fn close(mut self, now: u64) -> Closed {
        let disagreement = self.disagreement();
        for stream in self.disk.streams.values() {
            let total = stream.ring_lost + stream.refused;
            let at = self.disk.writer.last_end(stream.id).unwrap_or_default();
            let at = Timestamp(now.max(at.0));
            if self
                .disk
                .writer
                .discarded(stream.id)
                .is_some_and(|told| told < total)
                && let Err(error) = self.disk.writer.note_discarded(stream.id, total, at)
            {
                self.disk
                    .storage_error
                    .get_or_insert_with(|| error.to_string());
            }
        }
        let mut bytes = self.bytes();
        let OnDisk {
            writer,
            ledger,
            mut storage_error,
            ..
        } = self.disk;
        match writer.close() {
            Ok(closed) => bytes = closed.bytes,
            Err(error) => drop(storage_error.get_or_insert_with(|| error.to_string())),
        }
        let note = self
            .recording
            .remove()
            .err()
            .map(|error| format!("failed to {error}"))
            .or(disagreement);
        let source = SourceSummary {
            name: "kernel".to_owned(),
            events: ledger.recorded(),
            discarded: ledger.losses(),
        };
        Closed {
            source,
            storage_error,
            note,
            bytes,
        }
    }
}

/// What is left of the kernel's part when a recording ends.
pub(crate) struct Closed {
    pub(crate) source: SourceSummary,
    pub(crate) storage_error: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) bytes: u64,
}

impl OnDisk {
    fn over(writer: TraceWriter) -> Self {
        let (streams, ledger) = (BTreeMap::new(), Ledger::default());
        Self {
            writer,
            streams,
            ledger,
            storage_error: None,
        }
    }

    /// Declares every event, and tells the recording the ids.
    fn declare(&mut self, recording: &mut KernelRecording) -> Result<StreamClassId, SinkError> {
        let header = HeaderKind::for_events(recording.events().len());
        let class = self.writer.stream_class(&StreamLayout {
            header: match header {
                HeaderKind::Compact => EventHeader::Compact,
                HeaderKind::Large => EventHeader::Large,
            },
            packet_context: PacketContext::kernel_members(),
            event_context: Vec::new(),
        })?;
        let ids: Result<Vec<u32>, SinkError> = recording
            .events()
            .iter()
            .map(|event| {
                self.writer
                    .event_class(class, &event.name, None, &event.payload)
            })
            .collect();
        recording.set_ids(header, &ids?);
        self.writer.flush_metadata()?;
        Ok(class)
    }

    fn open(&mut self, class: StreamClassId, cpu: u32, begin: u64) -> Result<(), SinkError> {
        let context = PacketContext::Kernel { cpu_id: cpu }.encode();
        let name = format!("channel0_{cpu}");
        let id = self
            .writer
            .open_stream(class, &name, Timestamp(begin), &context)?;
        self.streams.insert(
            cpu,
            Stream {
                id,
                ring_lost: 0,
                refused: 0,
            },
        );
        Ok(())
    }

    /// Writes a packet; what the storage refuses is counted, so that the rings are drained on.
    fn take(&mut self, packet: &KernelPacket<'_>) {
        let Some(stream) = self.streams.get_mut(&packet.cpu) else {
            return;
        };
        self.ledger.lose(
            LossCause::RingFull,
            packet.lost_total.saturating_sub(stream.ring_lost),
        );
        stream.ring_lost = packet.lost_total.max(stream.ring_lost);
        let head = PacketHead {
            begin: packet.begin,
            end: packet.end,
            discarded_total: stream.ring_lost + stream.refused,
            context: &PacketContext::Kernel { cpu_id: packet.cpu }.encode(),
        };
        if packet.events == 0 {
            return;
        }
        match self.writer.write_packet(stream.id, &head, packet.records) {
            Ok(()) => self.ledger.record(packet.events),
            Err(error) => {
                stream.refused += packet.events;
                self.ledger.lose(LossCause::Storage, packet.events);
                self.storage_error.get_or_insert_with(|| error.to_string());
            }
        }
    }
}

/// Takes the instance over as soon as its dead holder's descriptors are closed: it is known to be
/// dead by one of them, and the others may follow.
fn adopt_soon(
    instance: &str,
    naming: thalweg_kernel::Naming,
    resume: &[Resume],
) -> Result<KernelRecording, thalweg_kernel::Error> {
    let tracefs = Tracefs::find()?;
    let end = Instant::now() + Duration::from_secs(1);
    loop {
        match KernelRecording::adopt(&tracefs, instance, naming, resume) {
            Err(thalweg_kernel::Error::Held { .. }) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(1));
            }
            adopted => return adopted,
        }
    }
}

fn disagreement(produced: u64, told: u64) -> Option<String> {
    (produced != told).then(|| {
        format!(
            "the kernel counted {produced} events, and the trace tells of {told}: this is a fault \
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
    Kernel(#[from] thalweg_kernel::Error),
    #[error("{0}")]
    Sink(#[from] SinkError),
    #[error("{0}")]
    Drain(#[from] thalweg_kernel::DrainError<SinkError>),
}

#[cfg(test)]
mod tests {
    use super::disagreement;

    #[test]
    fn a_count_that_is_not_the_kernels_is_told() {
        assert_eq!(disagreement(7, 7), None);
        let words = disagreement(8, 7).expect("one is missing");
        assert!(words.starts_with("the kernel counted 8 events, and the trace tells of 7: "));
    }
}
