//! Disks that are full, and disks that fail: what is on them stays readable, the writer stays
//! usable, and what was lost is told to the event.

#[allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]
mod layout_support;

use std::path::Path;

use layout_support::dying::{Death, DyingDisk};
use layout_support::script::{append, identity, in_pages, kernel_layout, one_string};
use thalweg_collect::sink::{
    Disk, EventHeader, PacketContext, PacketHead, SinkError, StreamId, TraceWriter,
};
use thalweg_model::Timestamp;
use thalweg_testkit::packet::{broken_order, packets};
use thalweg_testkit::{SmallDisk, babeltrace2, discarded_events};

/// A recorder that counts: each event is recorded, or it is discarded.
struct Recorder<D: Disk> {
    trace: TraceWriter<D>,
    streams: Vec<Pen>,
}

struct Pen {
    stream: StreamId,
    context: Vec<u8>,
    now: u64,
    produced: u64,
    discarded: u64,
}

const EVENTS: u64 = 100;

impl<D: Disk> Recorder<D> {
    fn begin(disk: D, dir: &Path, streams: u32) -> Result<Self, SinkError> {
        let mut trace = TraceWriter::create_on(disk, dir, &identity())?;
        let class = trace.stream_class(&kernel_layout())?;
        trace.event_class(class, "sched_waking", None, &one_string())?;
        let mut pens = Vec::new();
        for cpu_id in 0..streams {
            let context = PacketContext::Kernel { cpu_id }.encode();
            let stream =
                trace.open_stream(class, &format!("k_{cpu_id}"), Timestamp(10), &context)?;
            pens.push(Pen {
                stream,
                context,
                now: 10,
                produced: 0,
                discarded: 0,
            });
        }
        Ok(Self {
            trace,
            streams: pens,
        })
    }

    /// A packet of 100 events whose strings have so many bytes; says whether it was written.
    fn packet(&mut self, pen: usize, string_len: usize) -> Result<(), SinkError> {
        let pen = &mut self.streams[pen];
        let begin = Timestamp(pen.now);
        let mut records = Vec::new();
        for _ in 0..EVENTS {
            pen.now += 1;
            EventHeader::Compact.encode(
                0,
                Timestamp(pen.now),
                Timestamp(pen.now - 1),
                &mut records,
            );
            records.resize(records.len() + string_len, b'x');
            records.push(0);
        }
        pen.produced += EVENTS;
        let head = PacketHead {
            begin,
            end: Timestamp(pen.now),
            discarded_total: pen.discarded,
            context: &pen.context,
        };
        let outcome = self.trace.write_packet(pen.stream, &head, &records);
        if outcome.is_err() {
            pen.discarded += EVENTS;
        }
        outcome
    }

    /// Three packets of one page each, of 100 events together; says whether all were written.
    fn pages(&mut self, pen: usize) -> Result<(), SinkError> {
        let pen = &mut self.streams[pen];
        let sizes = [10, 60, 30];
        let made = sizes.map(|events| {
            let begin = pen.now;
            let mut records = Vec::new();
            for _ in 0..events {
                pen.now += 1;
                let previous = Timestamp(pen.now - 1);
                EventHeader::Compact.encode(0, Timestamp(pen.now), previous, &mut records);
                records.push(0);
            }
            pen.now = begin + 1_000;
            (begin, records)
        });
        let (heads, pages) = in_pages(&made, pen.context.len());
        let about = (&pen.context[..], pen.discarded);
        let (whole, error) = append(&mut self.trace, pen.stream, about, (&heads, pages));
        pen.produced += EVENTS;
        pen.discarded += sizes[whole..].iter().sum::<u64>();
        error.map_or(Ok(()), Err)
    }

    fn tell(&mut self) -> Result<(), SinkError> {
        self.streams.iter().try_for_each(|pen| {
            self.trace
                .note_discarded(pen.stream, pen.discarded, Timestamp(pen.now))
        })
    }

    fn produced(&self) -> u64 {
        self.streams.iter().map(|pen| pen.produced).sum()
    }

    fn discarded(&self) -> u64 {
        self.streams.iter().map(|pen| pen.discarded).sum()
    }
}

/// What babeltrace2 reads and what it says was discarded, are together what was produced.
#[track_caller]
fn check(dir: &Path, produced: u64, discarded: u64) {
    let ran = babeltrace2(dir);
    assert!(ran.success, "{}", ran.stderr);
    assert_eq!(discarded_events(&ran.stderr), Ok(discarded));
    assert_eq!(ran.stdout.lines().count() as u64 + discarded, produced);
}

