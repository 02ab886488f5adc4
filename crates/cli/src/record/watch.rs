//! When to stop: the command's end, signals, the time.
//!
//! ```text
//!             first signal                  second signal
//!   running ───────────────▶ the command ends ─────────────▶ stop now, leave the command alone
//!      │    passed on, unless the terminal
//!      │    has sent it to the command too
//!      └── without a command: stop
//!
//!   SIGUSR1: a snapshot    SIGUSR2: the state of programs once more
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
    /// What was asked for and not done yet.
    wishes: Wishes,
}

/// What signals have asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// So many snapshots: SIGUSR1, each time.
    pub(crate) snapshots: u32,
    /// The state of programs, told again: SIGUSR2, however often.
    pub(crate) states: bool,
}

impl Watch {
    /// Takes the signals that end a recording or ask for something; from here on they interrupt
    /// nothing.
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut taken = vec![Signal::INT, Signal::TERM, Signal::USR1, Signal::USR2];
        // Who writes beyond `ulimit -f` would die of it, and the keeper too: it is a full disk like others.
        taken.push(Signal::XFSZ);
        // `nohup` means that the end of the terminal is not the end of the recording.
        if !is_ignored(Signal::HUP) {
            taken.push(Signal::HUP);
        }
        let signals = Signals::block(&taken)
            .map_err(|error| Failure::words(RECORD_FAILED, format!("wait for signals: {error}")))?;
        Ok(Self {
            signals,
            end: None,
            signalled: false,
            wishes: Wishes::default(),
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

    /// What was asked for since this was asked last.
    pub(crate) fn take_wishes(&mut self) -> Wishes {
        std::mem::take(&mut self.wishes)
    }

    fn take_signals(&mut self, child: &mut Option<Traced>) -> Option<Stop> {
        while let Some(signal) = self.signals.take() {
            if self.wishes.note(signal.number) {
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

impl Wishes {
    /// Takes note of a signal, if it does not end the recording.
    fn note(&mut self, signal: i32) -> bool {
        match Signal::from_named_raw(signal) {
            Some(Signal::USR1) => self.snapshots += 1,
            Some(Signal::USR2) => self.states = true,
            // The write that was refused is counted.
            Some(Signal::XFSZ) => {}
            _ => return false,
        }
        true
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
