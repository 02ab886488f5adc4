//! All of it, from the request to the summary.

use std::cmp::Ordering;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use thalweg_kernel::{
    CounterSet, DrainError, Error as KernelError, KernelConfig, KernelPacket, PerfConfig, PerfPart,
    PerfRecording, PerfScope, Plan, StackConfig, StackRecording, TraceClock, Tracefs,
};

use super::feed::Feed;
use super::{counts, mappings};
use crate::clock::SessionClock;
use crate::kernel_disk::{KernelDisk, Origin};
use crate::kernel_told;
use crate::sink::SinkError;
use crate::summary::KernelRequest;

/// How long the end waits for the threads.
const LAST: Duration = Duration::from_secs(6);

/// What a request opens; nothing is recorded yet.
pub(crate) struct PerfSources {
    profile: Option<PerfRecording>,
    stacked: Option<StackRecording>,
    counts: Option<(CounterSet, Duration)>,
    processes: Option<Vec<u32>>,
}

impl PerfSources {
    /// Opens what is asked for, if anything is.
    pub(crate) fn open(
        request: &KernelRequest,
        (tracefs, config, clock): (&Tracefs, &mut KernelConfig, TraceClock),
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, KernelError> {
        let track = config.track.clone();
        let scope = track
            .clone()
            .map_or(PerfScope::Everything, PerfScope::Tracked);
        let ring_bytes = u32::try_from(config.buffer_bytes_per_cpu).unwrap_or(u32::MAX);
        let profile = request.profile.as_ref().map(|profile| {
            PerfRecording::start(&PerfConfig {
                events: profile.events.clone(),
                hz: profile.hz,
                scope: scope.clone(),
                ring_bytes_per_cpu: ring_bytes,
                clock,
            })
        });
        let profile = profile.transpose()?;
        let counts = request.counts.as_ref().map(|counts| {
            let set = CounterSet::on_cpus(&counts.events, &scope)?;
            Ok::<_, KernelError>((set, counts.interval))
        });
        let counts = counts.transpose()?;
        let has_more = request.stacks.are_wanted() || !request.counters.is_empty();
        let stacked = match has_more && !config.rules.is_empty() {
            true => Some(stacked(request, (tracefs, config), (scope, clock), notes)?),
            false => None,
        };
        let are_settled = profile.as_ref().is_none_or(PerfRecording::is_settled)
            && stacked.as_ref().is_none_or(StackRecording::is_settled)
            && counts.as_ref().is_none_or(|(set, _)| set.is_settled());
        if !are_settled {
            notes.push(UNSETTLED.to_owned());
        }
        let tells_losses = profile.as_ref().is_none_or(PerfRecording::tells_losses)
            && stacked.as_ref().is_none_or(StackRecording::tells_losses);
        if !tells_losses {
            notes.push(UNTOLD.to_owned());
        }
        let is_wanted = profile.is_some() || stacked.is_some() || counts.is_some();
        Ok(is_wanted.then(|| Self {
            profile,
            stacked,
            counts,
            processes: config.track.as_ref().map(|track| track.processes.clone()),
        }))
    }

    /// The names of its events.
    pub(crate) fn names(&self) -> Vec<String> {
        let sampled = self.profile.iter().flat_map(PerfRecording::events);
        let sampled = sampled.map(|event| event.name.clone());
        let counts = self.counts.iter().flat_map(|(set, _)| count_names(set));
        let stacked = self.stacked.iter().flat_map(StackRecording::events);
        let stacked = stacked.map(|event| event.name.clone());
        sampled.chain(stacked).chain(counts).collect()
    }
}

/// Takes what tracefs would record, to record it with stacks.
fn stacked(
    request: &KernelRequest,
    (tracefs, config): (&Tracefs, &mut KernelConfig),
    (scope, clock): (PerfScope, TraceClock),
    notes: &mut Vec<String>,
) -> Result<StackRecording, KernelError> {
    let probes = std::mem::take(&mut config.probes);
    let plan = Plan::make(tracefs, config)?;
    notes.extend(plan.tested_later.iter().cloned());
    if !probes.is_empty() {
        notes.push("probes are recorded without call stacks".to_owned());
    }
    let (recording, left_out) = StackRecording::start(StackConfig {
        plan,
        contexts: request.contexts,
        stacks: request.stacks,
        counters: request.counters.clone(),
        scope,
        ring_bytes_per_cpu: u32::try_from(config.buffer_bytes_per_cpu).unwrap_or(u32::MAX),
        clock,
    })?;
    notes.extend(left_out.iter().map(ToString::to_string));
    config.probes = probes;
    config.rules.clear();
    config.filters.clear();
    Ok(recording)
}

/// Threads began all the time while events were opened.
const UNSETTLED: &str = "tracked processes began threads all the while: those that were made during the \
    start may be sampled and counted twice, or not at all";
/// Before Linux 6.0.
const UNTOLD: &str = "this kernel tells of lost samples with the next sample only: those that are lost \
    last are not counted";

fn count_names(set: &CounterSet) -> impl Iterator<Item = String> {
    let counts = set.counts().iter();
    counts.map(|count| format!("perf_count_{}", count.name.identifier()))
}

/// Samples and counters, while they are recorded.
pub(crate) struct PerfEvents {
    clock: SessionClock,
    profile: Option<PerfRecording>,
    stacked: Option<StackRecording>,
    /// To be given to its thread.
    counts: Option<(CounterSet, Duration)>,
    has_counts: bool,
    processes: Option<Vec<u32>>,
    event_count: usize,
    mapping_ids: Vec<u32>,
    count_ids: Vec<u32>,
    feeds: Vec<(Origin, Feed)>,
}

impl PerfEvents {
    pub(crate) fn new(sources: PerfSources, clock: SessionClock) -> Self {
        let event_count = sources.names().len();
        Self {
            clock,
            has_counts: sources.counts.is_some(),
            profile: sources.profile,
            stacked: sources.stacked,
            counts: sources.counts,
            processes: sources.processes,
            event_count,
            mapping_ids: Vec::new(),
            count_ids: Vec::new(),
            feeds: Vec::new(),
        }
    }

