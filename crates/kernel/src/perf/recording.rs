//! A recording of samples and side-band: opened, drained, stopped.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::thread::{MembarrierCommand, membarrier};
use thalweg_kbuf::{Change, Counter, PerfBody, PerfKind, PerfRecord, TaskRecord, TaskState};
use thalweg_sys::{PerfAttr, PerfEvent, PerfRing, PerfTarget};

use super::event::PerfEventName;
use super::lane::{Lane, Tally, Writer, ring_error};
use super::open::{PerfScope, open_on};
use super::refusal::Asked;
use crate::clock::monotonic_ns;
use crate::fit::Fit;
use crate::online_cpus;
use crate::tasks::{Table, threads};
use crate::{DrainError, Error, KernelPacket, TraceClock};

const SOFTWARE: u32 = 1;
const DUMMY: u64 = 9;
/// `CLOCK_MONOTONIC`, which [`Fit`] knows.
const MONOTONIC: i32 = 1;
/// The reader is woken when a ring is filled by this part.
const WAKE_PART: u32 = 8;
/// Rings are neither smaller nor larger.
const RING_BYTES: std::ops::RangeInclusive<u32> = 64 << 10..=1 << 30;
/// What happens to threads needs less room than samples do.
const SIDE_PART: u32 = 4;
/// How long what has ended is remembered.
const KEPT_NS: u64 = 60_000_000_000;

/// A recording's settings.
#[derive(Clone, Debug)]
pub struct PerfConfig {
    /// What is sampled.
    pub events: Vec<PerfEventName>,
    /// How often in a second.
    pub hz: u64,
    /// Of whom.
    pub scope: PerfScope,
    /// The size of the samples' ring of each CPU; the next power of two is taken.
    pub ring_bytes_per_cpu: u32,
    /// The clock of the times that packets have.
    pub clock: TraceClock,
}

/// Which of a CPU's rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerfPart {
    /// That of samples.
    Samples,
    /// That of threads and mappings.
    SideBand,
}

/// An event that is sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledEvent {
    /// Its name in the trace.
    pub name: String,
}

/// Samples while they are recorded. Dropping it ends it.
#[derive(Debug)]
pub struct PerfRecording {
    samples: Vec<Lane>,
    side: Vec<Lane>,
    names: Vec<SampledEvent>,
    /// Which event the number in a record means.
    places: HashMap<u64, usize>,
    ids: HashMap<u64, u32>,
    throttling: [u32; 2],
    side_ids: [u32; 4],
    table: Table,
    fit: Fit,
    clock: TraceClock,
    own: Vec<i32>,
    tells_losses: bool,
    is_settled: bool,
}

/// The rings and what writes to them.
struct Opened {
    samples: Vec<Lane>,
    side: Vec<Lane>,
    places: HashMap<u64, usize>,
}

impl PerfRecording {
    /// Opens everything. Nothing is recorded before [`Self::resume`].
    ///
    /// # Errors
    /// The kernel refuses an event, or memory.
    pub fn start(config: &PerfConfig) -> Result<Self, Error> {
        let online = online_cpus()?;
        let tells_losses = tells_losses();
        let (opened, is_settled) = config
            .scope
            .settle(|threads| open(config, &online, threads, tells_losses))?;
        let name = |event: &PerfEventName| SampledEvent {
            name: format!("perf_sample_{}", event.identifier()),
        };
        Ok(Self {
            samples: opened.samples,
            side: opened.side,
            names: config.events.iter().map(name).collect(),
            places: opened.places,
            ids: HashMap::new(),
            throttling: [0; 2],
            side_ids: [0; 4],
            table: Table::default(),
            fit: Fit::new(config.clock),
            clock: config.clock,
            own: vec![std::process::id().cast_signed()],
            tells_losses,
            is_settled,
        })
    }

    /// The events that are sampled; their order is that of the ids in [`Self::set_ids`].
    pub fn events(&self) -> &[SampledEvent] {
        &self.names
    }

    /// Sets the CTF ids: of each event, of [`PerfKind::THROTTLING`], of [`PerfKind::SIDE_BAND`]. Their
    /// headers are large ones.
    ///
    /// # Panics
    /// There are fewer ids than events.
    pub fn set_ids(&mut self, events: &[u32], throttling: [u32; 2], side: [u32; 4]) {
        let id = |(number, place): (&u64, &usize)| (*number, events[*place]);
        self.ids = self.places.iter().map(id).collect();
        (self.throttling, self.side_ids) = (throttling, side);
    }

