//! A ring of a CPU, and what of it becomes packets.
//!
//! ```text
//!   ring ─▶ copy of whole records ─▶ by time ─▶ | header | context | stacks | fields | …  ─▶ sink
//! ```
//!
//! An interrupt may record while a record is in the making, and finish first: so records are put in the
//! order of their times within a packet. What still is older than the packet before gets that packet's
//! last time.

use std::collections::HashMap;
use std::os::fd::AsFd as _;

use thalweg_kbuf::{HeaderKind, PerfBody, PerfKind, PerfRecord, PerfRecords};
use thalweg_model::Timestamp;
use thalweg_sys::{PerfEvent, PerfRing};

use crate::fit::Fit;
use crate::loss::{Ledger, Said};
use crate::tasks::{Table, Task};
use crate::{Error, KernelPacket};

/// So many bytes of a ring become one packet: the largest record has 64 KiB.
const PACKET_BYTES: u64 = 256 << 10;

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) time: u64,
    /// The time of the event before it in the packet.
    pub(super) last: Option<u64>,
    pub(super) cpu: u32,
}

/// What is read of each event of a group: its value, and what it has lost, if the kernel counts that.
pub(super) const fn group_words(tells_losses: bool) -> usize {
    if tells_losses { 2 } else { 1 }
}

/// Makes events of records.
pub(super) trait Encode {
    /// Whether the kernel counts what events lose.
    fn tells_losses(&self) -> bool {
        true
    }

    /// The record's time in the trace, if it is to be there; else what became of it is counted.
    fn choose(&mut self, record: &PerfRecord<'_>, tally: &mut Tally) -> Option<u64>;

    /// Appends the event, or nothing if the record cannot be read.
    fn append(&mut self, record: &PerfRecord<'_>, at: Place, out: &mut Vec<u8>) -> bool;
}

/// What is needed to write samples and side-band down.
pub(super) struct Writer<'a> {
    pub(super) fit: &'a Fit,
    pub(super) table: &'a Table,
    /// Processes that are left out.
    pub(super) own: &'a [i32],
    /// The CTF id of each sampled event, by the number in its records.
    pub(super) samples: &'a HashMap<u64, u32>,
    /// The CTF id of a record that is no sample.
    pub(super) others: &'a dyn Fn(PerfKind) -> Option<u32>,
    pub(super) has_stacks: bool,
}

/// A ring, the events that write to it, and what was read of it.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) cpu: u32,
    pub(super) ring: PerfRing,
    pub(super) events: Vec<PerfEvent>,
    /// Counters in whose group the events are, if there are any.
    pub(super) counters: Vec<PerfEvent>,
    ledger: Ledger,
    said: Said,
    copy: Vec<u8>,
    out: Vec<u8>,
    pub(super) tally: Tally,
}

/// What became of a lane's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Records of our own processes.
    pub(super) own: u64,
    /// Records that a filter leaves out.
    pub(super) others: u64,
    /// Lost ones, as the ring tells it.
    pub(super) lost: u64,
    /// How often the kernel made samples rarer.
    pub(super) throttled: u64,
    /// The kernel counted one of its tracepoints by another number than one: those that measure a time
    /// (`sched_stat_runtime` and the like) by that. Its counters do not tell how many there were.
    pub(super) is_uneven: bool,
    spoilt: u64,
}

impl Lane {
    pub(super) fn new(cpu: u32, ring: PerfRing) -> Self {
        Self {
            cpu,
            ring,
            events: Vec::new(),
            counters: Vec::new(),
            ledger: Ledger::default(),
            said: Said::default(),
            copy: Vec::new(),
            out: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Has the event record into this ring.
    pub(super) fn add(&mut self, event: PerfEvent) -> std::io::Result<()> {
        event.set_output(self.ring.event().as_fd())?;
        self.events.push(event);
        Ok(())
    }

    /// The events that are enabled: of a group the first one.
    pub(super) fn leaders(&self) -> impl Iterator<Item = &PerfEvent> {
        let alone = self.counters.is_empty();
        let events = self.events.iter().filter(move |_| alone);
        self.counters.first().into_iter().chain(events)
    }

    /// Reads what the kernel counted as lost; `tells` says whether it counts that.
    pub(super) fn read_losses(&mut self, now: u64, tells: bool) -> Result<(), Error> {
        let lost = match tells {
            false => self.tally.lost,
            true if !self.counters.is_empty() => self.of_group(1, tells)?,
            true => self.events.iter().try_fold(0, |sum, event| {
                let [_, lost] = event.read().map_err(ring_error)?;
                Ok::<u64, Error>(sum + lost)
            })?,
        };
        self.ledger.read(now, lost);
        Ok(())
    }

    /// How often its events have happened.
    pub(super) fn counted(&self, tells: bool) -> Result<u64, Error> {
        if !self.counters.is_empty() {
            return self.of_group(0, tells);
        }
        self.events.iter().try_fold(0, |sum, event| {
            let count = match tells {
                true => event.read().map(|[count, _]| count),
                false => event.read().map(|[count]| count),
            };
            Ok(sum + count.map_err(ring_error)?)
        })
    }

    /// The sum of a number of all events of the group, but for the counters.
    fn of_group(&self, number: usize, tells: bool) -> Result<u64, Error> {
        let (counters, words) = (self.counters.len(), group_words(tells));
        let Some(first) = self.counters.first() else {
            return Ok(0);
        };
        let read = first.read_group(counters + self.events.len());
        let read = read.map_err(ring_error)?;
        let entries = read.get(1..).unwrap_or_default().chunks_exact(words);
        let numbers = entries.skip(counters).filter_map(|entry| entry.get(number));
        Ok(numbers.sum())
    }

    /// The records in these bytes.
    fn parsed<'b>(&self, bytes: &'b [u8], tells: bool) -> PerfRecords<'b> {
        match self.counters.is_empty() {
            true => PerfRecords::new(bytes),
            false => PerfRecords::with_groups(bytes, group_words(tells)),
        }
    }

