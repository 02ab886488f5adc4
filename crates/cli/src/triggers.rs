//! `--hist`, `--synthetic` and `--tracer`: what the kernel makes of events by its own triggers and tracers.

use std::time::Duration;

use clap::Args;
use thalweg_kernel::{HistogramSpec, LatencyTracer, SyntheticSpec};

use crate::number::parse_interval;

/// Histograms and synthetic events.
#[derive(Debug, Args)]
pub(crate) struct TriggerArgs {
    /// Count an event by groups in the kernel: EVENT:keys=KEYS[:vals=FIELDS][:size=N] [if FILTER], in
    /// the words of the kernel's hist triggers.
    #[arg(long, value_name = "HISTOGRAM")]
    pub(crate) hist: Vec<HistogramSpec>,

    /// The time from one reading of --hist to the next (100ms, 5s).
    #[arg(
        long,
        value_name = "TIME",
        value_parser = parse_interval,
        default_value = "1s",
        requires = "hist"
    )]
    pub(crate) hist_interval: Duration,

    /// Record an event that the kernel makes when one event follows another, with the time between:
    /// 'NAME: EVENT.KEY -> EVENT.KEY [FIELD | start.FIELD]...'; the keys are fields that are equal in both.
    #[arg(long, value_name = "EVENT")]
    pub(crate) synthetic: Vec<SyntheticSpec>,

    /// Record what a latency tracer of the kernel measures: osnoise, timerlat, hwlat, each measurement;
    /// wakeup, wakeup_rt, wakeup_dl, irqsoff, preemptoff, preemptirqsoff, whenever there is a longer one.
    #[arg(long, value_name = "NAME")]
    pub(crate) tracer: Option<LatencyTracer>,
}

impl TriggerArgs {
    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.hist.is_empty() && self.synthetic.is_empty() && self.tracer.is_none()
    }
}