    /// The CPUs that have streams.
    pub fn cpus(&self) -> impl Iterator<Item = u32> {
        self.samples.iter().map(|lane| lane.cpu)
    }

    /// What `poll` shows as readable, and `epoll` tells of, when a ring fills up.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let lanes = self.samples.iter().chain(&self.side);
        lanes.map(|lane| lane.ring.as_fd())
    }

    /// Leaves out what this process does, as what the calling one does.
    pub fn leave_out(&mut self, process: u32) {
        self.own.push(process.cast_signed());
    }

    /// Records from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn resume(&mut self) -> Result<(), Error> {
        self.each(PerfEvent::enable)?;
        for (tid, state) in threads() {
            self.table.found(tid, state);
        }
        Ok(())
    }

    /// Records no more; what is in the rings stays there. When this returns, no record is in the making.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.each(PerfEvent::disable)?;
        // What is told of threads is written inside of an RCU read section.
        let _ = membarrier(MembarrierCommand::Global);
        Ok(())
    }

    fn each(&self, order: impl Fn(&PerfEvent) -> io::Result<()>) -> Result<(), Error> {
        // Threads first: samples are to be somebody's.
        let lanes = self.side.iter().chain(&self.samples);
        let mut events = lanes.flat_map(|lane| &lane.events);
        events.try_for_each(|event| order(event).map_err(ring_error))
    }

    /// Hands what is in the rings to the sink.
    ///
    /// # Errors
    /// The sink's, with the packet to come again; or the kernel's.
    pub fn drain<E>(
        &mut self,
        sink: &mut dyn FnMut(PerfPart, &KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        let written =
            |lanes: &[Lane]| -> Vec<u64> { lanes.iter().map(|lane| lane.ring.written()).collect() };
        // Samples first: what they need of the side-band was written before them.
        let (samples_to, side_to) = (written(&self.samples), written(&self.side));
        self.fit.tie();
        self.read_losses()?;
        self.learn(&side_to);
        for part in [PerfPart::SideBand, PerfPart::Samples] {
            let (lanes, ends) = match part {
                PerfPart::Samples => (&mut self.samples, &samples_to),
                PerfPart::SideBand => (&mut self.side, &side_to),
            };
            let (throttling, side_ids) = (self.throttling, self.side_ids);
            let others = |kind: PerfKind| id_of(kind, part, throttling, side_ids);
            let mut writer = Writer {
                fit: &self.fit,
                table: &self.table,
                own: &self.own,
                samples: &self.ids,
                others: &others,
                has_stacks: part == PerfPart::Samples,
            };
            let mut sink = |packet: &KernelPacket<'_>| sink(part, packet);
            for (lane, end) in lanes.iter_mut().zip(ends) {
                while lane
                    .drain_packet(*end, &mut writer, &mut sink)
                    .map_err(DrainError::Sink)?
                {}
            }
        }
        let long_ago = monotonic_ns().saturating_sub(KEPT_NS);
        self.table.forget(self.fit.ticks(long_ago));
        Ok(())
    }

    /// Hands everything to the sink, and packets without events where losses are left to be told:
    /// for the end, after [`Self::stop`].
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn drain_all<E>(
        &mut self,
        sink: &mut dyn FnMut(PerfPart, &KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        self.drain(sink)?;
        self.read_losses()?;
        let now = self.clock.now();
        for (part, lanes) in [
            (PerfPart::SideBand, &mut self.side),
            (PerfPart::Samples, &mut self.samples),
        ] {
            for lane in lanes {
                let mut sink = |packet: &KernelPacket<'_>| sink(part, packet);
                lane.settle(now, &mut sink).map_err(DrainError::Sink)?;
            }
        }
        Ok(())
    }

    fn read_losses(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut lanes = self.side.iter_mut().chain(&mut self.samples);
        lanes.try_for_each(|lane| lane.read_losses(now, self.tells_losses))
    }

    /// Takes what the side-band says of threads, in the order of its times.
    fn learn(&mut self, ends: &[u64]) {
        let mut changes = Vec::new();
        for (lane, end) in self.side.iter_mut().zip(ends) {
            lane.copy_to(*end);
            let records = lane.records().filter_map(Result::ok);
            changes.extend(records.filter_map(|record| {
                let change = change(&record)?;
                Some((self.fit.ticks(record.time), change))
            }));
        }
        changes.sort_by_key(|(time, _)| *time);
        for (time, (mut task, parent)) in changes {
            if task.change == Change::Begin {
                task.state.comm = self.table.find(parent, time).comm;
            }
            self.table.take(&task, time);
        }
    }

    /// Records of the recorder's own processes, which are left out.
    pub fn own_records(&self) -> u64 {
        self.tally(|tally| tally.own)
    }

    /// Lost records, as the rings tell of them: all but those that nothing came after.
    pub fn lost_in_rings(&self) -> u64 {
        self.tally(|tally| tally.lost)
    }

    /// How often the kernel has made samples rarer, to have time for something else.
    pub fn throttled(&self) -> u64 {
        self.tally(|tally| tally.throttled)
    }

    fn tally(&self, count: impl Fn(&Tally) -> u64) -> u64 {
        let lanes = self.samples.iter().chain(&self.side);
        lanes.map(|lane| count(&lane.tally)).sum()
    }

    /// Whether the kernel counts what it loses; else it tells with the next record that fits.
    pub fn tells_losses(&self) -> bool {
        self.tells_losses
    }

    /// Whether no thread began while events were opened, of which it is not known whether it is sampled.
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// How far times may be off from the trace clock's, in its ticks.
    pub fn error_ticks(&self) -> u64 {
        self.fit.error_ticks()
    }
}

fn id_of(kind: PerfKind, part: PerfPart, throttling: [u32; 2], side: [u32; 4]) -> Option<u32> {
    let find = |kinds: &[PerfKind]| kinds.iter().position(|of| *of == kind);
    match part {
        PerfPart::Samples => find(&PerfKind::THROTTLING).map(|place| throttling[place]),
        PerfPart::SideBand => find(&PerfKind::SIDE_BAND).map(|place| side[place]),
    }
}

/// What a record changes, and whose name a new thread has.
fn change(record: &PerfRecord<'_>) -> Option<(TaskRecord, u32)> {
    let (change, tid, parent, state) = match record.body {
        PerfBody::Fork {
            pid,
            ppid,
            tid,
            ptid,
        } => {
            let state = TaskState {
                pid,
                ppid,
                ..TaskState::default()
            };
            (Change::Begin, tid, ptid, state)
        }
        PerfBody::Exit { tid, .. } => (Change::End, tid, 0, TaskState::default()),
        PerfBody::Comm { tid, name, .. } => {
            let mut comm = [0; 16];
            let len = name.len().min(15);
            comm[..len].copy_from_slice(&name[..len]);
            let state = TaskState {
                comm,
                ..TaskState::default()
            };
            (Change::Rename, tid, 0, state)
        }
        _ => return None,
    };
    let task = TaskRecord {
        change,
        tid: tid.try_into().ok()?,
        time_ns: record.time,
        state,
    };
    Some((task, parent.try_into().unwrap_or(0)))
}

fn open(
    config: &PerfConfig,
    online: &[u32],
    threads: Option<&[u32]>,
    tells_losses: bool,
) -> Result<Opened, Error> {
    let bytes = ring_size(config.ring_bytes_per_cpu);
    let mut side = lanes(online, ring_size(bytes / SIDE_PART))?;
    for (cpu, event) in open_on(online, threads, &side_band(tells_losses), DUMMY_ASKED)? {
        add(&mut side, cpu, event)?;
    }
    let mut samples = lanes(online, bytes)?;
    let mut places = HashMap::new();
    for (place, name) in config.events.iter().enumerate() {
        let counter = name.find()?;
        let text = name.to_string();
        let asked = Asked {
            event: &text,
            counter,
            hz: Some(config.hz),
        };
        let attr = sampled(counter, config.hz, tells_losses);
        for (cpu, event) in open_on(online, threads, &attr, asked)? {
            places.insert(event.id().map_err(ring_error)?, place);
            add(&mut samples, cpu, event)?;
        }
    }
    Ok(Opened {
        samples,
        side,
        places,
    })
}

/// The size of a ring, if this one is asked for.
pub(super) fn ring_size(bytes: u32) -> u32 {
    let (least, most) = (*RING_BYTES.start(), *RING_BYTES.end());
    bytes.clamp(least, most).next_power_of_two()
}

/// A ring for each CPU, of an event that never ends: that of a thread would tell of its end for ever.
pub(super) fn lanes(online: &[u32], bytes: u32) -> Result<Vec<Lane>, Error> {
    let lane = |cpu: &u32| {
        let attr = PerfAttr {
            wakeup: bytes / WAKE_PART,
            ..dummy()
        };
        let event = PerfEvent::open(&attr, PerfTarget::Cpu(*cpu));
        let event = event.map_err(|error| DUMMY_ASKED.refused(&error))?;
        let ring = PerfRing::new(event, bytes).map_err(ring_error)?;
        Ok(Lane::new(*cpu, ring))
    };
    online.iter().map(lane).collect()
}

pub(super) fn add(lanes: &mut [Lane], cpu: u32, event: PerfEvent) -> Result<(), Error> {
    let lane = lanes.iter_mut().find(|lane| lane.cpu == cpu);
    let lane = lane.expect("each CPU has a lane");
    lane.add(event).map_err(ring_error)
}

/// What a refusal of the events that count nothing is called.
const DUMMY_ASKED: Asked<'_> = Asked {
    event: "dummy",
    counter: Counter {
        kind: SOFTWARE,
        config: DUMMY,
    },
    hz: None,
};

