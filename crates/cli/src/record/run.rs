//! The flow of a recording.

use std::process::ExitCode;

use thalweg_collect::{Started, Summary};

use super::advice::Sizes;
use super::attach;
use super::child::Traced;
use super::engine::{Engine, WAIT};
use super::plan::{Plan, plan};
use super::planned;
use super::progress::ProgressLine;
use super::starter::Starter;
use super::summary;
use super::watch::{Stop, Watch, Wishes};
use crate::args::RecordArgs;
use crate::exit::{Failure, INCOMPLETE, RECORD_FAILED, say};

/// The kernel's ring for each CPU when nobody says how large.
const KERNEL_BYTES: u64 = 8 << 20;

/// Records, and gives the status to end with.
pub(crate) fn run(args: &RecordArgs) -> Result<ExitCode, Failure> {
    if let Some(name) = &args.attach_instance {
        return attach::run(name, args);
    }
    if args.plan {
        return planned::run(args);
    }
    let mut plan = plan(args)?;
    let mut watch = Watch::new()?;
    let starter = args.follow.then(Starter::new);
    if let (Some(starter), Some(kernel)) = (&starter, &mut plan.kernel) {
        let track = kernel.track.get_or_insert_default();
        track.threads.push(starter.tid());
    }
    let (engine, started) = Engine::start(&plan)?;
    let engine = accept(engine, &plan, &started)?;
    let (mut engine, mut child) = start_command(engine, args, &plan, (&watch, starter))?;
    watch.limit(args.duration);
    engine.wake_on(watch.signals());
    let end = child.as_ref().and_then(Traced::pidfd);
    end.iter().for_each(|end| engine.wake_on(end));
    if child.is_none() && args.duration.is_none() {
        say(&format!(
            "recording to {}; Ctrl-C stops it",
            plan.output.display()
        ));
    }
    let mut progress = ProgressLine::new(!args.no_progress);
    let stop = record(args, &mut engine, (&mut watch, &mut child), &mut progress);
    progress.wipe();
    if let (Stop::Forced(_), Some(child)) = (stop, &child) {
        tell_of_running(child.id());
        // One more signal ends this process as it ends any other.
        drop(watch);
    }
    let summary = engine.finish()?;
    say(&summary::text(&summary, &plan.output, sizes(args)));
    Ok(ExitCode::from(status(stop, &summary)))
}

/// Tells what is not as it was asked for; without the kernel, if that was a must, nothing is.
fn accept(engine: Engine, plan: &Plan, started: &Started) -> Result<Engine, Failure> {
    if let Some(Err(why)) = &started.kernel {
        if plan.kernel_required {
            engine.discard();
            return Err(Failure::words(RECORD_FAILED, why.clone()));
        }
        say(&format!("no kernel events: failed to {why}"));
    }
    if let Some(why) = &plan.kernel_refusal {
        say(&format!("no kernel events: failed to {why}"));
    }
    for note in &started.notes {
        say(&format!("note: {note}"));
    }
    Ok(engine)
}

fn start_command(
    engine: Engine,
    args: &RecordArgs,
    plan: &Plan,
    (watch, starter): (&Watch, Option<Starter>),
) -> Result<(Engine, Option<Traced>), Failure> {
    let preload = plan.preload.as_deref();
    match Traced::start(&args.command, preload, watch.signals(), starter) {
        Ok(child) => Ok((engine, child)),
        Err(failure) => {
            engine.discard();
            Err(failure)
        }
    }
}

/// Drains until there is a reason to stop.
fn record(
    args: &RecordArgs,
    engine: &mut Engine,
    (watch, child): (&mut Watch, &mut Option<Traced>),
    progress: &mut ProgressLine,
) -> Stop {
    loop {
        let stop = watch.look(child);
        let wishes = watch.take_wishes();
        if wishes != Wishes::default() {
            progress.wipe();
            grant(wishes, args, engine);
        }
        if let Some(stop) = stop {
            return stop;
        }
        if let Some(now) = engine.step(watch.until_end().min(WAIT)) {
            progress.update(now);
        }
    }
}

fn grant(wishes: Wishes, args: &RecordArgs, engine: &mut Engine) {
    if wishes.states {
        say(&summary::of_states(engine.tell_states_again()));
    }
    if wishes.snapshots > 0 && !args.overwrite {
        return say(NO_SNAPSHOT);
    }
    for _ in 0..wishes.snapshots {
        snapshot(engine);
    }
}

/// Who wants a snapshot of a recording that goes to disk as it is.
const NO_SNAPSHOT: &str = "no snapshot: SIGUSR1 takes one of a recording with --overwrite; this one \
    goes on, and is on disk already";

fn snapshot(engine: &mut Engine) {
    match engine.snapshot() {
        Ok(taken) => {
            say(&summary::of_snapshot(&taken));
            taken
                .notes
                .iter()
                .for_each(|note| say(&format!("note: {note}")));
        }
        // The status is that of the recording, which goes on.
        Err(failure) => drop(failure.tell()),
    }
}

fn tell_of_running(id: u32) {
    say(&format!(
        "process {id} still runs, and is recorded no more; end it with: kill {id}"
    ));
}

fn status(stop: Stop, summary: &Summary) -> u8 {
    let own = match stop {
        Stop::Ended(status) => status,
        Stop::Asked => 0,
        Stop::Forced(signal) => u8::try_from(128 + signal).unwrap_or(RECORD_FAILED),
    };
    match (own, &summary.storage_error) {
        (0, Some(_)) => INCOMPLETE,
        (own, _) => own,
    }
}

fn sizes(args: &RecordArgs) -> Sizes {
    Sizes {
        ring_bytes: args.ring_size,
        kernel_bytes: args.kernel_buffer.unwrap_or(KERNEL_BYTES),
    }
}
