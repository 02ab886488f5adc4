//! Programs in every place where tracers have trouble, in every mode: what was produced is what was
//! recorded and lost, to the event; no call keeps a thread waiting; nothing is preloaded.
//!
//! A row is a program's command line, and what it produces: `N` is the number of events of one piece
//! of work, `LIB` the instrumented library. A child that cannot be traced has its events off: it
//! produces none.

use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use thalweg_tests::{Report, World, is_full, library_path};

use End::{Amid, Dead, Later, Well};

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With status 0.
    Well,
    /// With status 0, and a child goes on until it has raised the flag.
    Later,
    /// Of a signal, between two events.
    Dead,
    /// In the middle of a thread's event that it has not told the ledger of.
    Amid,
}

type Row = (&'static str, &'static str, End);

const PROCESSES: &[Row] = &[
    ("forks fork N", "5 N", Well),
    ("forks clone N", "5 N", Well),
    ("forks thread N", "5 N", Well),
    ("forks fork_exec N", "3 N", Well),
    ("forks vfork_exec N", "3 N", Well),
    ("forks spawn N", "3 N", Well),
    ("forks exec N", "2 N", Well),
    ("forks daemon N", "3 N", Later),
    ("situations daemon N", "2 N", Later),
    ("situations system N", "3 N", Well),
    ("situations shared-memory N", "3 N", Well),
    ("situations same-pid N", "3 N", Well),
    ("situations siblings N", "9 N", Well),
    ("situations fork-amid-threads N", "6 N", Well),
    ("situations exec-of-thread N", "2 N", Amid),
    ("situations orphan N", "2 N", Later),
];

const ENDS: &[Row] = &[
    ("situations constructor N", "2 N", Well),
    ("situations destructor N", "2 N", Well),
    ("situations atexit N", "2 N", Well),
    ("situations exit N", "1 N", Well),
    ("situations _exit N", "1 N", Well),
    ("situations quick_exit N", "2 N", Well),
    ("situations exit-of-thread N", "2 N", Amid),
    ("situations raw-exit N", "1 N", Well),
    ("situations kill N", "1 N", Dead),
    ("situations abort N", "2 N", Dead),
    ("situations fault N", "2 N", Dead),
    ("situations panic N", "3 N", Well),
    ("situations exit-of-child N", "2 N", Well),
];

const THREADS: &[Row] = &[
    ("threads sequence 50 5", "250", Well),
    ("threads at_once 30 N", "60 N", Well),
    ("situations small-stack N", "2 N", Well),
    ("situations key-destructor N", "5 N", Well),
    ("situations drop-of-thread N", "2 N", Well),
    ("situations cancelled N", "3 N", Amid),
    ("situations gone N", "3 N", Well),
    ("situations main-gone N", "2 N", Well),
    ("situations coroutines N", "2 N", Well),
    ("situations migrating N", "1 N", Well),
    ("situations renamed N", "1 N", Well),
    ("situations sixteen N", "16 N", Well),
];

const SIGNALS: &[Row] = &[
    ("signals stay N 200", "1 N", Well),
    ("situations other-stack N", "2 N", Well),
    ("situations nested N", "2 N", Well),
    ("situations queued N", "2 N", Well),
    ("situations between-threads N", "2 N", Well),
    ("situations stopped N", "1 N", Well),
    ("situations waited-for N", "1 N", Well),
];

const RIGHTS: &[Row] = &[
    ("situations other-user N", "3 N", Well),
    ("situations other-root N", "3 N", Well),
    ("situations other-names N", "4 N", Well),
    ("situations other-network N", "4 N", Well),
    ("situations other-users N", "4 N", Well),
    ("situations other-groups N", "4 N", Well),
    ("situations other-processes N", "3 N", Well),
    ("situations not-dumpable N", "4 N", Well),
    ("situations no-new-rights N", "4 N", Well),
    ("situations emptied-environment N", "4 N", Well),
    ("situations strict N", "1 N", Well),
];

const LIMITS: &[Row] = &[
    ("situations no-descriptors N", "3 N", Well),
    ("situations no-files N", "3 N", Well),
    ("situations no-locked-memory N", "4 N", Well),
    ("situations no-core N", "4 N", Well),
    ("situations closed N", "4 N", Well),
    ("situations reused N", "4 N", Well),
    ("situations locked N", "4 N", Well),
    ("situations allocator N", "3 N", Well),
];

const LIBRARIES: &[Row] = &[
    ("libraries close N LIB", "7 N", Well),
    ("libraries two N LIB LIB", "6 N", Well),
    ("libraries again N LIB", "2 N", Well),
    ("libraries at-once N LIB", "3 N", Well),
    ("libraries namespace N LIB", "3 N", Well),
    ("libraries in-fork N LIB", "3 N", Well),
];

