//! When to stop: the command's end, signals, the time.
//!
//! ```text
//!             first signal                  second signal
//!   running ───────────────▶ the command ends ─────────────▶ stop now, leave the command alone
//!      │    passed on, unless the terminal
//!      │    has sent it to the command too
//!      └── without a command: stop
//! ```

use std::time::{Duration, Instant};

use rustix::process::Signal;
use thalweg_sys::{Received, Signals, is_ignored};

use super::child::Traced;
use crate::exit::{Failure, RECORD_FAILED};

/// Why the recording stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The command has ended, with this status.
    Ended(u8),
    /// The user or the time said so, and there is no command.
    Asked,
    /// A second signal came; the command is still running.
    Forced(i32),
}

/// Looks after the command, the signals and the time.
pub(crate) struct Watch {
    signals: Signals,
    end: Option<Instant>,
    signalled: bool,
    /// Snapshots that were asked for and not taken yet.
    snapshots: u32,
}

impl Watch {
    /// Takes the signals that end a recording, and SIGUSR1 if it asks for `snapshots`; from here on
    /// they interrupt nothing.
    pub(crate) fn new(snapshots: bool) -> Result<Self, Failure> {
        let mut ending = vec![Signal::INT, Signal::TERM];
        // `nohup` means that the end of the terminal is not the end of the recording.
        if !is_ignored(Signal::HUP) {
            ending.push(Signal::HUP);
        }
        if snapshots {
            ending.push(Signal::USR1);
        }
        let signals = Signals::block(&ending)
            .map_err(|error| Failure::words(RECORD_FAILED, format!("wait for signals: {error}")))?;
        Ok(Self {
            signals,
            end: None,
            signalled: false,
            snapshots: 0,
        })
    }

    /// The signals that are taken.
    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Begins to measure the time.
    pub(crate) fn limit(&mut self, duration: Option<Duration>) {
        self.end = duration.and_then(|duration| Instant::now().checked_add(duration));
    }

    /// How long until the time is up.
    pub(crate) fn until_end(&self) -> Duration {
        self.end.map_or(Duration::MAX, |end| {
            end.saturating_duration_since(Instant::now())
        })
    }

    /// Whether it is time to stop.
    pub(crate) fn look(&mut self, child: &mut Option<Traced>) -> Option<Stop> {
        if let Some(status) = child.as_mut().and_then(Traced::ended) {
            return Some(Stop::Ended(status));
        }
        let forced = self.take_signals(child);
        if forced.is_some() {
            return forced;
        }
        if self.end.is_some_and(|end| Instant::now() >= end) {
            match child {
                Some(child) => child.time_out(),
                None => return Some(Stop::Asked),
            }
        }
        None
    }

    /// How many snapshots were asked for since this was asked last.
    pub(crate) fn take_snapshots(&mut self) -> u32 {
        std::mem::take(&mut self.snapshots)
    }

    fn take_signals(&mut self, child: &mut Option<Traced>) -> Option<Stop> {
        while let Some(signal) = self.signals.take() {
            if signal.number == Signal::USR1.as_raw() {
                self.snapshots += 1;
                continue;
            }
            let Some(child) = child else {
                return Some(Stop::Asked);
            };
            if self.signalled {
                return Some(Stop::Forced(signal.number));
            }
            self.signalled = true;
            pass_on(signal, child);
        }
        None
    }
}

/// A terminal signals the command as well as us; a process that signals us means the command.
fn pass_on(signal: Received, child: &mut Traced) {
    if signal.from_kernel {
        return;
    }
    if let Some(signal) = Signal::from_named_raw(signal.number) {
        child.send(signal);
    }
}
