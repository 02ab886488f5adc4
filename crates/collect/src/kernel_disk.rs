//! The kernel's trace folder: streams of tracefs's rings, and of the programs that record system calls.
//!
//! ```text
//!   kernel/channel0_0   tracefs, cpu 0        kernel/syscalls_0   system calls with payload, cpu 0
//!   kernel/statedump_0  what there was when the recording began
//!   kernel/profile_0, sideband_0, mappings_0, counts_0    see kernel_perf
//!   kernel/readings_0   see kernel_readings
//! ```

use std::collections::BTreeMap;

use thalweg_kernel::{
    HeaderKind, KernelContexts, KernelPacket, KernelRecording, PerfKind, PerfRecording, Resume,
    StackRecording, SyscallRecording, perf_context, perf_sample_class, perf_sample_context,
};
use thalweg_model::{LossCause, Member, StructClass, Timestamp};

use crate::kernel_keep::Keep;
use crate::kernel_pages::{PageWriter, Place, Written, part_bytes};
use crate::kernel_perf::FeedEvent;
use crate::kernel_state::{StateEvent, StateKind};
use crate::ledger::Ledger;
use crate::sink::{
    EventHeader, FoundStream, PacketContext, SinkError, StreamClassId, StreamId, StreamLayout,
    TraceWriter,
};
use crate::summary::SourceSummary;

/// Where events of the kernel come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Tracefs,
    Syscalls,
    State,
    Stacked,
    Samples,
    SideBand,
    Mappings,
    Counts,
    Readings,
}

impl Origin {
    pub(crate) const ALL: [Self; 9] = [
        Self::Tracefs,
        Self::Syscalls,
        Self::State,
        Self::Stacked,
        Self::Samples,
        Self::SideBand,
        Self::Mappings,
        Self::Counts,
        Self::Readings,
    ];

    /// What its files' names begin with.
    const fn channel(self) -> &'static str {
        match self {
            Self::Tracefs => "channel0_",
            Self::Syscalls => "syscalls_",
            Self::State => "statedump_",
            Self::Stacked => "callstacks_",
            Self::Samples => "profile_",
            Self::SideBand => "sideband_",
            Self::Mappings => "mappings_",
            Self::Counts => "counts_",
            Self::Readings => "readings_",
        }
    }

    const fn source_name(self) -> &'static str {
        match self {
            Self::Tracefs => "kernel",
            Self::Syscalls => "system calls",
            Self::State => "kernel state dump",
            Self::Stacked => "kernel, with call stacks",
            Self::Samples => "samples",
            Self::SideBand => "threads and mappings",
            Self::Mappings => "mappings before",
            Self::Counts => "counters",
            Self::Readings => "histograms and latencies",
        }
    }
}

/// Bytes of a packet context that says of which cpu the packet is.
const CONTEXT_BYTES: usize = size_of::<u32>();

/// The processor of the state dump's packets, which are of none.
const STATE_CPU: u32 = 0;

/// The folder, as it is being written.
pub(crate) struct KernelDisk {
    writer: TraceWriter,
    pages: PageWriter,
    streams: BTreeMap<(Origin, u32), Stream>,
    ledgers: [Ledger; Origin::ALL.len()],
    /// A flight recorder's packets, which are not to be on disk yet.
    keep: Option<Keep>,
    /// What became of events that the ring of tracefs has no more.
    ring_loss: LossCause,
    storage_error: Option<String>,
}

/// How the header that events are written with is declared.
const fn declared(header: HeaderKind) -> EventHeader {
    match header {
        HeaderKind::Compact => EventHeader::Compact,
        HeaderKind::Large => EventHeader::Large,
    }
}

/// A cpu's stream.
struct Stream {
    id: StreamId,
    /// What the kernel lost, what a flight recorder did not keep, and what the storage refused.
    ring_lost: u64,
    evicted: u64,
    refused: u64,
}

impl Stream {
    fn lost(&self) -> u64 {
        self.ring_lost + self.evicted + self.refused
    }
}

impl KernelDisk {
    pub(crate) fn over(writer: TraceWriter) -> Self {
        Self {
            writer,
            pages: PageWriter::default(),
            streams: BTreeMap::new(),
            ledgers: Default::default(),
            keep: None,
            ring_loss: LossCause::RingFull,
            storage_error: None,
        }
    }

