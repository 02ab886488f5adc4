//! From what is selected to lines.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thalweg_model::{Lost, Message};
use thalweg_reader::text::{Json, Options, Printer, Style, loss_text};
use thalweg_reader::{Error, Item, Reader, Selection};

use super::args::Args;
use super::moment::Moment;
use super::output::Output;
use super::tail;

use crate::exit::{Failure, INCOMPLETE, USAGE, say};

/// Prints the traces.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.has_all_and_none() {
        let words = "write both all names and none: --names takes one of them";
        return Err(Failure::words(USAGE, words));
    }
    let mut selection = args.selection().map_err(open_failed)?;
    let skipped = tail::find(args, &mut selection).map_err(|error| open_failed(error.into()))?;
    let reader =
        Reader::select(&args.traces, &selection).map_err(|error| open_failed(error.into()))?;
    match View::new(&reader, args, skipped).print(reader) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(INCOMPLETE)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let error = anyhow::Error::new(error).context("write the trace to standard output");
            Err(Failure::new(INCOMPLETE, error))
        }
    }
}

fn open_failed(error: anyhow::Error) -> Failure {
    Failure::new(INCOMPLETE, error.context("open the trace"))
}

impl Args {
    fn style(&self) -> Style {
        if self.clock_cycles {
            Style::Cycles
        } else if self.clock_seconds {
            Style::Seconds
        } else if self.clock_gmt {
            Style::Gmt
        } else {
            local()
        }
    }

    fn selection(&self) -> anyhow::Result<Selection> {
        let (begin, end) = match self.timerange {
            Some(range) => (Some(range.begin), Some(range.end)),
            None => (self.begin, self.end),
        };
        let needs_day = [begin, end]
            .iter()
            .flatten()
            .any(|moment| moment.needs_day());
        let day_ns = if needs_day {
            first_ns(&self.traces)?
        } else {
            0
        };
        let zone = if self.clock_gmt {
            TimeZone::UTC
        } else {
            TimeZone::system()
        };
        let ns = |moment: Option<Moment>| {
            let none = || anyhow::Error::msg("there is no such time");
            moment
                .map(|m| m.epoch_ns(&zone, day_ns).ok_or_else(none))
                .transpose()
        };
        Ok(Selection {
            begin_ns: ns(begin)?,
            end_ns: ns(end)?,
            only: self.only.clone(),
            filter: self.r#where.clone(),
        })
    }
}

/// When the first message of the traces happens that has a time.
fn first_ns(traces: &[PathBuf]) -> Result<i64, Error> {
    let mut reader = Reader::open(traces)?;
    while let Some(next) = reader.next() {
        if let Ok(Item {
            at_ns: Some(at_ns), ..
        }) = next
        {
            return Ok(at_ns);
        }
    }
    Ok(0)
}

/// Times of day as the clock on the wall shows them.
pub(crate) fn local() -> Style {
    let zone = TimeZone::system();
    Style::Local(Box::new(move |second| {
        let at = Timestamp::from_second(second).unwrap_or_default();
        zone.to_offset(at).seconds().into()
    }))
}

/// What makes bytes of messages.
enum Form {
    Text(Box<Printer>),
    Json(Box<Json>),
}

/// A trace that is being printed.
struct View {
    form: Form,
    /// For the times of what is no event.
    times: Printer,
    paths: Vec<PathBuf>,
    /// Events that are not shown, and how many are shown then.
    skipped: u64,
    left: u64,
    out: Output,
}

impl View {
    fn new(reader: &Reader, args: &Args, skipped: u64) -> Self {
        let options = Options {
            date: args.clock_date,
            delta: !args.no_delta,
            names: args.names(),
            fields: args.fields(),
            ..Options::new(args.style())
        };
        Self {
            form: if args.json {
                Form::Json(Box::new(Json::new(reader.traces())))
            } else {
                Form::Text(Box::new(Printer::new(reader.traces(), options)))
            },
            times: Printer::new(&[], Options::new(args.style())),
            paths: reader.streams().map(|stream| stream.path.clone()).collect(),
            skipped,
            left: args.count.unwrap_or(u64::MAX),
            out: Output::new(),
        }
    }

    /// Prints every message; `false` if a part of the trace could not be read.
    fn print(mut self, mut reader: Reader) -> io::Result<bool> {
        let mut whole = true;
        for warning in reader.warnings() {
            say(&format!("thalweg: warning: {warning}"));
        }
        while self.left > 0
            && let Some(next) = reader.next()
        {
            match &next {
                Ok(item) => self.message(item)?,
                Err(error) => {
                    self.out.flush()?;
                    say(&format!("thalweg: error: {error}"));
                    whole = false;
                }
            }
            self.out.flush_if_full()?;
        }
        self.out.flush()?;
        Ok(whole)
    }

    #[inline]
    fn message(&mut self, item: &Item<'_>) -> io::Result<()> {
        let begin = self.out.bytes.len();
        match &item.message {
            Message::Lost(lost) => {
                self.out.flush()?;
                say(&self.lost_line(lost, item));
                return Ok(());
            }
            Message::Event(_) if self.skipped == 0 => self.left -= 1,
            _ => {}
        }
        match &mut self.form {
            Form::Text(printer) => printer.write(&mut self.out.bytes, item),
            Form::Json(json) => json.write(&mut self.out.bytes, item),
        }
        // What is skipped is written first: the line behind it tells the distance from it.
        if self.skipped > 0 && self.out.bytes.len() > begin {
            self.out.bytes.truncate(begin);
            self.skipped -= 1;
        }
        Ok(())
    }

    fn lost_line(&mut self, lost: &Lost, item: &Item<'_>) -> String {
        let mut time = Vec::new();
        if let Some(at_ns) = item.at_ns {
            time.extend_from_slice(b" before [");
            self.times.write_time(&mut time, at_ns);
            time.push(b']');
        }
        let path = self
            .paths
            .get(item.stream)
            .map(|path| path.display().to_string());
        format!(
            "thalweg: warning: {}: {}{}",
            path.unwrap_or_default(),
            loss_text(lost),
            String::from_utf8_lossy(&time)
        )
    }
}
