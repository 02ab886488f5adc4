//! A trace with all that a recording does: classes that come late, streams of both kinds, packets
//! of many sizes, discarded events before, between and after.

use std::collections::BTreeMap;
use std::path::Path;

use thalweg_collect::sink::{
    Disk, EventHeader, PacketContext, PacketHead, PacketHeader, PageHead, Pages, SinkError,
    StreamId, StreamLayout, TraceIdentity, TraceWriter,
};
use thalweg_model::{
    ClockClass, EnvValue, FieldClass, LogLevel, Member, StructClass, Timestamp, Uuid,
};

/// What a stream must hold.
#[derive(Clone, Debug, Default)]
pub struct WrittenStream {
    /// The records of each committed packet.
    pub packets: Vec<Vec<u8>>,
    /// Packets that may be there or not, from the first one on: death came inside of them.
    pub in_flight: Vec<Vec<u8>>,
    /// Discarded events of which the writer said that they are on disk.
    pub discarded: u64,
}

/// What a trace must hold, by stream file.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub streams: BTreeMap<String, WrittenStream>,
}

impl Written {
    pub fn packets(&self) -> usize {
        self.streams
            .values()
            .map(|stream| stream.packets.len())
            .sum()
    }
}

pub fn identity() -> TraceIdentity {
    TraceIdentity {
        uuid: Uuid([0x5A; 16]),
        clock: ClockClass {
            name: "monotonic".into(),
            description: "Monotonic Clock".into(),
            uuid: Some(Uuid([9; 16])),
            frequency_hz: 2_445_000_000,
            precision: 0,
            offset_s: 1_700_000_000,
            offset_cycles: 17,
            absolute: false,
        },
        environment: vec![("domain".into(), EnvValue::Text("kernel".into()))],
    }
}

pub fn kernel_layout() -> StreamLayout {
    StreamLayout {
        header: EventHeader::Compact,
        packet_context: PacketContext::kernel_members(),
        event_context: Vec::new(),
    }
}

pub fn program_layout() -> StreamLayout {
    StreamLayout {
        header: EventHeader::Large,
        packet_context: PacketContext::program_members(),
        event_context: vec![Member::new("cpu_id", FieldClass::uint(32))],
    }
}

pub fn one_string() -> StructClass {
    StructClass {
        min_align_bits: 1,
        members: vec![Member::new("msg", FieldClass::string())],
    }
}

/// Records of one event class, `bytes` long or a little more.
pub fn records(header: EventHeader, id: u32, at: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut previous = at;
    while out.len() < bytes {
        header.encode(id, Timestamp(previous + 3), Timestamp(previous), &mut out);
        if header == EventHeader::Large {
            out.extend(1_u32.to_le_bytes());
        }
        let rest = bytes.saturating_sub(out.len());
        out.resize(out.len() + rest.min(2_000), b'x');
        out.push(0);
        previous += 3;
    }
    out
}

/// One stream of a trace that is being written.
pub struct Pen {
    pub name: &'static str,
    pub stream: StreamId,
    pub header: EventHeader,
    pub event: u32,
    pub context: Vec<u8>,
}

impl Pen {
    /// Writes a packet of about `bytes` bytes of records.
    pub fn packet<D: Disk>(
        &self,
        trace: &mut TraceWriter<D>,
        written: &mut Written,
        bytes: usize,
        discarded_total: u64,
    ) -> Result<(), SinkError> {
        let begin = trace.last_end(self.stream).unwrap();
        let records = records(self.header, self.event, begin.0, bytes);
        let end = Timestamp(begin.0 + 10_000);
        let seen = written.streams.entry(self.name.to_owned()).or_default();
        seen.in_flight = vec![records.clone()];
        let head = PacketHead {
            begin,
            end,
            discarded_total,
            context: &self.context,
        };
        trace.write_packet(self.stream, &head, &records)?;
        seen.in_flight.clear();
        seen.packets.push(records);
        seen.discarded = seen.discarded.max(discarded_total);
        Ok(())
    }

