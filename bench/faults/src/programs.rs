//! R1: programs that are killed while they are busy, and then a healthy one.

use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::dice::Dice;
use crate::process::wait_until;
use crate::seen::{Seen, missing};
use crate::world::World;

/// Programs that are killed in one recording, before the healthy one.
pub const KILLED: u32 = 5;
/// Events of the healthy program.
pub const HEALTHY: u64 = 200_000;
const THREADS: usize = 2;
/// The healthy program's rest after 64 events: about 200,000 events a second.
const PACE_US: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(20);

/// How a recording went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recorded {
    /// Events that the killed programs' calls had returned from.
    pub produced: u64,
    /// Of those, in the trace.
    pub recorded: u64,
    /// Events that the trace counts as lost and that no call had returned from.
    pub torn: u64,
    /// Events of the healthy program in the trace.
    pub healthy: u64,
}

/// One recording of five killed programs and a healthy one; `Err` says what was not as promised.
pub fn recording(busy: &Path, dice: &mut Dice) -> Result<Recorded, String> {
    let world = World::new(busy);
    let trace = world.trace("trace");
    let mut command = world.thalweg("record");
    command
        .args(["--no-progress", "--no-kernel", "--output"])
        .arg(&trace);
    let mut recorder = command.spawn().map_err(|error| error.to_string())?;
    wait_until(PATIENCE, || !world.left_in_rendezvous().is_empty()).ok_or("no recorder")?;
    let counts: Vec<[u64; THREADS]> = (0..KILLED).map(|run| kill_one(&world, run, dice)).collect();
    let healthy = world
        .busy(KILLED, THREADS, HEALTHY / THREADS as u64, PACE_US)
        .status();
    healthy.map_err(|error| error.to_string())?;
    let pid = Pid::from_child(&recorder);
    kill_process(pid, Signal::INT).map_err(|error| error.to_string())?;
    recorder.wait().map_err(|error| error.to_string())?;
    check(&Seen::read(&trace, world.board.tag())?, &counts)
}

/// Starts a program, kills it at a random instant; what its calls had returned from.
fn kill_one(world: &World, run: u32, dice: &mut Dice) -> [u64; THREADS] {
    let board = &world.board;
    let clear = |thread| board.events(thread).store(0, SeqCst);
    (0..THREADS).for_each(clear);
    let mut program = world.busy(run, THREADS, 0, 0).spawn().expect("busy runs");
    let begun = || (0..THREADS).all(|thread| board.events(thread).load(SeqCst) > 0);
    wait_until(PATIENCE, begun);
    std::thread::sleep(dice.time_below(Duration::from_millis(10)));
    let _ = program.kill();
    let _ = program.wait();
    std::array::from_fn(|thread| board.events(thread).load(SeqCst))
}

fn check(seen: &Seen, counts: &[[u64; THREADS]]) -> Result<Recorded, String> {
    let mut recorded = Recorded::default();
    let mut lost = 0;
    for (run, counts) in counts.iter().enumerate() {
        for (thread, &produced) in counts.iter().enumerate() {
            let key = (run as u32, thread as u32);
            let numbers = seen.events.get(&key).map_or(&[][..], Vec::as_slice);
            let missing = missing(numbers, produced);
            lost += missing.map_err(|why| format!("{key:?}: {why}"))?.len() as u64;
            recorded.produced += produced;
            recorded.recorded += seen.count(key);
        }
    }
    for thread in 0..THREADS as u32 {
        let numbers = seen
            .events
            .get(&(KILLED, thread))
            .map_or(&[][..], Vec::as_slice);
        recorded.healthy += numbers.len() as u64;
        missing(numbers, HEALTHY).map_err(|why| format!("healthy {thread}: {why}"))?;
    }
    recorded.torn = seen.discarded.checked_sub(lost).ok_or(format!(
        "{lost} events are missing, {} are counted as lost",
        seen.discarded
    ))?;
    let most = u64::from(KILLED) * THREADS as u64;
    if recorded.healthy != HEALTHY {
        return Err(format!(
            "the healthy program has {} of {HEALTHY}",
            recorded.healthy
        ));
    }
    if recorded.torn > most {
        return Err(format!(
            "{} torn events in {most} killed threads",
            recorded.torn
        ));
    }
    Ok(recorded)
}
