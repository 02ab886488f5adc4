//! The longest latency that a tracer has met: an event whenever there is a longer one.

use thalweg_kernel::{Error as KernelError, KernelRecording, LatencyTracer};
use thalweg_model::{FieldClass, Member, StructClass};

use crate::kernel_perf::FeedEvent;

/// The longest so far.
pub(super) struct LongestReader {
    tracer: LatencyTracer,
    /// Which of the declared events it is.
    place: usize,
    longest_us: u64,
}

impl LongestReader {
    pub(super) fn new(tracer: LatencyTracer, place: usize) -> Self {
        Self {
            tracer,
            place,
            longest_us: 0,
        }
    }

    /// Its event.
    pub(super) fn class(&self) -> (String, StructClass) {
        let members = vec![
            Member::new("latency_us", FieldClass::uint(64)),
            Member::new("report", FieldClass::string()),
        ];
        let class = StructClass {
            min_align_bits: 1,
            members,
        };
        (format!("latency_{}", self.tracer.name()), class)
    }

    /// The event, if there is a longer one.
    pub(super) fn event(
        &mut self,
        recording: &KernelRecording,
        time: u64,
    ) -> Result<Option<FeedEvent>, KernelError> {
        let found = recording.longest_latency()?;
        let Some((longest_us, report)) = found.filter(|found| found.0 > self.longest_us) else {
            return Ok(None);
        };
        self.longest_us = longest_us;
        let mut bytes = longest_us.to_le_bytes().to_vec();
        bytes.extend(report.bytes());
        bytes.push(0);
        let place = self.place;
        Ok(Some(FeedEvent { time, place, bytes }))
    }
}