/// An event that counts nothing.
pub(super) fn dummy() -> PerfAttr {
    PerfAttr {
        kind: SOFTWARE,
        config: DUMMY,
        sample_type: sample_type(),
        flags: PerfAttr::DISABLED
            | PerfAttr::SAMPLE_ID_ALL
            | PerfAttr::WATERMARK
            | PerfAttr::USE_CLOCKID,
        clock_id: MONOTONIC,
        ..PerfAttr::default()
    }
}

/// What tells of threads and mappings.
fn side_band(tells_losses: bool) -> PerfAttr {
    let mut attr = dummy();
    attr.read_format = read_format(tells_losses);
    attr.flags |= PerfAttr::MMAP
        | PerfAttr::MMAP2
        | PerfAttr::COMM
        | PerfAttr::COMM_EXEC
        | PerfAttr::TASK
        | if has_build_ids() {
            PerfAttr::BUILD_ID
        } else {
            0
        };
    attr
}

fn sampled(counter: Counter, hz: u64, tells_losses: bool) -> PerfAttr {
    let mut attr = dummy();
    (attr.kind, attr.config, attr.period) = (counter.kind, counter.config, hz);
    attr.read_format = read_format(tells_losses);
    attr.flags |= PerfAttr::FREQ | PerfAttr::EXCLUDE_IDLE | PerfAttr::EXCLUDE_GUEST;
    attr
}

const fn sample_type() -> u64 {
    PerfAttr::SAMPLE_IDENTIFIER
        | PerfAttr::SAMPLE_IP
        | PerfAttr::SAMPLE_TID
        | PerfAttr::SAMPLE_TIME
        | PerfAttr::SAMPLE_PERIOD
        | PerfAttr::SAMPLE_CALLCHAIN
}

pub(super) const fn read_format(tells_losses: bool) -> u64 {
    if tells_losses { PerfAttr::READ_LOST } else { 0 }
}

/// Linux 6.0.
pub(super) fn tells_losses() -> bool {
    takes(&PerfAttr {
        read_format: PerfAttr::READ_LOST,
        ..dummy()
    })
}

/// Linux 5.12.
fn has_build_ids() -> bool {
    let mut attr = dummy();
    attr.flags |= PerfAttr::MMAP | PerfAttr::MMAP2 | PerfAttr::BUILD_ID;
    takes(&attr)
}

/// Whether the kernel knows all that is asked.
fn takes(attr: &PerfAttr) -> bool {
    let opened = PerfEvent::open(attr, PerfTarget::Thread(0));
    let refused = opened.err().and_then(|error| Errno::from_io_error(&error));
    refused != Some(Errno::INVAL)
}
