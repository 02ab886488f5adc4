//! The flow.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::args::Args;
use super::counted::{Counted, Counter, Whose};
use super::{json, text};
use crate::exit::{Failure, RECORD_FAILED, say};
use crate::record::{Starter, Stop, Traced, Watch, locate};

/// The longest sleep: the time of `--duration` may be up.
const NAP: Duration = Duration::from_millis(500);

/// Counts, and gives the status to end with.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    args.command.first().map(|name| locate(name)).transpose()?;
    let mut watch = Watch::new()?;
    let starter = (!args.command.is_empty()).then(Starter::new);
    let whose = whose(args, starter.as_ref());
    let counters = open(args, &whose)?;
    let is_of_command = matches!(whose, Whose::Started(_));
    let begin = Instant::now();
    if !is_of_command {
        each(&counters, Counter::enable)?;
    }
    let mut child = Traced::start(&args.command, None, watch.signals(), starter)?;
    watch.limit(args.duration);
    let stop = wait(&mut watch, &mut child);
    let elapsed = begin.elapsed();
    if !is_of_command {
        each(&counters, Counter::disable)?;
    }
    let notes = counters.iter().any(|counter| !counter.is_settled());
    let counted = Counted {
        rows: counters.iter().map(Counter::row).collect(),
        elapsed,
        notes: notes.then(|| UNSETTLED.to_owned()).into_iter().collect(),
    };
    tell(args, &counted)?;
    Ok(ExitCode::from(match stop {
        Stop::Ended(status) => status,
        Stop::Asked => 0,
        Stop::Forced(signal) => u8::try_from(128 + signal).unwrap_or(RECORD_FAILED),
    }))
}

/// What is said if threads began all the time while counters were opened.
const UNSETTLED: &str = "the processes began threads all the while: what those do that were made during the \
    start may be counted twice, or not at all";

fn whose(args: &Args, starter: Option<&Starter>) -> Whose {
    match starter {
        _ if args.all_cpus => Whose::Everybody,
        Some(starter) if args.pid.is_empty() => Whose::Started(starter.tid()),
        _ => Whose::Processes(args.pid.clone()),
    }
}

/// Each event's counter; that none can be had is a failure.
fn open(args: &Args, whose: &Whose) -> Result<Vec<Counter>, Failure> {
    let failure = |error| Failure::new(RECORD_FAILED, error);
    let names = args.event.iter();
    let counters = names.map(|name| Counter::open(name, whose).map_err(failure));
    let counters = counters.collect::<Result<Vec<_>, _>>()?;
    let refused: Vec<_> = counters.iter().filter_map(Counter::refusal).collect();
    match refused.first() {
        Some(first) if refused.len() == counters.len() => {
            Err(Failure::words(RECORD_FAILED, first.to_string()))
        }
        _ => Ok(counters),
    }
}

fn each(
    counters: &[Counter],
    order: impl Fn(&Counter) -> Result<(), thalweg_kernel::Error>,
) -> Result<(), Failure> {
    let done = counters.iter().try_for_each(order);
    done.map_err(|error| Failure::new(RECORD_FAILED, error))
}

fn wait(watch: &mut Watch, child: &mut Option<Traced>) -> Stop {
    let end = child.as_ref().and_then(Traced::pidfd);
    loop {
        if let Some(stop) = watch.look(child) {
            return stop;
        }
        let nap = watch.until_end().min(NAP);
        let nap = Timespec::try_from(nap).expect("half a second fits");
        let mut fds = vec![PollFd::new(watch.signals(), PollFlags::IN)];
        fds.extend(end.iter().map(|end| PollFd::new(end, PollFlags::IN)));
        // Whatever ends the sleep: it is looked again.
        let _ = poll(&mut fds, Some(&nap));
    }
}

fn tell(args: &Args, counted: &Counted) -> Result<(), Failure> {
    let words = match args.json {
        true => json::json(counted),
        false => text::text(counted),
    };
    match &args.output {
        None => say(words.trim_end()),
        Some(path) => fs::write(path, words).map_err(|error| {
            Failure::words(RECORD_FAILED, format!("write {}: {error}", path.display()))
        })?,
    }
    Ok(())
}
