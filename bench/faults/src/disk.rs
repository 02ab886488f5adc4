//! R4: the disk fills up.

use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use thalweg_testkit::SmallDisk;

use crate::seen::{Seen, missing};
use crate::world::World;

/// The disk's size.
pub const DISK_BYTES: u64 = 20 << 20;
const EVENTS: u64 = 1_000_000;

/// How it went.
#[derive(Clone, Copy, Debug)]
pub struct Full {
    /// Events that were produced.
    pub produced: u64,
    /// Events on the disk.
    pub recorded: u64,
    /// Events that the trace on the disk counts as lost.
    pub discarded: u64,
    /// The recorder's exit status.
    pub status: Option<i32>,
}

/// Records an event every `pace_us` onto a small disk; `Err` says what was not as promised.
pub fn fill(busy: &Path, disk: &SmallDisk, pace_us: u64) -> Result<Full, String> {
    let world = World::new(busy);
    let trace = disk.path().join("trace");
    let mut command = world.thalweg_in("record", disk.path());
    command.args([
        "--no-progress",
        "--no-kernel",
        "--output",
        "/mnt/trace",
        "--",
    ]);
    command.args(world.busy_line(0, 1, EVENTS, pace_us));
    let status = command.status().map_err(|error| error.to_string())?;
    let seen = Seen::read(&trace, world.board.tag())?;
    let produced = world.board.events(0).load(SeqCst);
    let numbers = seen.events.get(&(0, 0)).map_or(&[][..], Vec::as_slice);
    let lost = missing(numbers, produced)?.len() as u64;
    let full = Full {
        produced,
        recorded: seen.count((0, 0)),
        discarded: seen.discarded,
        status: status.code(),
    };
    if lost == 0 {
        return Err(format!("the disk did not fill up: {full:?}"));
    }
    if lost != seen.discarded || status.success() {
        return Err(format!("not exact, or not told: {full:?}"));
    }
    Ok(full)
}
