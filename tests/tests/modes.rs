//! The accounts of every mode, size, number of threads and end: to the event, and babeltrace2 reads
//! what is there.

use thalweg_tests::{Report, World};

const EVENTS: u64 = 30_000;

/// What each cell of the table has in common.
struct Cell {
    mode: &'static str,
    bytes: u64,
    threads: u64,
    end: &'static str,
}

/// Records one cell; produced must be recorded, discarded and overwritten.
#[track_caller]
fn check(cell: &Cell) -> Report {
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(cell.bytes);
    let recorder = recorder.mode(cell.mode).start();
    let mut program = world.command("modes");
    program.env("THALWEG_ALLOW_BLOCKING", "1");
    let args = [cell.threads, EVENTS].map(|number| number.to_string());
    let status = program.args(args).arg(cell.end).status();
    let status = status.expect("cargo builds it");
    assert_eq!(status.success(), cell.end != "kill", "{status}");
    let report = recorder.finish();
    let produced = world.ledger().total();
    // A killed thread may have written an event of which it has not told the ledger.
    let in_flight = if cell.end == "kill" { cell.threads } else { 0 };
    let counted = report.recorded() + report.lost();
    assert!(
        (produced..=produced + in_flight).contains(&counted),
        "{counted} of {produced}: {report:?}"
    );
    let trace = report.trace();
    if in_flight == 0 {
        let missing: u64 = trace.missing(world.ledger()).values().sum();
        assert_eq!(missing, report.lost(), "{report:?}");
    }
    report
}

/// All cells of a mode; `expect` says what else holds, given how many chunks' worth was produced.
#[track_caller]
fn check_mode(mode: &'static str, expect: impl Fn(&Cell, &Report)) {
    for bytes in [64 << 10, 1 << 20, 16 << 20] {
        for threads in [1, 4] {
            for end in ["exit", "kill", "fork"] {
                let cell = Cell {
                    mode,
                    bytes,
                    threads,
                    end,
                };
                let report = check(&cell);
                println!(
                    "{mode:9} {:5}K {threads} threads {end}: {} recorded, {:?}",
                    bytes >> 10,
                    report.recorded(),
                    report.lost
                );
                expect(&cell, &report);
            }
        }
    }
}

#[test]
fn discarding() {
    check_mode("discard", |_, report| {
        assert_eq!(report.lost_to("Overwritten"), 0);
    });
}

#[test]
fn overwriting() {
    check_mode("overwrite", |cell, report| {
        assert_eq!(report.lost_to("RingFull"), 0, "a chunk was to be had");
        // An event of the ledger's is 32 bytes here.
        if cell.threads * EVENTS * 32 > 2 * cell.bytes {
            assert!(report.lost_to("Overwritten") > 0, "{report:?}");
        }
    });
}

#[test]
fn waiting() {
    check_mode("block", |_, report| {
        // In a forked child other threads' events are counted while the first one sets it up.
        let too_early = report.lost_to("NoThreadSlot");
        assert_eq!(report.lost(), too_early, "{report:?}");
    });
}
