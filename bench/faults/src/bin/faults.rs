//! Plays every fault to us and to LTTng 2.13, and prints what is left.
//!
//! `faults PEER [--quick]`: `PEER` has the sources of LTTng's program. Fails if one of our promises
//! is broken; what LTTng does is only shown.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bench_faults::dice::Dice;
use bench_faults::lttng::Lttng;
use bench_faults::recorders::{Round, Victims, rounds};
use bench_faults::{disk, programs};
use thalweg_testkit::SmallDisk;

/// How much is played.
struct Counts {
    recordings: u64,
    rounds: u64,
    peer: u64,
}

const FULL: Counts = Counts {
    recordings: 20,
    rounds: 50,
    peer: 3,
};
const QUICK: Counts = Counts {
    recordings: 2,
    rounds: 4,
    peer: 1,
};

type Outcome = Result<String, String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (peer, counts) = match &words[..] {
        [peer] => (PathBuf::from(peer), FULL),
        [peer, quick] if quick == "--quick" => (PathBuf::from(peer), QUICK),
        _ => {
            eprintln!("usage: faults PEER [--quick]");
            return ExitCode::from(2);
        }
    };
    let lttng = match Lttng::build(&peer) {
        Ok(lttng) => lttng,
        Err(why) => {
            eprintln!("faults: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    if play(&lttng, &counts) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays all; whether all of our promises were kept.
fn play(lttng: &Lttng, counts: &Counts) -> bool {
    let busy = std::env::current_exe()
        .expect("it is known")
        .with_file_name("busy");
    let seed = seed();
    println!("seed {seed}");
    let recorder = |victims| recorders(&busy, victims, counts.rounds, seed);
    let mut kept = true;
    let mut show = |what: &str, ours: Outcome, fault: &str| {
        kept &= ours.is_ok();
        println!("\n{what}");
        println!(
            "  thalweg     {}",
            ours.unwrap_or_else(|why| format!("BROKEN: {why}"))
        );
        for _ in 0..if fault.is_empty() { 0 } else { counts.peer } {
            println!("  LTTng 2.13  {}", lttng.play(fault));
        }
    };
    show(
        "R1  five busy programs killed, then a healthy one",
        killed(&busy, counts, seed),
        "killed-programs",
    );
    show(
        "R2  the recorder killed (LTTng: lttng-consumerd)",
        recorder(Victims::Recorder),
        "killed-consumer",
    );
    show(
        "R2  recorder and keeper killed (LTTng: lttng-sessiond)",
        recorder(Victims::RecorderAndKeeper),
        "killed-daemon",
    );
    show(
        "R2  recorder and program killed in one instant",
        recorder(Victims::RecorderAndProgram),
        "",
    );
    show("R4  a disk of 20 MB fills up", full(&busy), "full-disk");
    kept
}

fn seed() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_secs()
}

fn killed(busy: &Path, counts: &Counts, seed: u64) -> Outcome {
    let mut sum = programs::Recorded::default();
    for index in 0..counts.recordings {
        let went = programs::recording(busy, &mut Dice::new(seed + index));
        let went = went.map_err(|why| format!("seed {}: {why}", seed + index))?;
        sum.produced += went.produced;
        sum.recorded += went.recorded;
        sum.torn += went.torn;
        sum.healthy += went.healthy;
    }
    let kills = counts.recordings * u64::from(programs::KILLED);
    Ok(format!(
        "{} of {} events of the healthy programs; {kills} kills: {} of {} events recorded, the \
         others counted as discarded; {} torn",
        sum.healthy,
        counts.recordings * programs::HEALTHY,
        sum.recorded,
        sum.produced,
        sum.torn
    ))
}

fn recorders(busy: &Path, victims: Victims, count: u64, seed: u64) -> Outcome {
    let rounds = rounds(busy, victims, count, seed)?;
    let sum = |value: fn(&Round) -> u64| rounds.iter().map(value).sum::<u64>();
    let longest = rounds
        .iter()
        .map(|round| round.longest_ns.1)
        .max()
        .unwrap_or(0);
    let stopped = rounds.iter().filter_map(|round| round.stopped_after).max();
    let words = format!(
        "{count} rounds: readable; {} events and {} system calls recorded, {} counted as lost, none \
         twice, none missing but {} calls under way while events were turned off; longest block of \
         an event {:.3} ms; kernel ring off after {} ms",
        sum(|round| round.recorded),
        sum(|round| round.calls),
        sum(|round| round.discarded),
        sum(|round| round.under_way),
        longest as f64 / 1e6,
        stopped.map_or_else(|| "-".to_owned(), |time| time.as_millis().to_string())
    );
    let in_time = stopped.unwrap_or_default() < Duration::from_millis(100);
    if in_time && longest < 1_000_000 {
        Ok(words)
    } else {
        Err(format!("too slow: {words}"))
    }
}

fn full(busy: &Path) -> Outcome {
    let full = disk::fill(busy, &SmallDisk::in_memory(disk::DISK_BYTES), 20)?;
    Ok(format!(
        "{} of {} events readable; told discarded: {}, exact; exit status {}",
        full.recorded,
        full.produced,
        full.discarded,
        full.status
            .map_or_else(|| "none".to_owned(), |status| status.to_string())
    ))
}
