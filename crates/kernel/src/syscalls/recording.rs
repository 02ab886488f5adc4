//! A recording of system calls: loaded, drained, stopped.

use std::os::fd::{AsFd, BorrowedFd};

use thalweg_kbuf::{
    HeaderKind, Parts, SyscallEvent, SyscallOptions, SyscallRecord, syscall_context,
};
use thalweg_model::{Member, Timestamp};

use super::calls::Calls;
use super::filters::{TaskContexts, resolve};
use super::load::InKernel;
use super::structures;
use crate::bpf::read_btf;
use crate::fit::Fit;
use crate::loss::{Ledger, Said};
use crate::{Error, EventFilter, KernelPacket, Missing, Stacks, TraceClock, Tracefs, Track};

/// A packet is handed over when it has so many bytes.
const PACKET_BYTES: usize = 256 << 10;
/// Rings are neither smaller nor larger.
const RING_BYTES: std::ops::RangeInclusive<u32> = 64 << 10..=1 << 30;

/// A recording's settings.
#[derive(Clone, Debug)]
pub struct SyscallConfig {
    /// Names of calls, or globs; none for all.
    pub patterns: Vec<String>,
    /// The ring's size for each CPU; the next power of two is taken.
    pub ring_bytes_per_cpu: u32,
    /// What calls must pass: every filter that is for them.
    pub filters: Vec<EventFilter>,
    /// What events say beyond LTTng's fields.
    pub options: SyscallOptions,
    /// Which stacks each event has.
    pub stacks: Stacks,
    /// Whose calls, if not everybody's.
    pub track: Option<Track>,
    /// Whose calls are left out.
    pub untrack: Option<Track>,
    /// The clock of the times that packets have.
    pub clock: TraceClock,
}

/// What became of the filters of a recording of system calls, in the order in which they were given.
#[derive(Debug, Default)]
pub struct FilterReport {
    /// Whether a filter lets any system call pass.
    pub are_used: Vec<bool>,
    /// Why it fits none, if it is for any.
    pub unfit: Vec<Option<Error>>,
    /// The events that a filter leaves out, always, and why.
    pub left_out: Vec<Missing>,
}

/// System calls while they are recorded. Dropping it ends it.
#[derive(Debug)]
pub struct SyscallRecording {
    calls: Calls,
    /// The CTF id of each event.
    ids: Vec<u32>,
    fit: Fit,
    clock: TraceClock,
    in_kernel: InKernel,
    streams: Vec<Stream>,
    filters: FilterReport,
    stacks: Stacks,
}

/// What is read of a CPU's ring.
#[derive(Debug, Default)]
struct Stream {
    ledger: Ledger,
    said: Said,
    parts: Parts,
}

impl SyscallRecording {
    /// Loads the programs. Nothing is recorded before [`Self::resume`], so that ids can be given and
    /// metadata written first.
    ///
    /// # Errors
    /// A pattern means no call, or the kernel lacks BPF or BTF, or refuses.
    pub fn start(tracefs: &Tracefs, config: &SyscallConfig) -> Result<Self, Error> {
        let btf = read_btf()?;
        let structures = structures::find(&btf);
        let events = (config.options, &structures[..]);
        let mut calls = Calls::choose(tracefs, &config.patterns, events)?;
        let contexts = TaskContexts::find(&btf);
        let first = resolve(&calls, &contexts, &config.filters)?;
        let (never, filters) = (first.never, first.report);
        calls.leave_out(&never);
        let resolved = resolve(&calls, &contexts, &config.filters)?;
        let (least, most) = (*RING_BYTES.start(), *RING_BYTES.end());
        let ring_bytes = config
            .ring_bytes_per_cpu
            .clamp(least, most)
            .next_power_of_two();
        let in_kernel = InKernel::load(&calls, ring_bytes, (config, &resolved), &btf)?;
        let streams = in_kernel.rings.iter().map(|_| Stream::default());
        Ok(Self {
            ids: (0..).take(calls.events().len()).collect(),
            fit: Fit::new(config.clock),
            clock: config.clock,
            streams: streams.collect(),
            calls,
            in_kernel,
            filters,
            stacks: config.stacks,
        })
    }

    /// What became of the filters.
    pub fn take_filter_report(&mut self) -> FilterReport {
        std::mem::take(&mut self.filters)
    }

    /// The events; their order is that of the ids in [`Self::set_ids`].
    pub fn events(&self) -> &[SyscallEvent] {
        self.calls.events()
    }

    /// What stands in front of each event's payload.
    pub fn members(&self) -> Vec<Member> {
        [syscall_context(), self.stacks.members()].concat()
    }

    /// Sets the CTF id of each event; their headers are large ones.
    ///
    /// # Panics
    /// There are fewer ids than events.
    pub fn set_ids(&mut self, ids: Vec<u32>) {
        assert_eq!(ids.len(), self.ids.len(), "an id for each event");
        self.ids = ids;
    }

    /// Lets packets be parted: each part has at most so many bytes, if it can.
    pub fn set_part_bytes(&mut self, bytes: usize) {
        for stream in &mut self.streams {
            stream.parts = Parts::new(bytes);
        }
    }

    /// The CPUs that have a stream.
    pub fn cpus(&self) -> impl Iterator<Item = u32> {
        self.in_kernel.rings.iter().map(|(cpu, _)| *cpu)
    }

