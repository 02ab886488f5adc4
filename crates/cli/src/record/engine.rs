//! The recording itself, as this command uses it.

use std::fs;
use std::os::fd::AsFd;
use std::time::Duration;

use thalweg_collect::{Progress, Recording, RecordingConfig, Snapshot, Started, Summary};

use super::plan::Plan;
use crate::exit::{Failure, RECORD_FAILED};

/// The longest wait for events: whatever else can happen ends it early.
pub(crate) const WAIT: Duration = Duration::from_millis(500);

/// How often signals and the command are looked after when nothing wakes us any more.
const FAILED_WAIT: Duration = Duration::from_millis(20);

/// A recording that has started.
pub(crate) struct Engine {
    recording: Recording,
    failed: bool,
}

fn failure(error: thalweg_collect::Error) -> Failure {
    Failure::new(RECORD_FAILED, error)
}

impl Engine {
    /// Starts to record.
    pub(crate) fn start(plan: &Plan) -> Result<(Self, Started), Failure> {
        let config = RecordingConfig {
            output: plan.output.clone(),
            programs: plan.programs.clone(),
            kernel: plan.kernel.clone(),
            keeper: Some("/proc/self/exe".into()),
        };
        let (recording, started) = Recording::start(config).map_err(failure)?;
        Ok((
            Self {
                recording,
                failed: false,
            },
            started,
        ))
    }

    /// Lets `source` end a wait when it has something.
    pub(crate) fn wake_on(&self, source: impl AsFd) {
        self.recording.wake_on(source);
    }

    /// Drains what there is, after a wait of at most `wait` for something to happen. When the
    /// recording fails, that is said once, and the command goes on without it.
    pub(crate) fn step(&mut self, wait: Duration) -> Option<Progress> {
        if self.failed {
            std::thread::sleep(wait.min(FAILED_WAIT));
            return None;
        }
        match self.recording.run_once(wait) {
            Ok(now) => Some(now),
            Err(error) => {
                failure(error).tell();
                self.failed = true;
                None
            }
        }
    }

    /// Writes what a flight recorder's rings hold; that it fails does not end the recording.
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Failure> {
        self.recording.snapshot().map_err(failure)
    }

    /// Has the programs' state told again; of how many programs.
    pub(crate) fn tell_states_again(&mut self) -> usize {
        self.recording.tell_states_again()
    }

    /// Stops, drains the rest, closes the trace.
    pub(crate) fn finish(self) -> Result<Summary, Failure> {
        self.recording.finish().map_err(failure)
    }

    /// Stops, and removes the trace: it holds nothing of what was to be recorded.
    pub(crate) fn discard(self) {
        if let Ok(summary) = self.recording.finish() {
            let _ = fs::remove_dir_all(summary.path);
        }
    }
}