#[test]
fn a_20_mb_disk_that_fills_up_keeps_its_prefix_and_counts_the_rest() {
    let disk = SmallDisk::in_memory(20 << 20);
    let dir = disk.path().join("trace");
    let mut recorder = Recorder::begin(thalweg_collect::sink::HostDisk, &dir, 2).unwrap();
    let mut failures = 0;
    for number in 0..500 {
        let _ = recorder.pages(number % 2);
        match recorder.packet(number % 2, 640) {
            Ok(()) => {}
            Err(error) => {
                assert!(error.is_full(), "{error}");
                failures += 1;
            }
        }
    }
    assert!(
        (100..400).contains(&failures),
        "{failures} of 500 packets refused"
    );
    recorder.tell().unwrap();
    // As a recorder leaves it that is killed now:
    check(&dir, recorder.produced(), recorder.discarded());
    let (produced, discarded) = (recorder.produced(), recorder.discarded());
    recorder.trace.close().unwrap();
    check(&dir, produced, discarded);
}

#[test]
fn when_room_returns_packets_do_too() {
    let disk = SmallDisk::in_memory(4 << 20);
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let dir = disk.path().join("trace");
    let mut recorder = Recorder::begin(thalweg_collect::sink::HostDisk, &dir, 1).unwrap();
    while recorder.packet(0, 640).is_ok() {}
    recorder.packet(0, 640).unwrap_err();
    std::fs::remove_file(&ballast).unwrap();
    for _ in 0..10 {
        recorder.packet(0, 640).unwrap();
    }
    let (produced, discarded) = (recorder.produced(), recorder.discarded());
    assert_eq!(discarded, 2 * EVENTS);
    recorder.trace.close().unwrap();
    check(&dir, produced, discarded);
}

#[test]
fn a_tiny_disk_tells_that_everything_was_discarded() {
    for pages in 3..24_u64 {
        let disk = SmallDisk::in_memory(pages * 4096);
        let dir = disk.path().join("trace");
        match Recorder::begin(thalweg_collect::sink::HostDisk, &dir, 1) {
            Err(error) => assert!(error.is_full() && pages < 8, "{pages} pages: {error}"),
            Ok(mut recorder) => {
                while recorder.packet(0, 64).is_ok() && recorder.pages(0).is_ok() {}
                while recorder.pages(0).is_ok() {}
                recorder.tell().unwrap();
                let (produced, discarded) = (recorder.produced(), recorder.discarded());
                recorder.trace.close().unwrap();
                check(&dir, produced, discarded);
            }
        }
    }
}

/// A recording on a disk that refuses one call; `None` if it could not even begin.
fn record_with(disk: &DyingDisk, dir: &Path) -> Option<(u64, u64)> {
    let mut recorder = Recorder::begin(disk.clone(), dir, 2).ok()?;
    for number in 0..12 {
        let _ = recorder.packet(number % 2, 200 * number);
        let _ = recorder.pages(number % 2);
        if number == 6 {
            let class = recorder.trace.stream_class(&kernel_layout()).ok()?;
            let _ = recorder
                .trace
                .event_class(class, "irq_handler_entry", None, &one_string());
        }
    }
    // The refusal may hit the telling itself: it is told again.
    recorder.tell().or_else(|_| recorder.tell()).unwrap();
    let counts = (recorder.produced(), recorder.discarded());
    recorder.trace.close().is_ok().then_some(counts)
}

#[test]
fn a_refused_call_costs_at_most_one_packet_and_is_told() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let disk = DyingDisk::new(Death::Never);
    let whole = record_with(&disk, &scratch.path().join("whole")).unwrap();
    assert_eq!(whole.1, 0);
    let (mut losses, mut silent) = (0, 0);
    for call in 0..disk.calls() {
        let dir = scratch.path().join(format!("{call}"));
        let Some((produced, discarded)) = record_with(&DyingDisk::new(Death::Refused(call)), &dir)
        else {
            silent += 1;
            readable(&dir);
            continue;
        };
        assert!(discarded <= EVENTS, "call {call}: {discarded} discarded");
        losses += u64::from(discarded > 0);
        check(&dir, produced, discarded);
    }
    println!(
        "{} refusals: {losses} cost a packet, {silent} the recording's begin or end",
        disk.calls()
    );
    assert!(losses > 10 && silent < 16);
}

/// What a recording that could not begin or end left: a trace, or nothing yet.
fn readable(dir: &Path) {
    if !dir.join("metadata").exists() {
        return;
    }
    for name in ["k_0", "k_1"]
        .map(|name| dir.join(name))
        .iter()
        .filter(|file| file.exists())
    {
        assert_eq!(broken_order(&packets(name).unwrap()), None);
    }
    assert!(babeltrace2(dir).success);
}
