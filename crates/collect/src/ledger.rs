//! What a source recorded and lost: every event is in one of the two.

use std::collections::BTreeMap;
use thalweg_model::LossCause;

/// Counts of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    recorded: u64,
    lost: BTreeMap<LossCause, u64>,
}

impl Ledger {
    /// Counts events that are on disk.
    pub fn record(&mut self, events: u64) {
        self.recorded += events;
    }

    /// Counts events that are not.
    pub fn lose(&mut self, cause: LossCause, events: u64) {
        if events > 0 {
            *self.lost.entry(cause).or_default() += events;
        }
    }

    /// Events on disk.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Events lost, whatever the cause.
    pub fn lost(&self) -> u64 {
        self.lost.values().sum()
    }

    /// Events lost, by cause.
    pub fn losses(&self) -> Vec<(LossCause, u64)> {
        self.lost
            .iter()
            .map(|(cause, count)| (*cause, *count))
            .collect()
    }
}
