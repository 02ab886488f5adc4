//! The flow of a watch.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thalweg_kernel::{Tracefs, WatchTable, Watching};

use super::{Args, json, text, words};
use crate::exit::{Failure, RECORD_FAILED, say};
use crate::number::{counted, duration};
use crate::record::{Stop, Traced, Watch, locate};

/// How often tables are taken from the kernel, so that they do not fill.
const TURN: Duration = Duration::from_secs(1);

/// Counts, and gives the status to end with.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(name) = args.command.first() {
        locate(name)?;
    }
    let failed = |error| Failure::new(RECORD_FAILED, error);
    let mut watch = Watch::new()?;
    let tracefs = Tracefs::find().map_err(failed)?;
    let (watching, left_out) =
        Watching::start(&tracefs, &args.spec, args.groups).map_err(failed)?;
    for missing in left_out {
        say(&format!(
            "note: {} is left out: {}",
            missing.what, missing.why
        ));
    }
    let mut child = Traced::start(&args.command, None, watch.signals(), None)?;
    if child.is_none() && args.duration.is_none() {
        say("counting; Ctrl-C stops it");
    }
    watch.limit(args.duration);
    let mut counting = Counting::new(args, watching);
    let stop = counting.until_stopped(&mut watch, &mut child)?;
    if let (Stop::Forced(_), Some(child)) = (stop, &child) {
        say(&format!("process {} still runs", child.id()));
    }
    counting.end()?;
    Ok(ExitCode::from(match stop {
        Stop::Ended(status) => status,
        Stop::Asked => 0,
        Stop::Forced(signal) => u8::try_from(128 + signal).unwrap_or(RECORD_FAILED),
    }))
}

/// A watch that goes on.
struct Counting<'a> {
    args: &'a Args,
    watching: Watching,
    /// What was taken and not printed yet.
    table: Option<WatchTable>,
    /// Between two prints; none if it is printed at the end.
    interval: Option<Duration>,
    began: Instant,
    printed: Instant,
    taken: Instant,
    counted: u64,
    crowded_out: u64,
}

impl<'a> Counting<'a> {
    fn new(args: &'a Args, watching: Watching) -> Self {
        let at_end = args.once || (args.interval.is_none() && !args.command.is_empty());
        let now = Instant::now();
        Self {
            args,
            watching,
            table: None,
            interval: (!at_end).then(|| args.interval.unwrap_or(TURN)),
            began: now,
            printed: now,
            taken: now,
            counted: 0,
            crowded_out: 0,
        }
    }

    fn until_stopped(
        &mut self,
        watch: &mut Watch,
        child: &mut Option<Traced>,
    ) -> Result<Stop, Failure> {
        let end = child.as_ref().and_then(Traced::pidfd);
        loop {
            if let Some(stop) = watch.look(child) {
                return Ok(stop);
            }
            watch.take_wishes();
            let is_due = self
                .interval
                .is_some_and(|interval| self.printed.elapsed() >= interval);
            if is_due || self.taken.elapsed() >= TURN {
                self.take()?;
            }
            if is_due {
                self.print()?;
            }
            let wait = self.until_due().min(watch.until_end());
            let mut sources = vec![PollFd::new(watch.signals(), PollFlags::IN)];
            sources.extend(
                end.iter()
                    .map(|end| PollFd::from_borrowed_fd(end.as_fd(), PollFlags::IN)),
            );
            // Whatever wakes us is looked for above.
            let _ = poll(&mut sources, Timespec::try_from(wait).ok().as_ref());
        }
    }

    fn until_due(&self) -> Duration {
        let until = |from: Instant, time: Duration| time.saturating_sub(from.elapsed());
        let turn = until(self.taken, TURN);
        match self.interval {
            Some(interval) => turn.min(until(self.printed, interval)),
            None => turn,
        }
    }

    fn take(&mut self) -> Result<(), Failure> {
        let table = self.watching.take();
        let table = table.map_err(|error| Failure::new(RECORD_FAILED, error))?;
        match &mut self.table {
            Some(all) => all.add(table),
            None => self.table = Some(table),
        }
        self.taken = Instant::now();
        Ok(())
    }

    fn print(&mut self) -> Result<(), Failure> {
        let Some(table) = self.table.take() else {
            return Ok(());
        };
        let (spec, top) = (&self.args.spec, self.args.top);
        let out = if self.args.json {
            let counts = self.watching.counts();
            let counts = counts.map_err(|error| Failure::new(RECORD_FAILED, error))?;
            json::table(spec, &table, top, (&counts, self.printed.elapsed()))
        } else {
            let head = match self.interval {
                Some(_) => format!("after {}\n", duration(self.began.elapsed())),
                None => String::new(),
            };
            head + &text::table(spec, &table, top)
        };
        self.printed = Instant::now();
        self.counted += table.counted();
        self.crowded_out += table.crowded_out();
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(out.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let error = anyhow::Error::new(error).context("write to standard output");
                Err(Failure::new(RECORD_FAILED, error))
            }
            _ => Ok(()),
        }
    }

    /// The last table, and what is in none.
    fn end(mut self) -> Result<(), Failure> {
        let time = self.began.elapsed();
        self.watching.stop();
        self.take()?;
        self.print()?;
        let counts = self.watching.counts();
        let counts = counts.map_err(|error| Failure::new(RECORD_FAILED, error))?;
        let (counted_events, time) = (counted(self.counted, "event"), duration(time));
        say(&format!("counted {counted_events} in {time}"));
        words::of_uncounted(&counts, self.crowded_out, self.args.groups)
            .iter()
            .for_each(|line| say(line));
        Ok(())
    }
}