/// Modes, and the most ring memory.
const MODES: [(&str, u64); 4] = [
    ("discard", 256 << 10),
    ("overwrite", 256 << 10),
    ("block", 256 << 10),
    ("discard", 16 << 20),
];

/// One row in one mode.
struct Cell {
    row: Row,
    mode: &'static str,
    bytes: u64,
    events: u64,
}

impl Cell {
    fn command(&self, world: &World) -> Command {
        let mut words = self.row.0.split(' ');
        let mut command = world.command(words.next().expect("a program"));
        for word in words {
            match word {
                "N" => command.arg(self.events.to_string()),
                "LIB" => command.arg(library_path()),
                _ => command.arg(word),
            };
        }
        command.env_remove("LD_PRELOAD");
        command.env("THALWEG_ALLOW_BLOCKING", "1");
        command
    }

    fn produced(&self) -> u64 {
        let factor = |word: &str| match word {
            "N" => self.events,
            _ => word.parse().expect("a number"),
        };
        self.row.1.split(' ').map(factor).product()
    }

    /// Runs the program to its end, and its children's.
    #[track_caller]
    fn run(&self, world: &World) {
        let output = self.command(world).output().expect("cargo builds it");
        let is_well = output.status.success();
        assert_eq!(is_well, self.row.2 != Dead, "{}: {output:?}", self.row.0);
        if self.row.2 == Later {
            let flag = world.ledger().flag();
            world.wait_until("what goes on", || flag.load(SeqCst) == 1);
        }
    }

    /// No call sleeps for a millisecond unless it was asked to wait. This machine may take its own
    /// time, so one run of three without is proof enough; the accounts are exact in each.
    fn check_with_stalls(&self) {
        let runs_freely = |_| self.check().ledger().stalls() == 0 || self.mode == "block";
        assert!((0..3).any(runs_freely), "{}: a call slept", self.row.0);
    }

    /// The accounts of one run.
    fn check(&self) -> World {
        let world = World::new();
        let recorder = world.recorder("trace").limit_bytes(self.bytes);
        let recorder = recorder.mode(self.mode).start();
        self.run(&world);
        let report = recorder.finish();
        let produced = world.ledger().total();
        println!(
            "{:9} {:5}K {:32} {produced} produced, {} recorded, {:?}",
            self.mode,
            self.bytes >> 10,
            self.row.0,
            report.recorded(),
            report.lost
        );
        self.check_accounts(&world, &report);
        self.check_losses(&report);
        world
    }

    #[track_caller]
    fn check_accounts(&self, world: &World, report: &Report) {
        let name = self.row.0;
        let produced = world.ledger().total();
        assert!(
            produced >= self.produced(),
            "{name}: only {produced} events"
        );
        let in_flight = u64::from(self.row.2 == Amid);
        let counted = report.recorded() + report.lost();
        assert!(
            (produced..=produced + in_flight).contains(&counted),
            "{name}: {counted} of {produced}: {report:?}"
        );
        let trace = report.trace();
        if in_flight == 0 {
            let missing: u64 = trace.missing(world.ledger()).values().sum();
            assert_eq!(missing, report.lost(), "{name}: {report:?}");
        }
    }

    /// Nothing is lost for a reason that another mode would have.
    #[track_caller]
    fn check_losses(&self, report: &Report) {
        let impossible = match self.mode {
            "overwrite" => "RingFull",
            _ => "Overwritten",
        };
        for cause in [impossible, "AbiViolation", "Storage"] {
            assert_eq!(report.lost_to(cause), 0, "{}: {report:?}", self.row.0);
        }
    }
}

/// All cells of some rows: each row in each mode, or in one of them by turns. All fail before the test
/// does.
#[track_caller]
fn check(rows: &[Row]) {
    let events = if is_full() { 20_000 } else { 1_000 };
    let mut failed = Vec::new();
    for (number, &row) in rows.iter().enumerate() {
        let mut modes: Vec<_> = MODES.to_vec();
        if !is_full() {
            modes = vec![MODES[number % MODES.len()]];
        }
        for (mode, bytes) in modes {
            let cell = Cell {
                row,
                mode,
                bytes,
                events,
            };
            if std::panic::catch_unwind(|| cell.check_with_stalls()).is_err() {
                failed.push((row.0, mode));
            }
        }
    }
    assert_eq!(failed, [], "cells that failed");
}

#[test]
fn processes() {
    check(PROCESSES);
}

#[test]
fn ends() {
    check(ENDS);
}

#[test]
fn threads() {
    check(THREADS);
}

#[test]
fn signals() {
    check(SIGNALS);
}

#[test]
fn rights() {
    check(RIGHTS);
}

#[test]
fn limits() {
    check(LIMITS);
}

#[test]
fn libraries() {
    check(LIBRARIES);
}
