//! One CPU's stream: pages in, packets out, losses counted.
//!
//! Invariant: every record that the kernel counts as read is in a packet that the sink took, or in
//! the [`Tally`] under what it was instead.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use thalweg_kbuf::{Missed, Page, PageSummary, Part, Parts};
use thalweg_model::Timestamp;

use crate::decoder::Decoder;
use crate::loss::{Ledger, Said};
use crate::source::{Extent, Source};
use crate::{CpuStats, DrainError, Error, TraceClock};

/// Takes packets.
pub(crate) type Sink<'a, E> = dyn FnMut(&KernelPacket<'_>) -> Result<(), E> + 'a;

/// Events of one CPU, ready to be written behind a packet header.
#[derive(Clone, Copy, Debug)]
pub struct KernelPacket<'a> {
    /// The CPU.
    pub cpu: u32,
    /// The time of the first event.
    pub begin: Timestamp,
    /// The time of the last event.
    pub end: Timestamp,
    /// How many events of this CPU are lost since the recording began, up to `begin`.
    pub lost_total: u64,
    /// Whether events right before the first one were overwritten.
    pub follows_loss: bool,
    /// The events, as CTF event records; the first carries its whole time.
    pub records: &'a [u8],
    /// Parts of it that may be packets of their own, one behind the other; none if it is to stay whole.
    pub parts: &'a [Part],
    /// How many they are; none in a packet that only tells a loss.
    pub events: u64,
}

impl KernelPacket<'_> {
    /// All of it, as a part.
    pub const fn whole(&self) -> Part {
        Part {
            bytes: self.records.len(),
            begin: self.begin.0,
            end: self.end.0,
            events: self.events,
        }
    }

    /// A packet that only tells a loss.
    pub(crate) const fn of_loss(cpu: u32, at: Timestamp, lost_total: u64) -> Self {
        Self {
            cpu,
            begin: at,
            end: at,
            lost_total,
            follows_loss: false,
            records: &[],
            parts: &[],
            events: 0,
        }
    }
}

/// What of a CPU's stream is on disk already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The CPU.
    pub cpu: u32,
    /// The time of the last event on disk: the end of the last whole packet.
    pub after: Timestamp,
    /// The last whole packet's [`KernelPacket::lost_total`].
    pub lost_total: u64,
}

/// What became of the records that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events in packets that the sink took.
    pub recorded: u64,
    /// Events that were on disk before ([`Resume`]).
    pub known: u64,
    /// Records of types that this recording does not trace.
    pub foreign: u64,
    /// Events of threads that are not tracked.
    pub others: u64,
    /// Records that could not be read; they are in [`KernelPacket::lost_total`].
    pub spoilt: u64,
    /// Packets that the sink took.
    pub packets: u64,
}

/// A CPU of a recording.
#[derive(Debug)]
pub(crate) struct CpuStream {
    source: Source,
    emitter: Emitter,
    stats: File,
    stats_path: PathBuf,
    clock: TraceClock,
}

impl CpuStream {
    pub(crate) fn new(
        cpu: u32,
        source: Source,
        stats_path: PathBuf,
        clock: TraceClock,
        resume: Option<&Resume>,
    ) -> Result<Self, Error> {
        let stats =
            File::open(&stats_path).map_err(|error| Error::io("open", &stats_path, error))?;
        Ok(Self {
            source,
            emitter: Emitter::new(cpu, resume),
            stats,
            stats_path,
            clock,
        })
    }

    pub(crate) fn cpu(&self) -> u32 {
        self.emitter.cpu
    }

    /// Parts of packets have at most so many bytes.
    pub(crate) fn set_part_bytes(&mut self, bytes: usize) {
        self.emitter.parts = Parts::new(bytes);
    }

    pub(crate) fn tally(&self) -> Tally {
        self.emitter.tally
    }

    /// The kernel's counters now.
    pub(crate) fn stats(&self) -> Result<CpuStats, Error> {
        let mut text = [0; 1024];
        let failed = |error| Error::io("read", &self.stats_path, error);
        let len = self.stats.read_at(&mut text, 0).map_err(failed)?;
        let text = String::from_utf8_lossy(&text[..len]);
        CpuStats::parse(&text, self.clock)
            .ok_or_else(|| failed(std::io::Error::other("a counter is missing")))
    }