    /// Declares its events.
    pub(crate) fn declare(&mut self, disk: &mut KernelDisk, begin: u64) -> Result<(), SinkError> {
        if let Some(profile) = &mut self.profile {
            let side = disk.declare_profile(profile, begin)?;
            self.mapping_ids = vec![side];
        }
        if let Some(stacked) = &mut self.stacked {
            disk.declare_stacked(stacked, begin)?;
        }
        if let Some((set, _)) = &self.counts {
            let names: Vec<String> = count_names(set).collect();
            self.count_ids = disk.declare_counts(&names, &counts::class(), online(), begin)?;
        }
        Ok(())
    }

    /// What tells that a ring fills up.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let stacked = self.stacked.iter().flat_map(StackRecording::descriptors);
        let profile = self.profile.iter().flat_map(PerfRecording::descriptors);
        profile.chain(stacked)
    }

    /// How many events are on.
    pub(crate) fn event_count(&self) -> usize {
        self.event_count
    }

    pub(crate) fn leave_out(&mut self, process: u32) {
        if let Some(profile) = &mut self.profile {
            profile.leave_out(process);
        }
        if let Some(stacked) = &mut self.stacked {
            stacked.leave_out(process);
        }
    }

    /// Records from now on.
    pub(crate) fn resume(&mut self) -> Result<(), KernelError> {
        if let Some(profile) = &mut self.profile {
            profile.resume()?;
            let (processes, clock) = (self.processes.take(), self.clock.clone());
            let feed = Feed::begin("thalweg-maps", move |outlet| {
                mappings::tell(processes.as_deref(), &clock, outlet);
            });
            self.feeds.extend(feed.map(|feed| (Origin::Mappings, feed)));
        }
        if let Some(stacked) = &mut self.stacked {
            stacked.resume()?;
        }
        if let Some((set, interval)) = self.counts.take() {
            set.enable()?;
            let clock = self.clock.clone();
            let feed = Feed::begin("thalweg-counts", move |outlet| {
                counts::read_on(&set, &online(), (interval, &clock), outlet);
            });
            self.feeds.extend(feed.map(|feed| (Origin::Counts, feed)));
        }
        Ok(())
    }

    /// Records no more.
    pub(crate) fn stop(&mut self) -> Result<(), KernelError> {
        self.feeds.iter_mut().for_each(|(_, feed)| feed.stop());
        if let Some(stacked) = &mut self.stacked {
            stacked.stop()?;
        }
        self.profile.as_mut().map_or(Ok(()), PerfRecording::stop)
    }

