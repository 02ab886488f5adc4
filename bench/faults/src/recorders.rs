//! R2: the recorder dies at a random instant, alone, with its keeper, or with the program.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::process::{is_alive, keeper_of, kill, wait_until};
use crate::seen::{Seen, missing};
use crate::world::{World, instances_of, is_on};

const THREADS: usize = 2;
/// About 200,000 events a second and thread.
const PACE_US: u64 = 250;
const PATIENCE: Duration = Duration::from_secs(20);

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victims {
    /// The recorder.
    Recorder,
    /// Recorder and keeper: `recover` or the next recorder finds what they left.
    RecorderAndKeeper,
    /// Recorder and program in the same instant.
    RecorderAndProgram,
}

/// How a round went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    /// Events that were produced before the kill.
    pub before: u64,
    /// Events in the trace or traces.
    pub recorded: u64,
    /// Events that the traces count as lost.
    pub discarded: u64,
    /// Calls that were under way while their events were turned off: with a number, and not enabled
    /// any more. At most one a thread, each time.
    pub under_way: u64,
    /// System calls in the kernel's part.
    pub calls: u64,
    /// How long after the death the instance recorded no more; `None` where nobody was to stop it.
    pub stopped_after: Option<Duration>,
    /// The longest event call: in all, and what of it was neither running nor waiting to run.
    pub longest_ns: (u64, u64),
}

/// Plays one round; `Err` says what was not as promised.
pub fn round(busy: &Path, victims: Victims, dice: &mut Dice) -> Result<Round, String> {
    let world = World::new(busy);
    let mut scene = Scene::begin(&world, dice);
    scene.keeper.ok_or("the recorder has no keeper")?;
    let death = scene.kill(victims)?;
    let next = scene.recover(victims, dice)?;
    let seen = scene.read(next.as_deref())?;
    let round = check(&world, &seen, &death, victims)?;
    scene.leaves_nothing()?;
    Ok(round)
}

struct Scene<'w> {
    world: &'w World,
    recorder: Child,
    keeper: Option<u32>,
    trace: PathBuf,
}

/// What there was when the recorder died.
struct AtDeath {
    /// Events and system calls of each thread, a moment before.
    counts: Vec<(u64, u64)>,
    /// What was on disk, a moment after; nothing if it was not read.
    seen: Seen,
    stopped_after: Option<Duration>,
}

impl<'w> Scene<'w> {
    /// Starts the recorder with the program, and waits until a random instant.
    fn begin(world: &'w World, dice: &mut Dice) -> Self {
        let trace = world.trace("first");
        let mut command = world.thalweg("record");
        command.arg("--no-progress").arg("--output").arg(&trace);
        command.args(["--kernel", "syscalls:sys_enter_getpgid", "--"]);
        command.args(world.busy_line(0, THREADS, 0, PACE_US));
        let recorder = command.spawn().expect("thalweg runs");
        wait_until(PATIENCE, || world.board.turns().load(SeqCst) > 0);
        std::thread::sleep(dice.time_below(Duration::from_millis(400)));
        let keeper = keeper_of(recorder.id());
        Self {
            world,
            recorder,
            keeper,
            trace,
        }
    }

    /// Kills. Where a keeper lives, the time is taken until the instance is off; where nobody does,
    /// what is on disk is read as it is.
    fn kill(&mut self, victims: Victims) -> Result<AtDeath, String> {
        let board = &self.world.board;
        let instances = instances_of(self.recorder.id());
        if victims == Victims::RecorderAndKeeper {
            self.keeper.into_iter().for_each(kill);
        }
        let count = |thread| {
            let [events, calls] = [board.events(thread), board.calls(thread)];
            (events.load(SeqCst), calls.load(SeqCst))
        };
        let mut death = AtDeath {
            counts: (0..THREADS).map(count).collect(),
            stopped_after: None,
            seen: Seen::default(),
        };
        kill(self.recorder.id());
        if victims == Victims::RecorderAndProgram {
            kill(board.pid());
        }
        if victims == Victims::RecorderAndKeeper {
            let _ = self.recorder.wait();
            let seen = Seen::read(&self.trace, board.tag());
            death.seen = seen.map_err(|why| format!("not readable at once: {why}"))?;
        } else {
            let off = || !instances.iter().any(|instance| is_on(instance));
            death.stopped_after = Some(wait_until(PATIENCE, off).ok_or("the instance records on")?);
            let _ = self.recorder.wait();
        }
        Ok(death)
    }

