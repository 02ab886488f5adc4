//! From settings to an instance that is ready to record.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use thalweg_kbuf::PageLayout;
use thalweg_sys::Landing;

use crate::cpu::{CpuStream, Resume};
use crate::instance::Instance;
use crate::source::Source;
use crate::{
    Error, KernelConfig, KernelEvent, LatencyTracer, Plan, PlannedEvent, StartReport, TraceClock,
    Tracefs, catalogue, hist, tracers,
};

/// So much of a CPU's ring is read before it is written: a disk is fast in large pieces.
const LANDING_BYTES: usize = 512 << 10;

/// What a start needs to know.
pub(crate) struct Setup<'a> {
    pub(crate) tracefs: &'a Tracefs,
    pub(crate) config: &'a KernelConfig,
    pub(crate) clock: TraceClock,
    pub(crate) plan: Plan,
}

/// What a start has made.
pub(crate) struct Parts {
    pub(crate) streams: Vec<CpuStream>,
    pub(crate) landings: OwnedFd,
    pub(crate) events: Vec<KernelEvent>,
    pub(crate) armed: hist::Armed,
    pub(crate) report: StartReport,
}

impl Setup<'_> {
    /// Sets the instance up and enables its events.
    pub(crate) fn run(self, instance: &Instance) -> Result<Parts, Error> {
        self.set_up(instance)?;
        // No tracer can be set while somebody has the ring open.
        let unmarked = tracers::arm(self.tracefs, self.config, instance)?;
        let armed = hist::arm(self.tracefs, self.config, instance, self.clock)?;
        let layout = page_layout(self.tracefs, instance)?;
        let landings = landings(instance, &layout, None)?;
        // Such a tracer empties its ring when it likes, and tells what it has kept by itself.
        let streams = match self
            .config
            .latency
            .is_some_and(LatencyTracer::keeps_longest)
        {
            true => Vec::new(),
            false => open_streams(instance, &layout, self.clock, &landings, &[])?,
        };
        self.enable(instance)?;
        self.track(instance)?;
        let Plan {
            events,
            missing,
            mut left_out,
            tested_later,
        } = self.plan;
        left_out.extend(unmarked);
        let report = StartReport {
            enabled: events.len(),
            missing,
            left_out,
            tested_later,
            clock: self.clock,
            buffer_bytes_per_cpu: instance.read_number("buffer_size_kb").unwrap_or(0) << 10,
            page_bytes: layout.page_bytes,
        };
        let events = events.into_iter().map(|planned| planned.event);
        Ok(Parts {
            streams,
            landings,
            events: events.collect(),
            armed,
            report,
        })
    }

    fn set_up(&self, instance: &Instance) -> Result<(), Error> {
        instance.write("tracing_on", "0")?;
        instance.write("trace_clock", self.clock.name())?;
        let overwrite = if self.config.overwrite { "1" } else { "0" };
        instance.write("options/overwrite", overwrite)?;
        // Names of threads are in the events; the kernel's own list of them is not used. Kernels
        // that keep the option for all instances together refuse, which costs nothing but time.
        let _ = instance.try_write("options/record-cmd", "0");
        instance.set_wake_percent(self.config.wake_percent)?;
        let page_kib = page_kib(self.config.page_bytes, self.config.buffer_bytes_per_cpu);
        // Kernels before 6.8 have pages of one size; large ones may also not be had.
        if page_kib > 4 && instance.has("buffer_subbuf_size_kb") {
            let _ = instance.try_write("buffer_subbuf_size_kb", &page_kib.to_string());
        }
        let kib = self.config.buffer_bytes_per_cpu.div_ceil(1024).max(1);
        let sized = instance.try_write("buffer_size_kb", &kib.to_string());
        sized.map_err(|error| match Errno::from_io_error(&error) {
            // The largest numbers are none to the kernel.
            Some(Errno::NOMEM | Errno::INVAL) => Error::Rings { kib },
            _ => Error::io("write to", &instance.path("buffer_size_kb"), error),
        })
    }

    fn enable(&self, instance: &Instance) -> Result<(), Error> {
        let known = self.tracefs.events()?;
        let mut systems: BTreeMap<&str, Vec<&KernelEvent>> = BTreeMap::new();
        for PlannedEvent { event, .. } in self
            .plan
            .events
            .iter()
            .filter(|one| !one.event.is_of_tracer())
        {
            systems.entry(&event.system).or_default().push(event);
        }
        self.filter(instance)?;
        for (system, events) in systems {
            let all = known.iter().filter(|known| known.system == system).count();
            // Of probes the order counts.
            let is_own = |event: &&KernelEvent| catalogue::is_own(system, &event.kernel_name);
            if all == events.len() && !events.iter().any(is_own) {
                instance.write("set_event", &format!("{system}:*\n"))?;
                continue;
            }
            for event in events {
                instance.write("set_event", &format!("{system}:{}\n", event.kernel_name))?;
            }
        }
        Ok(())
    }

    /// The kernel records an event if the running thread is on the list; one of the scheduler also if
    /// the other thread is. The list of those that are left out is the same the other way round.
    fn track(&self, instance: &Instance) -> Result<(), Error> {
        let lists = [
            (&self.config.track, "set_event_pid"),
            (&self.config.untrack, "set_event_notrace_pid"),
        ];
        for (track, file) in lists {
            let Some(track) = track.as_ref().filter(|track| track.has_list()) else {
                continue;
            };
            instance.write("options/event-fork", "1")?;
            track.put(|threads| {
                let numbers = threads.iter().map(|thread| format!("{thread} "));
                instance.write(file, &numbers.collect::<String>())
            })?;
        }
        Ok(())
    }

    fn filter(&self, instance: &Instance) -> Result<(), Error> {
        for PlannedEvent { event, filter, .. } in &self.plan.events {
            if let Some(filter) = filter {
                set_filter(instance, event, filter)?;
            }
        }
        Ok(())
    }
}