    /// The time of the oldest event in the ring.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let stats = self.stats().ok()?;
        (stats.entries > 0).then_some(stats.oldest)
    }

    /// Hands what is there to the sink.
    pub(crate) fn drain<E>(
        &mut self,
        extent: Extent,
        decoder: &mut Decoder,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), DrainError<E>> {
        self.read_losses()?;
        self.source.drain(extent, decoder, &mut self.emitter, sink)
    }

    /// Tells the losses that no packet has told, when nothing more comes.
    pub(crate) fn settle<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), DrainError<E>> {
        let now = self.read_losses()?;
        self.emitter.settle(now, sink).map_err(DrainError::Sink)
    }

    fn read_losses(&mut self) -> Result<u64, Error> {
        let stats = self.stats()?;
        self.emitter.ledger.read(stats.now, stats.lost());
        Ok(stats.now)
    }
}

impl AsFd for CpuStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

/// Turns pages into packets.
#[derive(Debug)]
pub(crate) struct Emitter {
    cpu: u32,
    /// What is put together for the next packet, and what became of the records that were read for it.
    parts: Parts,
    next: Tally,
    lost_total: u64,
    follows_loss: bool,
    after: Option<u64>,
    ledger: Ledger,
    tally: Tally,
    said: Said,
}

impl Emitter {
    fn new(cpu: u32, resume: Option<&Resume>) -> Self {
        let said = resume.map(|resume| Said {
            end: resume.after.0,
            lost_total: resume.lost_total,
        });
        let said = said.unwrap_or_default();
        Self {
            cpu,
            parts: Parts::default(),
            next: Tally::default(),
            lost_total: said.lost_total,
            follows_loss: false,
            after: resume.map(|resume| resume.after.0),
            ledger: Ledger::from_total(said.lost_total),
            tally: Tally::default(),
            said,
        }
    }

    /// Forgets what was put together and not handed over.
    pub(crate) fn begin(&mut self) {
        self.parts.clear();
        self.next = Tally::default();
        self.follows_loss = false;
    }

    /// Whether a loss lies between what is put together and this page.
    pub(crate) fn is_apart(&mut self, page: &Page<'_>) -> bool {
        let is_first = self.parts.is_empty();
        !is_first
            && (page.missed != Missed::None || self.ledger.total_at(page.stamp) != self.lost_total)
    }

    /// Puts a page's events behind what is put together.
    pub(crate) fn add(&mut self, page: &Page<'_>, decoder: &mut Decoder) {
        let is_first = self.parts.is_empty();
        let summary = decoder.records(self.cpu, page, self.after, &mut self.parts);
        // What is overwritten lay right before this page: all that the counter shows is older.
        if summary.missed != Missed::None {
            self.ledger.pass();
            self.follows_loss = true;
        }
        if is_first && summary.events > 0 {
            self.lost_total = self.ledger.total_at(summary.begin);
        }
        self.next.add(&summary);
    }

    /// Counts a page whose header cannot be used: at least one record.
    pub(crate) fn spoil_page(&mut self) {
        self.next.spoilt += 1;
    }

    /// Hands what is put together to the sink, and begins anew when the sink took it.
    pub(crate) fn hand<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let events = self.next.recorded;
        let (records, parts) = self.parts.finish();
        if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
            let packet = KernelPacket {
                cpu: self.cpu,
                begin: Timestamp(first.begin),
                end: Timestamp(last.end),
                lost_total: self.lost_total,
                follows_loss: self.follows_loss,
                records,
                parts,
                events,
            };
            sink(&packet)?;
            self.said = Said {
                end: last.end,
                lost_total: self.lost_total,
            };
            self.after = None;
            self.next.packets += 1;
        }
        self.ledger.spoil(self.next.spoilt);
        self.tally.join(&self.next);
        self.begin();
        Ok(())
    }

    fn settle<E>(&mut self, now: u64, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let is_told = self.ledger.settle((self.cpu, now), &mut self.said, sink)?;
        self.tally.packets += u64::from(is_told);
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, page: &PageSummary) {
        self.recorded += page.events;
        self.known += page.known;
        self.foreign += page.foreign;
        self.others += page.others;
        self.spoilt += page.spoilt;
    }

    fn join(&mut self, more: &Self) {
        self.recorded += more.recorded;
        self.known += more.known;
        self.foreign += more.foreign;
        self.others += more.others;
        self.spoilt += more.spoilt;
        self.packets += more.packets;
    }
}
