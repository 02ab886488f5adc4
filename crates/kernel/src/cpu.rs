//! One CPU's stream: pages in, packets out, losses counted.
//!
//! Invariant: every record that the kernel counts as read is in a packet that the sink took, or in
//! the [`Tally`] under what it was instead.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use thalweg_kbuf::{Cursor, Missed, Page};
use thalweg_model::Timestamp;

use crate::decoder::Decoder;
use crate::loss::{Ledger, Said};
use crate::source::{Extent, Source};
use crate::{CpuStats, DrainError, Error, TraceClock};

/// Takes packets.
pub(crate) type Sink<'a, E> = dyn FnMut(&KernelPacket<'_>) -> Result<(), E> + 'a;

/// Which bytes of which page a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSpan {
    /// The page's time stamp, which names it: a CPU's pages have rising ones.
    pub stamp: Timestamp,
    /// The first byte, counted from the page's first record.
    pub from: usize,
    /// The byte behind the last.
    pub to: usize,
}

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
    /// How many they are; none in a packet that only tells a loss.
    pub events: u64,
    /// Where they come from; none in a packet that only tells a loss, or holds system calls.
    pub page: Option<PageSpan>,
}

impl KernelPacket<'_> {
    /// A packet that only tells a loss.
    pub(crate) const fn of_loss(cpu: u32, at: Timestamp, lost_total: u64) -> Self {
        Self {
            cpu,
            begin: at,
            end: at,
            lost_total,
            follows_loss: false,
            records: &[],
            events: 0,
            page: None,
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
    records: Vec<u8>,
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
            records: Vec::new(),
            after: resume.map(|resume| resume.after.0),
            ledger: Ledger::from_total(said.lost_total),
            tally: Tally::default(),
            said,
        }
    }

    /// Hands the events behind `cursor` to the sink; the cursor moves when the sink took them.
    pub(crate) fn emit<E>(
        &mut self,
        page: &Page<'_>,
        cursor: &mut Cursor,
        decoder: &mut Decoder,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        let mut next = *cursor;
        self.records.clear();
        let summary = decoder.records(self.cpu, page, (&mut next, self.after), &mut self.records);
        // What is overwritten lay right before this page: all that the counter shows is older.
        if summary.missed != Missed::None && cursor.offset == 0 {
            self.ledger.pass();
        }
        if summary.events > 0 {
            let span = PageSpan {
                stamp: Timestamp(page.stamp),
                from: cursor.offset,
                to: next.offset,
            };
            let packet = KernelPacket {
                cpu: self.cpu,
                begin: Timestamp(summary.begin),
                end: Timestamp(summary.end),
                lost_total: self.ledger.total_at(summary.begin),
                follows_loss: summary.missed != Missed::None && cursor.offset == 0,
                records: &self.records,
                events: summary.events,
                page: Some(span),
            };
            sink(&packet)?;
            self.said = Said {
                end: summary.end,
                lost_total: packet.lost_total,
            };
            self.after = None;
            self.tally.packets += 1;
        }
        *cursor = next;
        self.tally.recorded += summary.events;
        self.tally.known += summary.known;
        self.tally.foreign += summary.foreign;
        self.tally.others += summary.others;
        self.tally.spoilt += summary.spoilt;
        self.ledger.spoil(summary.spoilt);
        Ok(())
    }

    /// Counts a page whose header cannot be used: at least one record.
    pub(crate) fn spoil_page(&mut self) {
        self.tally.spoilt += 1;
        self.ledger.spoil(1);
    }

    fn settle<E>(&mut self, now: u64, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let is_told = self.ledger.settle((self.cpu, now), &mut self.said, sink)?;
        self.tally.packets += u64::from(is_told);
        Ok(())
    }
}