    /// Lets the keeper finish, or does its work; the next recorder's trace, if there is one.
    fn recover(&mut self, victims: Victims, dice: &mut Dice) -> Result<Option<PathBuf>, String> {
        let board = &self.world.board;
        let program = board.pid();
        if victims != Victims::RecorderAndProgram {
            let before = board.turns().load(SeqCst);
            wait_until(PATIENCE, || board.turns().load(SeqCst) > before + 10)
                .ok_or("the program has stopped")?;
        }
        let mut next = None;
        if victims == Victims::RecorderAndKeeper {
            std::thread::sleep(dice.time_below(Duration::from_millis(50)));
            if dice.below(2) == 0 {
                let status = self.world.thalweg("recover").status();
                let status = status.map_err(|error| error.to_string())?;
                status.success().then_some(()).ok_or("recover failed")?;
            } else {
                next = Some(self.record_next());
            }
        } else if let Some(keeper) = self.keeper {
            wait_until(PATIENCE, || !is_alive(keeper)).ok_or("the keeper does not end")?;
        }
        board.stop();
        wait_until(PATIENCE, || !is_alive(program)).ok_or("the program does not end")?;
        Ok(next)
    }

    fn record_next(&self) -> PathBuf {
        let trace = self.world.trace("next");
        let mut command = self.world.thalweg("record");
        command
            .args(["--no-progress", "--no-kernel", "--output"])
            .arg(&trace);
        let _ = command.args(["--", "sleep", "0.05"]).status();
        trace
    }

    fn read(&self, next: Option<&Path>) -> Result<Seen, String> {
        let mut seen = Seen::read(&self.trace, self.world.board.tag())?;
        if let Some(next) = next {
            seen.merge(Seen::read(next, self.world.board.tag())?);
        }
        Ok(seen)
    }

    /// After one more run there is neither an instance nor a file of the dead.
    fn leaves_nothing(&self) -> Result<(), String> {
        let trace = self.world.trace("last");
        let mut command = self.world.thalweg("record");
        command
            .args(["--no-progress", "--no-kernel", "--output"])
            .arg(trace);
        let _ = command.args(["--", "true"]).status();
        let instances = instances_of(self.recorder.id());
        let files = self.world.left_in_rendezvous();
        if instances.is_empty() && files.is_empty() {
            return Ok(());
        }
        Err(format!("left behind: {instances:?} {files:?}"))
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        self.world.board.stop();
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
        let ended = || !is_alive(self.world.board.pid());
        if wait_until(Duration::from_secs(2), ended).is_none() {
            kill(self.world.board.pid());
        }
    }
}

fn check(world: &World, seen: &Seen, death: &AtDeath, victims: Victims) -> Result<Round, String> {
    let mut round = Round {
        discarded: seen.discarded,
        stopped_after: death.stopped_after,
        longest_ns: world.board.longest_ns(),
        ..Round::default()
    };
    let mut lost = 0;
    let mut under_way = 0;
    let mut lost_calls = 0;
    let with_program = victims == Victims::RecorderAndProgram;
    for (thread, &(events, calls)) in death.counts.iter().enumerate() {
        let key = (0, thread as u32);
        let produced = world.board.events(thread).load(SeqCst);
        let numbers = seen.events.get(&key).map_or(&[][..], Vec::as_slice);
        let missing_here =
            missing(numbers, produced).map_err(|why| format!("thread {thread}: {why}"))?;
        let noted = world.board.last_enabled(thread);
        let (noted, others): (Vec<u64>, Vec<u64>) = missing_here
            .into_iter()
            .partition(|number| noted.contains(number));
        lost += others.len() as u64;
        under_way += noted.len() as u64;
        if seen.count(key) < death.seen.count(key) {
            return Err(format!("thread {thread}: events went away by the recovery"));
        }
        let numbers = seen.calls.get(&key.1).map_or(&[][..], Vec::as_slice);
        let missing_calls = missing(numbers, calls);
        lost_calls += missing_calls
            .map_err(|why| format!("calls of {thread}: {why}"))?
            .len() as u64;
        round.before += events;
        round.recorded += seen.count(key);
        round.calls += numbers.len() as u64;
    }
    // What was under way in a killed thread is counted, or may not have begun to be. And a call that
    // is under way while its event is turned off has a number, but perhaps nobody to record or count
    // it: the program has noted which.
    let torn = if with_program { THREADS as u64 } else { 0 };
    let uncertain = under_way + torn;
    if !(lost..=lost + uncertain).contains(&seen.discarded) {
        return Err(format!(
            "{lost} events are missing, and {uncertain} more that were under way; {} are counted \
             as lost",
            seen.discarded
        ));
    }
    round.under_way = (lost + under_way).saturating_sub(seen.discarded);
    if lost_calls > seen.kernel_discarded {
        return Err(format!(
            "{lost_calls} system calls before the kill are missing"
        ));
    }
    Ok(round)
}

/// Rounds of one kind; prints nothing. The first failure with its seed.
pub fn rounds(busy: &Path, victims: Victims, count: u64, seed: u64) -> Result<Vec<Round>, String> {
    let begin = Instant::now();
    (0..count)
        .map(|index| {
            let mut dice = Dice::new(seed + index);
            let failed = |why| {
                let after = begin.elapsed().as_secs();
                format!(
                    "{victims:?}, round {index}, seed {}, after {after} s: {why}",
                    seed + index
                )
            };
            round(busy, victims, &mut dice).map_err(failed)
        })
        .collect()
}
