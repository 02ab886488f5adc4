//! What a start has made of its settings.

use std::fmt;

use crate::TraceClock;

/// What was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The pattern, the event or the feature.
    pub what: String,
    /// Why.
    pub why: String,
}

/// One line.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not recorded: {}", self.what, self.why)
    }
}

/// What runs, and what does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartReport {
    /// How many events are enabled.
    pub enabled: usize,
    /// What is not there.
    pub missing: Vec<Missing>,
    /// The events that a filter leaves out, always.
    pub left_out: Vec<Missing>,
    /// The filters that are tested when events are read, and why.
    pub tested_later: Vec<String>,
    /// The clock.
    pub clock: TraceClock,
    /// The ring's size for each CPU, as the kernel rounded it.
    pub buffer_bytes_per_cpu: usize,
    /// The size of its pages.
    pub page_bytes: usize,
}
