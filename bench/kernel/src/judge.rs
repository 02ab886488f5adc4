//! The table, and whether the floors are kept.

use std::process::ExitCode;

use crate::rows::{Row, Rows, best, read};

/// Slow-down, in the bare ring's.
const RING_FLOOR: f64 = 1.1;
/// Slow-down, in perf record's.
const SLOWDOWN_FLOOR: f64 = 1.0 / 2.0;
/// The recorder's processor time for an event, in perf record's.
const RECORDER_FLOOR: f64 = 1.0 / 3.0;
/// Bytes of an event, in perf.data's.
const BYTES_FLOOR: f64 = 1.0 / 3.0;

/// What a recorder costs in a workload.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    /// Nanoseconds by which each event makes the workload longer.
    slowdown: f64,
    /// Nanoseconds of the recorder's processor time for each event.
    recorder: f64,
    bytes: f64,
    events: f64,
    lost: f64,
}

/// Prints the table; fails below a floor.
pub(crate) fn judge(file: &str) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| format!("read {file}: {error}"));
    let rows = match text.and_then(|text| read(&text)) {
        Ok(rows) => rows,
        Err(why) => {
            eprintln!("bench-kernel: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "best of all rounds; slow-down: ns for each event that happened; recorder: ns for each recorded"
    );
    for ((workload, recorder), _) in rows.iter().filter(|((_, name), _)| name != "bare") {
        if let Some(cost) = cost(&rows, workload, recorder) {
            println!(
                "{workload:<9} {recorder:<17} slow-down {:8.1}   recorder {:7.1}   {:6.1} bytes an event   {} events, {} not there",
                cost.slowdown, cost.recorder, cost.bytes, cost.events, cost.lost
            );
        }
    }
    let verdicts = verdicts(&rows);
    for (words, holds) in &verdicts {
        println!("{} {words}", if *holds { "ok   " } else { "BELOW" });
    }
    let all = !verdicts.is_empty() && verdicts.iter().all(|(_, holds)| *holds);
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn cost(rows: &Rows, workload: &str, recorder: &str) -> Option<Cost> {
    let of = |recorder: &str| rows.get(&(workload.to_owned(), recorder.to_owned()));
    let (bare, recorded): (&[Row], &[Row]) = (of("bare")?, of(recorder)?);
    let events = best(recorded, |row| row.events).max(1.0);
    // Who loses events does not make each of those that are left dearer.
    let made = of("ring").map_or(events, |ring| best(ring, |row| row.events).max(events));
    let longer = best(recorded, |row| row.wall) - best(bare, |row| row.wall);
    Some(Cost {
        slowdown: longer * 1e9 / made,
        recorder: best(recorded, |row| row.recorder * 1e9 / row.events.max(1.0)),
        bytes: best(recorded, |row| row.bytes / row.events.max(1.0)),
        events,
        lost: made - events,
    })
}

fn verdicts(rows: &Rows) -> Vec<(String, bool)> {
    let mut verdicts = Vec::new();
    let mut workloads: Vec<&String> = rows.keys().map(|(workload, _)| workload).collect();
    workloads.dedup();
    for workload in workloads {
        let of = |recorder| cost(rows, workload, recorder);
        // Where tracing makes nothing longer, noise is all that there is.
        let shown = |cost: &Cost| cost.slowdown > 0.0;
        if let (Some(ours), Some(ring)) = (of("thalweg"), of("ring").filter(shown)) {
            let ratio = ours.slowdown / ring.slowdown;
            verdicts.push(ratio_of(
                workload,
                "slow-down beside the bare ring's",
                ratio,
                RING_FLOOR,
            ));
        }
        if let (Some(ours), Some(perf)) = (of("thalweg"), of("perf record")) {
            if shown(&perf) {
                let what = "slow-down beside perf record's";
                let ratio = ours.slowdown / perf.slowdown;
                verdicts.push(ratio_of(workload, what, ratio, SLOWDOWN_FLOOR));
            }
            let what = "recorder beside perf record's";
            let ratio = ours.recorder / perf.recorder;
            verdicts.push(ratio_of(workload, what, ratio, RECORDER_FLOOR));
            let ratio = ours.bytes / perf.bytes;
            verdicts.push(ratio_of(
                workload,
                "bytes beside perf.data's",
                ratio,
                BYTES_FLOOR,
            ));
        }
    }
    verdicts
}

fn ratio_of(workload: &str, what: &str, ratio: f64, floor: f64) -> (String, bool) {
    let words = format!("{workload:<9} {what}: {ratio:.2}, floor {floor:.2}");
    (words, ratio <= floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "w,bare,1,1,1,0,0\n";

    /// Which of the floors are kept by ours beside perf record.
    #[track_caller]
    fn check(ours: &str, want: [bool; 4]) {
        let peers = "w,ring,1.1,1,1,1000000,0\nw,perf record,1.3,1,1.3,1000000,90000000\n";
        let rows = read(&format!("{BARE}{peers}w,thalweg,{ours}\n")).unwrap();
        let found: Vec<bool> = verdicts(&rows).into_iter().map(|v| v.1).collect();
        assert_eq!(found, want, "{ours}");
    }

    #[test]
    fn what_is_below_a_floor_is_found() {
        check("1.105,1,1.09,1000000,20000000", [true; 4]);
        check("1.12,1,1.09,1000000,20000000", [false, true, true, true]);
        check("1.2,1,1.09,1000000,20000000", [false, false, true, true]);
        check("1.105,1,1.15,1000000,20000000", [true, true, false, true]);
        check("1.105,1,1.09,1000000,40000000", [true, true, true, false]);
    }
}
