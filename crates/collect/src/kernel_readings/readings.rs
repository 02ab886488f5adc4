//! All of them, from the declaration to the end.

use std::time::{Duration, Instant};

use thalweg_kernel::{Error as KernelError, KernelRecording};

use super::histogram::HistogramReader;
use super::longest::LongestReader;
use crate::clock::SessionClock;
use crate::kernel_disk::{KernelDisk, Origin};
use crate::sink::SinkError;
use crate::summary::KernelRequest;

/// What is of no processor is of this one.
const CPU: u32 = 0;

/// How often it is looked for a longer latency.
const OFTEN: Duration = Duration::from_millis(20);

/// Events of one packet.
const PACKET: usize = 1024;

/// What is read of an instance, and when.
pub(crate) struct KernelReadings {
    clock: SessionClock,
    interval: Duration,
    last: Instant,
    ids: Vec<u32>,
    histograms: Vec<HistogramReader>,
    longest: Option<LongestReader>,
}

impl KernelReadings {
    /// Those of a recording, if it has something to read.
    pub(crate) fn of(
        recording: &KernelRecording,
        request: &KernelRequest,
        clock: &SessionClock,
    ) -> Option<Self> {
        let found = recording.histograms().iter().cloned().enumerate();
        let reader = |(number, histogram)| HistogramReader::new(histogram, 2 * number);
        let histograms: Vec<HistogramReader> = found.map(reader).collect();
        let longest = request.latency.filter(|tracer| tracer.keeps_longest());
        let place = 2 * histograms.len();
        let longest = longest.map(|tracer| LongestReader::new(tracer, place));
        let interval = match longest {
            Some(_) => OFTEN,
            None => request.readings_interval,
        };
        (!histograms.is_empty() || longest.is_some()).then(|| Self {
            clock: clock.clone(),
            interval,
            longest,
            last: Instant::now(),
            ids: Vec::new(),
            histograms,
        })
    }

    /// Declares its events.
    pub(crate) fn declare(&mut self, disk: &mut KernelDisk, begin: u64) -> Result<(), SinkError> {
        let histograms = self.histograms.iter().flat_map(HistogramReader::classes);
        let longest = self.longest.iter().map(LongestReader::class);
        let classes: Vec<_> = histograms.chain(longest).collect();
        self.ids = disk.declare_readings(&classes, begin)?;
        Ok(())
    }

    /// Reads everything, if it is time; at the end in any case.
    pub(crate) fn drain(
        &mut self,
        recording: &KernelRecording,
        is_last: bool,
        disk: &mut KernelDisk,
    ) -> Result<(), KernelError> {
        if !is_last && self.last.elapsed() < self.interval {
            return Ok(());
        }
        self.last = Instant::now();
        for one in &mut self.histograms {
            let table = recording.read_histogram(&one.histogram)?;
            let events = one.events(&table, self.clock.now());
            for packet in events.chunks(PACKET) {
                disk.take_feed((Origin::Readings, CPU), &self.ids, packet);
            }
        }
        if let Some(longest) = &mut self.longest {
            let event = longest.event(recording, self.clock.now())?;
            disk.take_feed((Origin::Readings, CPU), &self.ids, event.as_slice());
        }
        Ok(())
    }

    /// What a user should know at the end.
    pub(crate) fn notes(&self) -> Vec<String> {
        let of = |one: &HistogramReader| {
            let name = &one.histogram.name;
            let dropped = (one.dropped > 0).then(|| {
                format!(
                    "{name} has not counted {} events, for which it had no group left; give it more \
                     with :size=N",
                    one.dropped
                )
            });
            let unread = (one.unread > 0).then(|| {
                format!(
                    "{name} has {} groups more, whose text could not be read",
                    one.unread
                )
            });
            dropped.into_iter().chain(unread).collect::<Vec<_>>()
        };
        self.histograms.iter().flat_map(of).collect()
    }
}