/// Lets only records of an event pass that fulfil a condition.
pub(crate) fn set_filter(
    instance: &Instance,
    event: &KernelEvent,
    filter: &str,
) -> Result<(), Error> {
    let file = format!("events/{}/{}/filter", event.system, event.kernel_name);
    let Err(error) = instance.try_write(&file, filter) else {
        return Ok(());
    };
    let words = instance.read(&file).unwrap_or_default();
    let why = words
        .lines()
        .find_map(|line| line.strip_prefix("parse_error: "));
    Err(Error::Filter {
        event: format!("{}:{}", event.system, event.kernel_name),
        filter: filter.to_owned(),
        why: why.map_or_else(|| error.to_string(), str::to_owned),
    })
}

/// The largest power of two that is at most what is wanted and a fourth of the ring, in KiB.
fn page_kib(wanted_bytes: usize, ring_bytes: usize) -> usize {
    let most = wanted_bytes.min(ring_bytes / 4).max(4096) >> 10;
    1 << most.ilog2()
}

/// How this instance's pages are laid out: its own size, the kernel's header.
pub(crate) fn page_layout(tracefs: &Tracefs, instance: &Instance) -> Result<PageLayout, Error> {
    let mut layout = tracefs.page_layout()?;
    if let Some(kib) = instance.read_number("buffer_subbuf_size_kb") {
        layout.page_bytes = kib << 10;
    }
    Ok(layout)
}

/// Memory for the page that is read last of each CPU: a dead recorder's, if it fits.
pub(crate) fn landings(
    instance: &Instance,
    layout: &PageLayout,
    left: Option<OwnedFd>,
) -> Result<OwnedFd, Error> {
    let cpus = instance.cpus()?.len();
    let pages = landing_pages(layout);
    let last = cpus.saturating_sub(1);
    let fits = |file: &OwnedFd| Landing::map(file, last, (pages, layout.page_bytes)).is_ok();
    if let Some(file) = left.filter(fits) {
        return Ok(file);
    }
    let made = Landing::file(cpus * pages, layout.page_bytes);
    made.map_err(|error| Error::io("make memory for pages of", &instance.path("per_cpu"), error))
}

/// So many pages of a CPU are read before they are written together.
fn landing_pages(layout: &PageLayout) -> usize {
    (LANDING_BYTES / layout.page_bytes).max(1)
}

/// How many pages there are at least when a ring is said to be full enough.
fn burst(instance: &Instance, layout: &PageLayout) -> usize {
    let percent = instance.wake_percent().unwrap_or(0);
    let ring_bytes = instance.read_number("buffer_size_kb").unwrap_or(0) << 10;
    ring_bytes / layout.page_bytes * percent / 100
}

/// Opens every CPU's ring.
pub(crate) fn open_streams(
    instance: &Instance,
    layout: &PageLayout,
    clock: TraceClock,
    landings: &OwnedFd,
    resume: &[Resume],
) -> Result<Vec<CpuStream>, Error> {
    let pages = (landing_pages(layout), layout.page_bytes);
    let burst = burst(instance, layout);
    let open = |(index, cpu): (usize, u32)| {
        let pipe = instance.path(&format!("per_cpu/cpu{cpu}/trace_pipe_raw"));
        let landing = Landing::map(landings, index, pages);
        let landing =
            landing.map_err(|error| Error::io("map memory for pages of", &pipe, error))?;
        let source = Source::open(&pipe, layout, landing, burst)?;
        let stats = instance.path(&format!("per_cpu/cpu{cpu}/stats"));
        let resume = resume.iter().find(|resume| resume.cpu == cpu);
        CpuStream::new(cpu, source, stats, clock, resume)
    };
    instance.cpus()?.into_iter().enumerate().map(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_a_power_of_two_and_at_most_a_fourth_of_the_ring() {
        assert_eq!(page_kib(64 << 10, 8 << 20), 64);
        assert_eq!(page_kib(64 << 10, 100 << 10), 16);
        assert_eq!(page_kib(50 << 10, 8 << 20), 32);
        assert_eq!(page_kib(0, 0), 4);
    }
}