    /// Writes packets of one page each, with about so many bytes of records.
    pub fn pages<D: Disk>(
        &self,
        trace: &mut TraceWriter<D>,
        written: &mut Written,
        sizes: &[usize],
        discarded_total: u64,
    ) -> Result<(), SinkError> {
        let begin = trace.last_end(self.stream).unwrap();
        let made = sizes.iter().enumerate().map(|(number, bytes)| {
            let begin = begin.0 + number as u64 * 1_000;
            (begin, records(self.header, self.event, begin, *bytes))
        });
        let made: Vec<(u64, Vec<u8>)> = made.collect();
        let (heads, pages) = in_pages(&made, self.context.len());
        let seen = written.streams.entry(self.name.to_owned()).or_default();
        seen.in_flight = made.into_iter().map(|(_, records)| records).collect();
        let about = (&self.context[..], discarded_total);
        let (whole, error) = append(trace, self.stream, about, (&heads, pages));
        seen.packets.extend(seen.in_flight.drain(..whole));
        if let Some(error) = error {
            return Err(error);
        }
        seen.discarded = seen.discarded.max(discarded_total);
        Ok(())
    }

    pub fn discarded<D: Disk>(
        &self,
        trace: &mut TraceWriter<D>,
        written: &mut Written,
        total: u64,
    ) -> Result<(), SinkError> {
        let at = Timestamp(trace.last_end(self.stream).unwrap().0 + 500);
        trace.note_discarded(self.stream, total, at)?;
        written
            .streams
            .entry(self.name.to_owned())
            .or_default()
            .discarded = total;
        Ok(())
    }
}

/// Writes pages and waits for them: how many are there, and what went wrong.
pub fn append<D: Disk>(
    trace: &mut TraceWriter<D>,
    stream: StreamId,
    about: (&[u8], u64),
    (heads, pages): (&[PageHead], Pages),
) -> (usize, Option<SinkError>) {
    match trace.send_pages(stream, about, heads, pages) {
        Ok(sent) => {
            let (whole, error, _) = trace.settle(stream, sent);
            (whole, error)
        }
        Err(unsent) => (0, Some(unsent.error)),
    }
}

/// Records with the times of their begins, as pages, and room for one more.
pub fn in_pages(made: &[(u64, Vec<u8>)], context_len: usize) -> (Vec<PageHead>, Pages) {
    let mut pages = Pages::new(made.len() + 1);
    let bytes = pages.first_mut(made.len());
    let mut heads = Vec::new();
    for (page, (begin, records)) in bytes.chunks_exact_mut(4096).zip(made) {
        let content = PacketHeader::LEN + context_len + records.len();
        page[content - records.len()..content].copy_from_slice(records);
        heads.push(PageHead {
            begin: Timestamp(*begin),
            end: Timestamp(begin + 1_000),
            content_bytes: content as u64,
        });
    }
    (heads, pages)
}

fn kernel_pen<D: Disk>(
    trace: &mut TraceWriter<D>,
    name: &'static str,
    cpu_id: u32,
) -> Result<Pen, SinkError> {
    let class = trace.stream_class(&kernel_layout())?;
    let event = trace.event_class(class, "sched_waking", None, &one_string())?;
    let context = PacketContext::Kernel { cpu_id }.encode();
    let stream = trace.open_stream(class, name, Timestamp(1_000), &context)?;
    Ok(Pen {
        name,
        stream,
        header: EventHeader::Compact,
        event,
        context,
    })
}

fn program_pen<D: Disk>(trace: &mut TraceWriter<D>, name: &'static str) -> Result<Pen, SinkError> {
    let class = trace.stream_class(&program_layout())?;
    let event = trace.event_class(class, "shop:order", Some(LogLevel::Info), &one_string())?;
    let context = PacketContext::program(7, 8, b"shop").encode();
    let stream = trace.open_stream(class, name, Timestamp(2_000), &context)?;
    Ok(Pen {
        name,
        stream,
        header: EventHeader::Large,
        event,
        context,
    })
}

