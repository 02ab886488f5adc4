//! `thalweg info`: what is in a trace, without its events.
//!
//! ```text
//!   Reader ─▶ every message ─▶ counts by stream and by class ─▶ text on standard output
//! ```
//!
//! All of the trace is read, so that the counts are those of events that can be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use thalweg_model::{ClockClass, EnvValue, LossCause, Message};
use thalweg_reader::text::{Options, Printer, Style};
use thalweg_reader::{Item, Reader, Trace};

use crate::exit::{Failure, INCOMPLETE, say};
use crate::number::{counted, grouped};
use crate::view::local;

/// What `info` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All of the trace is read. What cannot be read is said on standard error.

Exit status: 0 if all of the trace was read, else 1.")]
pub(crate) struct Args {
    /// The trace: a folder with `metadata`, or one that has such folders in it.
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,

    /// Show times in UTC instead of local time.
    #[arg(long)]
    clock_gmt: bool,
}

/// Tells what is in the traces.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let reader = Reader::open(&args.traces).map_err(|error| {
        Failure::new(
            INCOMPLETE,
            anyhow::Error::new(error).context("open the trace"),
        )
    })?;
    let traces = reader.traces().to_vec();
    let (streams, whole) = count(reader);
    let style = if args.clock_gmt { Style::Gmt } else { local() };
    let mut text = String::new();
    for (index, trace) in traces.iter().enumerate() {
        describe(&mut text, trace);
        for stream in streams.iter().filter(|stream| stream.trace == index) {
            let (path, losses) = (stream.path.display(), stream.losses());
            let packets = counted(stream.packets, "packet");
            let events = counted(stream.events, "event");
            let _ = writeln!(text, "  stream       {path}: {packets}, {events}{losses}");
        }
    }
    summary(&mut text, &streams, &traces, style);
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("write to standard output");
            Err(Failure::new(INCOMPLETE, error))
        }
        _ if whole => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::from(INCOMPLETE)),
    }
}

/// What a stream holds.
#[derive(Default)]
struct Stream {
    trace: usize,
    path: PathBuf,
    packets: u64,
    events: u64,
    /// By trace and class: a stream may have files of several folders.
    by_class: BTreeMap<(usize, usize), u64>,
    lost: u64,
    /// Whether more is lost than was counted.
    lost_more: bool,
    lost_packets: u64,
    span_ns: Option<(i64, i64)>,
}

impl Stream {
    fn take(&mut self, item: &Item<'_>) {
        match &item.message {
            Message::PacketBegin(_) => self.packets += 1,
            Message::Event(event) => {
                self.events += 1;
                *self.by_class.entry((item.trace, event.class)).or_default() += 1;
                if let Some(at_ns) = item.at_ns {
                    let (begin, _) = self.span_ns.unwrap_or((at_ns, at_ns));
                    self.span_ns = Some((begin, at_ns));
                }
            }
            Message::Lost(lost) => match (lost.cause, lost.count) {
                (LossCause::PacketGap(packets), _) => self.lost_packets += packets,
                (_, Some(count)) => self.lost += count,
                (_, None) => self.lost_more = true,
            },
            _ => {}
        }
    }

    fn losses(&self) -> String {
        let mut words = String::new();
        if self.lost > 0 {
            words += &format!(", {} lost", grouped(self.lost));
        }
        if self.lost_packets > 0 {
            words += &format!(", {} missing", counted(self.lost_packets, "packet"));
        }
        if self.lost_more {
            words += ", some lost that nobody counted";
        }
        words
    }
}

/// Reads everything; `false` if a part of it could not be read.
fn count(mut reader: Reader) -> (Vec<Stream>, bool) {
    let stream = |info: &thalweg_reader::StreamInfo| Stream {
        trace: info.trace,
        path: info.path.clone(),
        ..Stream::default()
    };
    let mut streams: Vec<Stream> = reader.streams().map(stream).collect();
    let mut whole = true;
    while let Some(next) = reader.next() {
        match &next {
            Ok(item) => {
                if let Some(stream) = streams.get_mut(item.stream) {
                    stream.take(item);
                }
            }
            Err(error) => {
                say(&format!("thalweg: error: {error}"));
                whole = false;
            }
        }
    }
    (streams, whole)
}

fn describe(text: &mut String, trace: &Trace) {
    let class = trace.class();
    let _ = writeln!(text, "trace {}", trace.path().display());
    if let Some(uuid) = &class.uuid {
        let _ = writeln!(text, "  uuid         {uuid}");
    }
    for (name, value) in &class.environment {
        let _ = match value {
            EnvValue::Integer(number) => writeln!(text, "  environment  {name} = {number}"),
            EnvValue::Text(value) => writeln!(text, "  environment  {name} = {value:?}"),
        };
    }
    class
        .clocks
        .iter()
        .for_each(|clock| describe_clock(text, clock));
}

fn describe_clock(text: &mut String, clock: &ClockClass) {
    let (name, rate) = (&clock.name, grouped(clock.frequency_hz));
    let _ = write!(text, "  clock        {name}: {rate} Hz");
    if clock.precision > 0 {
        let _ = write!(text, ", {} cycles off at most", grouped(clock.precision));
    }
    if let Some(uuid) = &clock.uuid {
        let _ = write!(text, ", uuid {uuid}");
    }
    text.push('\n');
}

/// All streams together: when, and which events how often, the most frequent ones first.
fn summary(text: &mut String, streams: &[Stream], traces: &[Trace], style: Style) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (&(trace, class), count) in streams.iter().flat_map(|stream| &stream.by_class) {
        let name = traces.get(trace).and_then(|t| t.class().events.get(class));
        *counts
            .entry(name.map_or("", |class| &class.name))
            .or_default() += count;
    }
    let spans = || streams.iter().filter_map(|stream| stream.span_ns);
    if let Some((begin, end)) = spans().map(|s| s.0).min().zip(spans().map(|s| s.1).max()) {
        let options = Options {
            date: true,
            ..Options::new(style)
        };
        let mut times = Printer::new(&[], options);
        let mut shown = |at_ns| {
            let mut time = Vec::new();
            times.write_time(&mut time, at_ns);
            String::from_utf8_lossy(&time).into_owned()
        };
        let _ = writeln!(
            text,
            "first event  {}\nlast event   {}",
            shown(begin),
            shown(end)
        );
    }
    let total: u64 = counts.values().sum();
    let _ = writeln!(text, "events       {}", grouped(total));
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    for (name, count) in counts {
        let _ = writeln!(text, "{:>14}  {name}", grouped(count));
    }
}