    /// Writes what is there; at the end all, with the losses.
    pub(crate) fn drain(
        &mut self,
        is_last: bool,
        disk: &mut KernelDisk,
    ) -> Result<(), DrainError<SinkError>> {
        let end = Instant::now() + LAST;
        for (origin, feed) in &self.feeds {
            let ids = match origin {
                Origin::Counts => &self.count_ids,
                _ => &self.mapping_ids,
            };
            let next = || match is_last {
                true => feed.next(end),
                false => feed.ready(),
            };
            while let Some((cpu, events)) = next() {
                disk.take_feed((*origin, cpu), ids, &events);
            }
        }
        if let Some(stacked) = &mut self.stacked {
            let mut take = |packet: &KernelPacket<'_>| -> Result<(), SinkError> {
                disk.take(Origin::Stacked, packet);
                Ok(())
            };
            match is_last {
                true => stacked.drain_all(&mut take)?,
                false => stacked.drain(&mut take)?,
            }
        }
        let Some(profile) = &mut self.profile else {
            return Ok(());
        };
        let mut take = |part: PerfPart, packet: &KernelPacket<'_>| -> Result<(), SinkError> {
            let origin = match part {
                PerfPart::Samples => Origin::Samples,
                PerfPart::SideBand => Origin::SideBand,
            };
            disk.take(origin, packet);
            Ok(())
        };
        match is_last {
            true => profile.drain_all(&mut take),
            false => profile.drain(&mut take),
        }
    }

    /// Whether it has something of an origin.
    pub(crate) fn has(&self, origin: Origin) -> bool {
        match origin {
            Origin::Samples | Origin::SideBand | Origin::Mappings => self.profile.is_some(),
            Origin::Counts => self.has_counts,
            Origin::Stacked => self.stacked.is_some(),
            _ => false,
        }
    }

    /// What a user should know at the end.
    pub(crate) fn notes(&self, disk: &KernelDisk) -> Vec<String> {
        let mut notes = self.stacked_notes(disk);
        let Some(profile) = &self.profile else {
            return notes;
        };
        let throttled = profile.throttled();
        let throttled = (throttled > 0).then(|| {
            format!(
                "the kernel made samples rarer {throttled} times, to have time for something else \
                 (perf_throttle says when); try a lower rate"
            )
        });
        let counted: u64 = [Origin::Samples, Origin::SideBand]
            .map(|origin| disk.ledger(origin).lost())
            .iter()
            .sum();
        let told = profile.lost_in_rings();
        let differ = (told > counted).then(|| {
            format!(
                "the rings tell of {told} lost records, and the trace of {counted}: this is a fault of \
                 thalweg's, please report it with what `thalweg doctor` says"
            )
        });
        notes.extend(throttled.into_iter().chain(differ));
        notes
    }

    fn stacked_notes(&self, disk: &KernelDisk) -> Vec<String> {
        let Some(stacked) = &self.stacked else {
            return Vec::new();
        };
        let ledger = disk.ledger(Origin::Stacked);
        let told = ledger.recorded() + ledger.lost();
        let is_known = stacked.tells_losses() && stacked.counts_by_one();
        let produced = stacked.produced().ok().filter(|_| is_known);
        let differ = produced.and_then(|produced| stacked_difference(produced, told));
        let lost = stacked.lost_tasks();
        let unknown = (lost > 0).then(|| {
            format!("contexts lack {lost} beginnings, names and ends of threads: too many at once")
        });
        let untold = kernel_told::untold(stacked.untold());
        differ.into_iter().chain(unknown).chain(untold).collect()
    }

    /// How far samples may lie from their place among other events.
    pub(crate) fn error_ticks(&self) -> u64 {
        let profile = self.profile.as_ref().map_or(0, PerfRecording::error_ticks);
        let stacked = self.stacked.as_ref().map_or(0, StackRecording::error_ticks);
        profile.max(stacked)
    }
}

/// What is told if the kernel's counters of tracepoints do not agree with the trace. Linux 6.18 now and then
/// counts one of those that are also told to a thread (`sched_waking`), but writes no record of it, and does
/// not count it as lost.
fn stacked_difference(produced: u64, told: u64) -> Option<String> {
    match produced.cmp(&told) {
        Ordering::Equal => None,
        Ordering::Greater => Some(format!(
            "perf events of the kernel counted {} events more than they wrote down: the trace lacks them",
            produced - told
        )),
        Ordering::Less => Some(format!(
            "the kernel counted {produced} events, and the trace tells of {told}: this is a fault of \
             thalweg's, please report it with what `thalweg doctor` says"
        )),
    }
}

/// The CPUs that are on.
fn online() -> Vec<u32> {
    thalweg_kernel::online_cpus().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_kernel_cannot_have_done_is_a_fault_of_ours() {
        assert_eq!(stacked_difference(7, 7), None);
        let more = stacked_difference(9, 7).unwrap();
        assert!(more.contains("counted 2 events more"), "{more}");
        assert!(
            stacked_difference(6, 7)
                .unwrap()
                .contains("a fault of thalweg's")
        );
    }
}