/// The whole life of a trace.
pub fn play<D: Disk>(disk: D, dir: &Path, written: &mut Written) -> Result<(), SinkError> {
    let mut trace = TraceWriter::create_on(disk, dir, &identity())?;
    let cpu0 = kernel_pen(&mut trace, "k_0", 0)?;
    let cpu1 = kernel_pen(&mut trace, "k_1", 1)?;
    cpu0.packet(&mut trace, written, 100, 0)?;
    cpu0.packet(&mut trace, written, 60_000, 0)?;
    cpu1.packet(&mut trace, written, 4096 - 84, 3)?;
    let app = program_pen(&mut trace, "p_0")?;
    app.packet(&mut trace, written, 9_000, 0)?;
    app.discarded(&mut trace, written, 5)?;
    app.pages(&mut trace, written, &[100, 3_900, 10, 2_000], 5)?;
    cpu0.packet(&mut trace, written, 100_000, 2)?;
    app.discarded(&mut trace, written, 6)?;
    app.packet(&mut trace, written, 10, 7)?;
    app.pages(&mut trace, written, &[1], 7)?;
    app.packet(&mut trace, written, 20_000, 7)?;
    app.pages(&mut trace, written, &[3_900; 40], 8)?;
    let pages = program_pen(&mut trace, "p_1")?;
    pages.pages(&mut trace, written, &[50, 50], 0)?;
    pages.discarded(&mut trace, written, 3)?;
    cpu1.pages(&mut trace, written, &[9, 9], 3)?;
    let idle = kernel_pen(&mut trace, "k_2", 2)?;
    let lossy = kernel_pen(&mut trace, "k_3", 3)?;
    lossy.discarded(&mut trace, written, 11)?;
    for bytes in [0, 1, 4012, 4013, 8108, 8109] {
        cpu1.packet(&mut trace, written, bytes, 3)?;
    }
    cpu1.discarded(&mut trace, written, 4)?;
    let _ = idle;
    trace.close().map(|_| ())
}

/// What is written after the trace was taken up: a packet to each stream that is left, and a new
/// stream.
pub fn go_on<D: Disk>(trace: &mut TraceWriter<D>, written: &mut Written) -> Result<(), SinkError> {
    let class = trace.stream_class(&kernel_layout())?;
    let event = trace.event_class(class, "sched_waking", None, &one_string())?;
    let late = trace.event_class(class, "irq_handler_entry", None, &one_string())?;
    assert_ne!(event, late);
    let streams: Vec<(StreamId, String)> = trace
        .streams()
        .map(|(id, name)| (id, name.to_owned()))
        .collect();
    for (stream, name) in streams {
        let Some(name) = ["k_0", "k_1", "k_2", "k_3"]
            .into_iter()
            .find(|n| *n == name)
        else {
            continue;
        };
        settle(trace, written, stream, name);
        let pen = Pen {
            name,
            stream,
            header: EventHeader::Compact,
            event: late,
            context: trace.context(stream).unwrap().to_vec(),
        };
        let discarded = trace.discarded(stream).unwrap();
        pen.packet(trace, written, 5_000, discarded + 1)?;
    }
    let new = kernel_pen(trace, "new", 9)?;
    new.packet(trace, written, 300, 0)
}

/// A packet in flight is there or not: the trace that was taken up knows.
fn settle<D: Disk>(trace: &TraceWriter<D>, written: &mut Written, stream: StreamId, name: &str) {
    let seen = written.streams.entry(name.to_owned()).or_default();
    let on_disk = trace
        .packets()
        .filter_map(Result::ok)
        .filter(|(id, _)| *id == stream);
    let whole = on_disk.filter(|(_, packet)| !packet.is_empty()).count();
    let expected = seen
        .packets
        .iter()
        .filter(|records| !records.is_empty())
        .count();
    let landed = whole.saturating_sub(expected);
    seen.in_flight.retain(|records| !records.is_empty());
    seen.in_flight.truncate(landed);
    seen.packets.append(&mut seen.in_flight);
}
