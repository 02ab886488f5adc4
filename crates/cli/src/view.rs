//! `thalweg view`: a trace as text on standard output, as babeltrace2 prints it.
//!
//! ```text
//!   Reader ─▶ event ─▶ Printer ─▶ 64 KiB at a time ─▶ standard output
//!          ─▶ lost, fault ─────────────────────────▶ standard error, and status 1 for a fault
//! ```
//!
//! Who closes the pipe has seen enough: that is no error.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thalweg_model::{Lost, Message};
use thalweg_reader::text::{Options, Printer, Style, loss_text};
use thalweg_reader::{Item, Reader};

use crate::exit::{Failure, INCOMPLETE, say};

/// What `view` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = VIEW_HELP)]
pub(crate) struct Args {
    /// The trace: a folder with `metadata`, or one that has such folders in it.
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,

    /// Show times of day in UTC instead of local time.
    #[arg(long)]
    clock_gmt: bool,

    /// Show times as seconds since the Unix epoch.
    #[arg(long, conflicts_with = "clock_gmt")]
    clock_seconds: bool,
}

const VIEW_HELP: &str = "\
What the tracer lost, and what cannot be read, is said on standard error.

Exit status: 0 if all of the trace was read, else 1.";

/// How much is written at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Prints the traces.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let reader = Reader::open(&args.traces).map_err(|error| {
        Failure::new(
            INCOMPLETE,
            anyhow::Error::new(error).context("open the trace"),
        )
    })?;
    match print(reader, args.style()) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(INCOMPLETE)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let error = anyhow::Error::new(error).context("write the trace to standard output");
            Err(Failure::new(INCOMPLETE, error))
        }
    }
}

impl Args {
    fn style(&self) -> Style {
        if self.clock_gmt {
            Style::Gmt
        } else if self.clock_seconds {
            Style::Seconds
        } else {
            local()
        }
    }
}

fn local() -> Style {
    let zone = TimeZone::system();
    Style::Local(Box::new(move |second| {
        let at = Timestamp::from_second(second).unwrap_or_default();
        zone.to_offset(at).seconds().into()
    }))
}

/// Prints every message; `false` if a part of the trace could not be read.
fn print(mut reader: Reader, style: Style) -> io::Result<bool> {
    let mut printer = Printer::new(reader.traces(), Options { time: style });
    let paths: Vec<PathBuf> = reader.streams().map(|stream| stream.path.clone()).collect();
    let (mut out, mut whole) = (Output::new(), true);
    while let Some(next) = reader.next() {
        match next {
            Ok(Item {
                message: Message::Lost(lost),
                stream,
                at_ns,
                ..
            }) => {
                out.flush()?;
                let path = paths.get(stream).map(|path| path.display().to_string());
                say(&lost_line(
                    &mut printer,
                    &lost,
                    at_ns,
                    &path.unwrap_or_default(),
                ));
            }
            Ok(item) => printer.write(&mut out.bytes, &item),
            Err(error) => {
                out.flush()?;
                say(&format!("thalweg: error: {error}"));
                whole = false;
            }
        }
        out.flush_if_full()?;
    }
    out.flush()?;
    Ok(whole)
}

fn lost_line(printer: &mut Printer, lost: &Lost, at_ns: Option<i64>, path: &str) -> String {
    let mut time = Vec::new();
    if let Some(at_ns) = at_ns {
        time.extend_from_slice(b" before [");
        printer.write_time(&mut time, at_ns);
        time.push(b']');
    }
    format!(
        "thalweg: warning: {path}: {}{}",
        loss_text(lost),
        String::from_utf8_lossy(&time)
    )
}

struct Output {
    bytes: Vec<u8>,
}

impl Output {
    fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(2 * CHUNK_BYTES),
        }
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.bytes.len() < CHUNK_BYTES {
            Ok(())
        } else {
            self.flush()
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.bytes)?;
        self.bytes.clear();
        stdout.flush()
    }
}