    /// The ring's bytes from where it is read up to `end`, in one piece.
    pub(super) fn copy_to(&mut self, end: u64) {
        self.copy.clear();
        let parts = self.ring.bytes(self.ring.position(), end);
        parts
            .iter()
            .for_each(|part| self.copy.extend_from_slice(part));
    }

    /// What [`Self::copy_to`] has copied.
    pub(super) fn records(&self) -> PerfRecords<'_> {
        PerfRecords::new(&self.copy)
    }

    /// Hands one packet to the sink; whether there is more before `end`.
    pub(super) fn drain_packet<E>(
        &mut self,
        end: u64,
        writer: &mut dyn Encode,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let from = self.ring.position();
        if from == end {
            return Ok(false);
        }
        self.copy_to(end.min(from + PACKET_BYTES));
        let mut records = self.parsed(&self.copy, writer.tells_losses());
        let mut tally = self.tally;
        let mut found = Vec::new();
        for record in &mut records {
            match record {
                Ok(record) => {
                    let time = writer.choose(&record, &mut tally);
                    found.extend(time.map(|time| (time, record)));
                }
                Err(_) => tally.spoilt += 1,
            }
        }
        found.sort_by_key(|(time, _)| *time);
        // A whole record always fits: nothing but a broken one stops the reading.
        let read = match records.position() {
            0 => {
                tally.spoilt += 1;
                self.copy.len()
            }
            read => read,
        } as u64;
        self.out.clear();
        let (mut begin, mut last, mut events) = (0, None, 0);
        for (time, record) in &found {
            let time = (*time).max(last.unwrap_or(self.said.end));
            let cpu = self.cpu;
            if !writer.append(record, Place { time, last, cpu }, &mut self.out) {
                tally.spoilt += 1;
                continue;
            }
            begin = if last.is_none() { time } else { begin };
            last = Some(time);
            events += 1;
        }
        if let Some(last) = last {
            let packet = KernelPacket {
                cpu: self.cpu,
                begin: Timestamp(begin),
                end: Timestamp(last),
                lost_total: self.ledger.total_at(begin),
                follows_loss: false,
                records: &self.out,
                parts: &[],
                events,
            };
            sink(&packet)?;
            self.said = Said {
                end: last,
                lost_total: packet.lost_total,
            };
        }
        self.ledger.spoil(tally.spoilt - self.tally.spoilt);
        self.tally = tally;
        self.ring.release(from + read);
        Ok(self.ring.position() != end)
    }

    /// Tells the losses that no packet has told, when nothing more comes.
    pub(super) fn settle<E>(
        &mut self,
        now: u64,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.ledger.settle((self.cpu, now), &mut self.said, sink)?;
        Ok(())
    }
}

impl Writer<'_> {
    fn id(&self, record: &PerfRecord<'_>) -> Option<u32> {
        match record.body {
            PerfBody::Sample(_) => self.samples.get(&record.id).copied(),
            body => body.kind().and_then(self.others),
        }
    }
}

impl Encode for Writer<'_> {
    fn choose(&mut self, record: &PerfRecord<'_>, tally: &mut Tally) -> Option<u64> {
        match record.body {
            PerfBody::Lost(count) => tally.lost += count,
            PerfBody::Throttle => tally.throttled += 1,
            _ => {}
        }
        let is_sample = matches!(record.body, PerfBody::Sample(_));
        if self.id(record).is_none() {
            tally.spoilt += u64::from(is_sample);
            return None;
        }
        if self.own.contains(&process(record)) {
            tally.own += 1;
            return None;
        }
        Some(self.fit.ticks(record.time))
    }

    fn append(&mut self, record: &PerfRecord<'_>, at: Place, out: &mut Vec<u8>) -> bool {
        let Some(id) = self.id(record) else {
            return false;
        };
        HeaderKind::Large.write(id, at.time, at.last, out);
        let comm = match u32::try_from(record.tid) {
            Ok(0) => Task::idle(at.cpu).comm,
            Ok(tid) => self.table.find(tid, at.time).comm,
            Err(_) => [0; 16],
        };
        record.encode_context(comm, out);
        if self.has_stacks {
            record.body.encode_stacks(out);
        }
        record.body.encode(out);
        true
    }
}

/// Whose record it is: a new process is not its parent's.
fn process(record: &PerfRecord<'_>) -> i32 {
    match record.body {
        PerfBody::Fork { pid, .. } | PerfBody::Exit { pid, .. } | PerfBody::Comm { pid, .. } => pid,
        PerfBody::Mmap2(mapping) => mapping.pid,
        _ => record.pid,
    }
}

/// A ring, or an event of one, cannot be used.
pub(super) fn ring_error(source: std::io::Error) -> Error {
    Error::PerfRing { source }
}