    /// Goes on with a stream that a dead recorder left: where its ring is to be read from, if it has
    /// outlived its recorder.
    pub(crate) fn go_on(&mut self, found: &FoundStream) -> Option<Resume> {
        let context = found.last_context.first_chunk().copied();
        let cpu = u32::from_le_bytes(context.unwrap_or_default());
        let is_of = |origin: &Origin| found.file_name.starts_with(origin.channel());
        let origin = Origin::ALL.into_iter().find(is_of)?;
        let stream = Stream {
            id: found.id,
            ring_lost: found.discarded,
            evicted: 0,
            refused: 0,
        };
        self.streams.insert((origin, cpu), stream);
        (origin == Origin::Tracefs).then_some(Resume {
            cpu,
            after: found.last_end,
            lost_total: found.discarded,
        })
    }

    /// What a dead recorder's events of tracefs say of their thread.
    pub(crate) fn contexts(&self) -> KernelContexts {
        KernelContexts::known(self.writer.program_contexts())
    }

    /// What a dead recorder took with it.
    pub(crate) fn gone(&self) -> Option<&'static str> {
        let had_syscalls = self
            .streams
            .keys()
            .any(|(origin, _)| *origin == Origin::Syscalls);
        had_syscalls.then_some(
            "system calls that the dead recorder had not written yet are gone with it, uncounted",
        )
    }

    /// Declares every event of tracefs, tells the recording the ids, and opens the streams that are
    /// not open yet.
    pub(crate) fn declare_tracefs(
        &mut self,
        recording: &mut KernelRecording,
        begin: u64,
    ) -> Result<(), SinkError> {
        let header = recording.header();
        let class = self.class(declared(header), recording.contexts().members())?;
        let events = recording.events().iter();
        let ids = self.declare(class, events.map(|event| (&*event.name, &event.payload)));
        recording.set_ids(header, &ids?);
        recording.set_part_bytes(part_bytes(CONTEXT_BYTES));
        let cpus = recording.cpus().collect();
        self.open(Origin::Tracefs, class, cpus, begin)
    }

    /// The same for system calls with payload.
    pub(crate) fn declare_syscalls(
        &mut self,
        recording: &mut SyscallRecording,
        begin: u64,
    ) -> Result<(), SinkError> {
        let class = self.class(EventHeader::Large, recording.members())?;
        let events = recording.events().iter();
        let ids = self.declare(class, events.map(|event| (&*event.name, &event.payload)));
        recording.set_ids(ids?);
        recording.set_part_bytes(part_bytes(CONTEXT_BYTES));
        let cpus = recording.cpus().collect();
        self.open(Origin::Syscalls, class, cpus, begin)
    }

    /// The same for the state dump; the ids of its events, in the order of their numbers.
    pub(crate) fn declare_state(&mut self, begin: u64) -> Result<Vec<u32>, SinkError> {
        let class = self.class(EventHeader::Large, Vec::new())?;
        let payloads = StateKind::ALL.map(|kind| (kind.name(), kind.class()));
        let ids = self.declare(class, payloads.iter().map(|(name, class)| (*name, class)))?;
        self.open(Origin::State, class, vec![STATE_CPU], begin)?;
        Ok(ids)
    }

    /// Writes a packet of the state dump.
    pub(crate) fn take_state(&mut self, ids: &[u32], events: &[StateEvent]) {
        let events = events.iter();
        let events = events.map(|event| (ids[event.kind as usize], event.time, &event.payload[..]));
        self.take_own((Origin::State, STATE_CPU), events);
    }

    /// The same for tracepoints with call stacks.
    pub(crate) fn declare_stacked(
        &mut self,
        recording: &mut StackRecording,
        begin: u64,
    ) -> Result<(), SinkError> {
        let header = HeaderKind::for_events(recording.events().len());
        let class = self.class(declared(header), recording.members())?;
        let events = recording.events().iter();
        let ids = self.declare(class, events.map(|event| (&*event.name, &event.payload)));
        recording.set_ids(header, &ids?);
        let cpus = recording.cpus().collect();
        self.open(Origin::Stacked, class, cpus, begin)
    }

    /// The same for samples and what happens to threads and mappings; the id of a mapping's event.
    pub(crate) fn declare_profile(
        &mut self,
        profile: &mut PerfRecording,
        begin: u64,
    ) -> Result<u32, SinkError> {
        let cpus: Vec<u32> = profile.cpus().collect();
        let samples = self.class(EventHeader::Large, perf_sample_context())?;
        let payload = perf_sample_class();
        let events = profile.events().iter();
        let ids = self.declare(samples, events.map(|event| (&*event.name, &payload)))?;
        let throttling = self.declare_kinds(samples, PerfKind::THROTTLING)?;
        self.open(Origin::Samples, samples, cpus.clone(), begin)?;
        let side = self.class(EventHeader::Large, perf_context())?;
        let side_ids = self.declare_kinds(side, PerfKind::SIDE_BAND)?;
        self.open(Origin::SideBand, side, cpus, begin)?;
        self.open(Origin::Mappings, side, vec![0], begin)?;
        profile.set_ids(&ids, throttling, side_ids);
        Ok(side_ids[PerfKind::Mmap2 as usize])
    }

    fn declare_kinds<const N: usize>(
        &mut self,
        class: StreamClassId,
        kinds: [PerfKind; N],
    ) -> Result<[u32; N], SinkError> {
        let mut ids = [0; N];
        for (id, kind) in ids.iter_mut().zip(kinds) {
            *id = self
                .writer
                .event_class(class, kind.name(), None, &kind.class())?;
        }
        Ok(ids)
    }

    /// The same for counters, each an event; their ids.
    pub(crate) fn declare_counts(
        &mut self,
        names: &[String],
        payload: &StructClass,
        cpus: Vec<u32>,
        begin: u64,
    ) -> Result<Vec<u32>, SinkError> {
        let class = self.class(EventHeader::Large, Vec::new())?;
        let names = names.iter();
        let ids = self.declare(class, names.map(|name| (&**name, payload)))?;
        self.open(Origin::Counts, class, cpus, begin)?;
        Ok(ids)
    }

    /// The same for what is read in text files of the kernel's; the ids of its events.
    pub(crate) fn declare_readings(
        &mut self,
        events: &[(String, StructClass)],
        begin: u64,
    ) -> Result<Vec<u32>, SinkError> {
        let class = self.class(EventHeader::Large, Vec::new())?;
        let events = events.iter();
        let ids = self.declare(class, events.map(|(name, payload)| (&**name, payload)))?;
        self.open(Origin::Readings, class, vec![0], begin)?;
        Ok(ids)
    }

    /// Writes a packet of what this process has read by itself.
    pub(crate) fn take_feed(&mut self, of: (Origin, u32), ids: &[u32], events: &[FeedEvent]) {
        let events = events.iter();
        let events = events.map(|event| (ids[event.place], event.time, &event.bytes[..]));
        self.take_own(of, events);
    }

    /// Writes a packet of events that this process has made: their ids, times and payloads.
    fn take_own<'e>(
        &mut self,
        (origin, cpu): (Origin, u32),
        events: impl Iterator<Item = (u32, u64, &'e [u8])>,
    ) {
        let (mut records, mut begin, mut last, mut count) = (Vec::new(), None, None, 0);
        for (id, time, payload) in events {
            HeaderKind::Large.write(id, time, last, &mut records);
            records.extend_from_slice(payload);
            begin.get_or_insert(time);
            last = Some(time);
            count += 1;
        }
        let (Some(begin), Some(end)) = (begin, last) else {
            return;
        };
        let packet = KernelPacket {
            cpu,
            begin: Timestamp(begin),
            end: Timestamp(end),
            lost_total: 0,
            follows_loss: false,
            records: &records,
            events: count,
            parts: &[],
        };
        self.take(origin, &packet);
    }

    /// The class of streams whose events have this header and this context.
    fn class(
        &mut self,
        header: EventHeader,
        event_context: Vec<Member>,
    ) -> Result<StreamClassId, SinkError> {
        self.writer.stream_class(&StreamLayout {
            header,
            packet_context: PacketContext::kernel_members(),
            event_context,
        })
    }

    /// The ids of events of these names and payloads.
    fn declare<'e>(
        &mut self,
        class: StreamClassId,
        events: impl Iterator<Item = (&'e str, &'e StructClass)>,
    ) -> Result<Vec<u32>, SinkError> {
        let declare = |(name, payload)| self.writer.event_class(class, name, None, payload);
        events.map(declare).collect()
    }

    fn open(
        &mut self,
        origin: Origin,
        class: StreamClassId,
        cpus: Vec<u32>,
        begin: u64,
    ) -> Result<(), SinkError> {
        self.writer.flush_metadata()?;
        for cpu in cpus {
            if self.streams.contains_key(&(origin, cpu)) {
                continue;
            }
            let context = PacketContext::Kernel { cpu_id: cpu }.encode();
            let name = format!("{}{cpu}", origin.channel());
            let id = self
                .writer
                .open_stream(class, &name, Timestamp(begin), &context)?;
            let stream = Stream {
                id,
                ring_lost: 0,
                evicted: 0,
                refused: 0,
            };
            self.streams.insert((origin, cpu), stream);
        }
        Ok(())
    }

    /// Writes a packet, or keeps it; what the storage refuses is counted, so that the rings are
    /// drained on.
    pub(crate) fn take(&mut self, origin: Origin, packet: &KernelPacket<'_>) {
        if let Some(keep) = self.keep.as_mut().filter(|_| origin != Origin::State) {
            return keep.put(origin, packet);
        }
        self.lose(origin, packet.cpu, packet.lost_total);
        let Some(stream) = self.streams.get_mut(&(origin, packet.cpu)) else {
            return;
        };
        if packet.events == 0 {
            return;
        }
        let mut place = Place {
            writer: &mut self.writer,
            stream: stream.id,
            context: &PacketContext::Kernel { cpu_id: packet.cpu }.encode(),
            discarded_total: stream.lost(),
        };
        let Written { events, error } = self.pages.write(&mut place, packet);
        let ledger = &mut self.ledgers[origin as usize];
        ledger.record(events);
        if let Some(error) = error {
            let refused = packet.events - events;
            stream.refused += refused;
            ledger.lose(LossCause::Storage, refused);
            self.storage_error.get_or_insert_with(|| error.to_string());
        }
    }

    /// A cpu's rings have lost so many events by now.
    pub(crate) fn lose(&mut self, origin: Origin, cpu: u32, lost_total: u64) {
        let Some(stream) = self.streams.get_mut(&(origin, cpu)) else {
            return;
        };
        let cause = match origin {
            Origin::Tracefs => self.ring_loss,
            _ => LossCause::RingFull,
        };
        let lost = lost_total.saturating_sub(stream.ring_lost);
        self.ledgers[origin as usize].lose(cause, lost);
        stream.ring_lost += lost;
    }

    /// A flight recorder has kept all events of a cpu but so many.
    pub(crate) fn miss(&mut self, origin: Origin, cpu: u32, evicted: u64) {
        if let Some(stream) = self.streams.get_mut(&(origin, cpu)) {
            self.ledgers[origin as usize].lose(LossCause::Overwritten, evicted);
            stream.evicted = evicted;
        }
    }

    /// The ring of tracefs overwrites: what it has lost is older than what it has.
    pub(crate) fn expect_overwritten(&mut self) {
        self.ring_loss = LossCause::Overwritten;
    }

    /// Keeps the newest packets of each cpu, in so many bytes, and writes none.
    pub(crate) fn begin_to_keep(&mut self, limit_bytes: usize) {
        self.keep = Some(Keep::new(limit_bytes));
    }

    /// What is kept.
    pub(crate) fn keep(&self) -> Option<&Keep> {
        self.keep.as_ref()
    }

    /// Writes what is kept, and everything from now on.
    pub(crate) fn write_kept(&mut self) {
        if let Some(keep) = self.keep.take() {
            keep.write_to(self);
        }
    }

    /// What was recorded and lost of an origin.
    pub(crate) fn ledger(&self, origin: Origin) -> &Ledger {
        &self.ledgers[origin as usize]
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes_written()
    }

    /// What an origin has recorded and lost, for the end.
    pub(crate) fn summary(&self, origin: Origin) -> SourceSummary {
        let ledger = self.ledger(origin);
        SourceSummary {
            name: origin.source_name().to_owned(),
            events: ledger.recorded(),
            discarded: ledger.losses(),
        }
    }

    /// Ends the trace; its bytes, and the first failure of the storage.
    pub(crate) fn close(mut self, now: u64) -> (u64, Option<String>) {
        self.tell_losses(now);
        let mut bytes = self.bytes();
        let mut storage_error = self.storage_error;
        match self.writer.close() {
            Ok(closed) => bytes = closed.bytes,
            Err(error) => drop(storage_error.get_or_insert_with(|| error.to_string())),
        }
        (bytes, storage_error)
    }

    /// Puts all counts of lost events on disk.
    fn tell_losses(&mut self, now: u64) {
        for stream in self.streams.values() {
            let total = stream.lost();
            let at = self.writer.last_end(stream.id).unwrap_or_default();
            let at = Timestamp(now.max(at.0));
            let is_owed = |told: u64| told < total;
            if self.writer.discarded(stream.id).is_some_and(is_owed)
                && let Err(error) = self.writer.note_discarded(stream.id, total, at)
            {
                self.storage_error.get_or_insert_with(|| error.to_string());
            }
        }
    }
}