    /// What `poll` shows as readable, and `epoll` tells of, when a ring fills up.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.in_kernel.rings.iter().map(|(_, ring)| ring.as_fd())
    }

    /// Leaves the calls of this process out, as those of the calling one; of the last process for
    /// which this was said.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn leave_out(&mut self, process: u32) -> Result<(), Error> {
        self.in_kernel.leave_out(process)
    }

    /// Records from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn resume(&mut self) -> Result<(), Error> {
        self.in_kernel.attach()
    }

    /// Records no more; what is in the rings stays there. When this returns, no event is in the
    /// making.
    ///
    /// # Errors
    /// The kernel does not say when the last is made: what is made after the last drain is missing, and is
    /// not counted.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.in_kernel.detach()
    }

    /// Hands what is in the rings to the sink.
    ///
    /// # Errors
    /// The sink's, with the packet to come again; or the kernel's.
    pub fn drain<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), crate::DrainError<E>> {
        let ends: Vec<u64> = self
            .in_kernel
            .rings
            .iter()
            .map(|(_, ring)| ring.written())
            .collect();
        // What is written by now has times before this. Also without anything new: a line from long ago
        // would have bends that nobody sees.
        self.fit.tie();
        for (place, end) in ends.into_iter().enumerate() {
            if self.in_kernel.rings[place].1.position() == end {
                continue;
            }
            self.read_losses(place)?;
            while self
                .drain_packet(place, end, sink)
                .map_err(crate::DrainError::Sink)?
            {}
        }
        Ok(())
    }

    /// Hands everything to the sink, and packets without events where losses are left to be told:
    /// for the end, after [`Self::stop`].
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn drain_all<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), crate::DrainError<E>> {
        self.drain(sink)?;
        if let Some(first) = self.streams.first_mut() {
            let elsewhere = self.in_kernel.counts_without_ring()?.lost;
            first.ledger.spoil(self.in_kernel.missed() + elsewhere);
        }
        for place in 0..self.streams.len() {
            self.read_losses(place)?;
            let now = self.clock.now();
            let (cpu, stream) = (self.in_kernel.rings[place].0, &mut self.streams[place]);
            let settled = stream.ledger.settle((cpu, now), &mut stream.said, sink);
            settled.map_err(crate::DrainError::Sink)?;
        }
        Ok(())
    }

    fn read_losses(&mut self, place: usize) -> Result<(), Error> {
        let counts = self.in_kernel.counts(self.in_kernel.rings[place].0)?;
        let now = self.clock.now();
        self.streams[place].ledger.read(now, counts.lost);
        Ok(())
    }

    /// Hands one packet of a ring to the sink; whether there may be more before `end`.
    fn drain_packet<E>(
        &mut self,
        place: usize,
        end: u64,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let (cpu, ring) = &mut self.in_kernel.rings[place];
        let stream = &mut self.streams[place];
        stream.parts.clear();
        let (mut at, mut events, mut spoilt) = (ring.position(), 0, 0);
        while at != end && stream.parts.bytes_mut().len() < PACKET_BYTES {
            let Some(record) = ring.record(at) else {
                break;
            };
            at = record.end;
            let parsed = SyscallRecord::parse(record.data);
            let known = parsed.and_then(|record| Some((record, self.calls.place(&record)?)));
            let Some((record, event)) = known else {
                spoilt += 1;
                continue;
            };
            let last = stream.parts.last();
            let time = self.fit.ticks(record.time_ns());
            let time = time.max(last.unwrap_or(stream.said.end));
            let (id, header) = (self.ids[event], HeaderKind::Large);
            let records = stream.parts.bytes_mut();
            let begin = records.len();
            header.write(id, time, last, records);
            record.encode_context(records);
            record.encode_stacks([self.stacks.kernel, self.stacks.user], records);
            self.calls.events()[event].encode(&record, records);
            stream.parts.push(header, (id, time), begin);
            events += 1;
        }
        let (records, parts) = stream.parts.finish();
        if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
            let packet = KernelPacket {
                cpu: *cpu,
                begin: Timestamp(first.begin),
                end: Timestamp(last.end),
                lost_total: stream.ledger.total_at(first.begin),
                follows_loss: false,
                records,
                parts,
                events,
            };
            sink(&packet)?;
            stream.said = Said {
                end: last.end,
                lost_total: packet.lost_total,
            };
        }
        let is_more = at != ring.position() && at != end;
        ring.release(at);
        stream.ledger.spoil(spoilt);
        Ok(is_more)
    }

    /// Calls that the programs saw, or were to see.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn produced(&self) -> Result<u64, Error> {
        let mut seen = self.in_kernel.missed() + self.in_kernel.counts_without_ring()?.seen;
        for cpu in self.cpus() {
            seen += self.in_kernel.counts(cpu)?.seen;
        }
        Ok(seen)
    }

    /// How many of them were lost because their CPU was off when the recording began.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn lost_on_new_cpus(&self) -> Result<u64, Error> {
        Ok(self.in_kernel.counts_without_ring()?.lost)
    }

    /// How far times may be off from the trace clock's, in its ticks.
    pub fn error_ticks(&self) -> u64 {
        self.fit.error_ticks()
    }
}
