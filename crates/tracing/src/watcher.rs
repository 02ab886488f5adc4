//! The thread that tells `tracing` when a collector comes or goes; only if the program wants it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::Builder;
use std::time::Duration;

use crate::table;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(100);

static RUNNING: AtomicBool = AtomicBool::new(false);

/// Whether call sites may be switched off until the watcher switches them on.
pub(crate) fn is_running() -> bool {
    RUNNING.load(Relaxed)
}

/// Starts a thread that looks ten times a second which events are wanted, and tells `tracing`, so that
/// a disabled call site is one load and one branch.
///
/// The price is that thread, and that up to 100 ms pass from a recorder's coming to the first
/// event; without it the first event counts. A forked child has no such thread: there, what was not
/// wanted stays off. A second call changes nothing.
pub fn start_watcher() -> io::Result<()> {
    if RUNNING.swap(true, Relaxed) {
        return Ok(());
    }
    let thread = Builder::new().name("thalweg-tracing".to_owned());
    let started = thread.spawn(watch);
    if started.is_err() {
        RUNNING.store(false, Relaxed);
    }
    started.map(drop)
}

fn watch() {
    loop {
        std::thread::sleep(PERIOD);
        // Each place must be looked at: no short cut.
        let changed = table::each().filter(|place| place.has_changed()).count();
        if changed > 0 {
            tracing_core::callsite::rebuild_interest_cache();
        }
    }
}
