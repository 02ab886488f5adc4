//! A recording: an instance that is set up, drained and removed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::thread::{MembarrierCommand, membarrier};
use thalweg_kbuf::{HeaderKind, Naming, PageLayout, Transcoder};

use crate::catalogue::{self, KnownEvent};
use crate::cpu::{CpuStream, KernelPacket, Resume, Tally};
use crate::instance::{self, FoundInstance, Instance};
use crate::source::{Extent, Source};
use crate::{
    CpuStats, DrainError, Error, EventRule, KernelConfig, KernelEvent, Missing, PageSource,
    StartReport, TraceClock, Tracefs,
};

/// Kernel events while they are recorded.
///
/// Dropping it leaves the instance in the kernel, as a death would: [`Self::remove`] ends it.
#[derive(Debug)]
pub struct KernelRecording {
    // Streams before the instance: their descriptors go first.
    streams: Vec<CpuStream>,
    instance: Instance,
    events: Vec<KernelEvent>,
    transcoder: Transcoder,
    clock: TraceClock,
}

impl KernelRecording {
    /// Makes an instance with these settings and enables its events. It does not record before
    /// [`Self::resume`], so that ids can be given and metadata written first.
    ///
    /// # Errors
    /// A required event is unknown, a filter is refused, there is no usable clock, or tracefs
    /// refuses; no instance stays behind then.
    pub fn start(tracefs: &Tracefs, config: &KernelConfig) -> Result<(Self, StartReport), Error> {
        let clock = match config.clock {
            Some(clock) => clock.check(tracefs)?,
            None => TraceClock::choose(tracefs)?,
        };
        let mut missing = Vec::new();
        let known = tracefs.events()?;
        let chosen = choose(&known, &config.rules, &mut missing)?;
        let instance = Instance::create(tracefs, &config.id)?;
        let setup = Setup {
            tracefs,
            config,
            clock,
            known: &known,
            chosen,
        };
        match setup.run(&instance, missing) {
            Ok((streams, events, report)) => {
                let transcoder = Transcoder::new(&events, HeaderKind::for_events(events.len()));
                Ok((
                    Self {
                        streams,
                        instance,
                        events,
                        transcoder,
                        clock,
                    },
                    report,
                ))
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = instance.remove();
                Err(error)
            }
        }
    }

    /// Takes over the instance of a recorder that died. Its settings stay; events on disk are
    /// left out as `resume` says. `Naming` must be the dead recorder's.
    ///
    /// # Errors
    /// The instance does not exist, a living process holds it, or tracefs refuses.
    pub fn adopt(
        tracefs: &Tracefs,
        name: &str,
        naming: Naming,
        resume: &[Resume],
    ) -> Result<Self, Error> {
        let instance = Instance::open(tracefs, name)?;
        let clock_text = instance.read("trace_clock")?;
        let clock = TraceClock::selected(&clock_text).ok_or_else(|| Error::UnknownClock {
            clock: clock_text.trim().to_owned(),
            clocks: Vec::new(),
        })?;
        let enabled = catalogue::parse(&instance.read("set_event")?);
        let (events, _) = describe(tracefs, enabled.iter(), naming);
        let layout = page_layout(tracefs, &instance)?;
        let (streams, _) = open_streams(&instance, &layout, clock, true, resume)?;
        let transcoder = Transcoder::new(&events, HeaderKind::for_events(events.len()));
        Ok(Self {
            streams,
            instance,
            events,
            transcoder,
            clock,
        })
    }

    /// Removes the instance of a recorder that died, with what is in it: for one that died before
    /// it had set its instance up, and that cannot be adopted.
    ///
    /// # Errors
    /// The instance does not exist, a living process holds it, or tracefs refuses.
    pub fn discard(tracefs: &Tracefs, name: &str) -> Result<(), Error> {
        Instance::open(tracefs, name)?.remove()
    }

    /// Our instances in this kernel, living and dead.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn list_instances(tracefs: &Tracefs) -> Result<Vec<FoundInstance>, Error> {
        instance::list(tracefs)
    }

    /// The instance's name.
    pub fn name(&self) -> &str {
        self.instance.name()
    }

    /// The clock of every time that packets have.
    pub fn clock(&self) -> TraceClock {
        self.clock
    }

    /// The enabled events; their order is that of the ids in [`Self::set_ids`].
    pub fn events(&self) -> &[KernelEvent] {
        &self.events
    }

    /// Sets the CTF id of each event and the header that events have.
    pub fn set_ids(&mut self, header: HeaderKind, ids: &[u32]) {
        self.transcoder.set_ids(header, ids);
    }

    /// The CPUs that have a stream.
    pub fn cpus(&self) -> impl Iterator<Item = u32> + '_ {
        self.streams.iter().map(CpuStream::cpu)
    }

    /// A descriptor that `poll` shows as readable when the CPU's ring is filled as far as
    /// [`KernelConfig::wake_percent`] says.
    ///
    /// # Errors
    /// The recording has no such CPU.
    pub fn as_fd(&self, cpu: u32) -> Result<BorrowedFd<'_>, Error> {
        let stream = self.streams.iter().find(|stream| stream.cpu() == cpu);
        stream.map(AsFd::as_fd).ok_or(Error::NoCpu { cpu })
    }

    /// Records from now on.
    ///
    /// # Errors
    /// tracefs refuses.
    pub fn resume(&self) -> Result<(), Error> {
        self.instance.write("tracing_on", "1")
    }

    /// Records no more; what is in the rings stays there. When this returns, no event is in the
    /// making.
    ///
    /// # Errors
    /// tracefs refuses.
    pub fn stop(&self) -> Result<(), Error> {
        self.instance.write("tracing_on", "0")?;
        // Tracepoints run inside of an RCU read section; this call waits until all that had begun
        // are over. Without it (seccomp, ancient kernels) an event that has just begun may come
        // late and is then left in the ring, where `stats` shows it.
        let _ = membarrier(MembarrierCommand::Global);
        Ok(())
    }

    /// Hands the pages that the kernel has filled to the sink.
    ///
    /// # Errors
    /// The sink's, with the packet to come again; or the kernel's.
    pub fn drain<E>(
        &mut self,
        cpu: u32,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        self.drain_to(cpu, Extent::Full, sink)
    }

    /// Hands everything that is committed to the sink, the page that the kernel writes to as well:
    /// for live reading and timers.
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn flush<E>(
        &mut self,
        cpu: u32,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        self.drain_to(cpu, Extent::All, sink)
    }

    /// Hands everything of all CPUs to the sink, and packets without events where losses are left
    /// to be told: for the end, after [`Self::stop`].
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn drain_all<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        for stream in &mut self.streams {
            stream.drain(Extent::All, &self.transcoder, sink)?;
            stream.settle(sink)?;
        }
        Ok(())
    }

    fn drain_to<E>(
        &mut self,
        cpu: u32,
        extent: Extent,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        let stream = self.streams.iter_mut().find(|stream| stream.cpu() == cpu);
        let stream = stream.ok_or(Error::NoCpu { cpu })?;
        stream.drain(extent, &self.transcoder, sink)
    }

    /// The kernel's counters of each CPU.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn stats(&self) -> Result<Vec<(u32, CpuStats)>, Error> {
        self.streams
            .iter()
            .map(|stream| Ok((stream.cpu(), stream.stats()?)))
            .collect()
    }

    /// What became of the records of each CPU.
    pub fn tallies(&self) -> Vec<(u32, Tally)> {
        self.streams
            .iter()
            .map(|stream| (stream.cpu(), stream.tally()))
            .collect()
    }

    /// Removes the instance, and what is left in it, from the kernel.
    ///
    /// # Errors
    /// tracefs refuses, or another process has the instance's files open for a second more.
    pub fn remove(self) -> Result<(), Error> {
        drop(self.streams);
        self.instance.remove()
    }
}

/// An event's place in the list of known ones, with its filter.
type Chosen = BTreeMap<usize, Option<String>>;

fn choose(
    known: &[KnownEvent],
    rules: &[EventRule],
    missing: &mut Vec<Missing>,
) -> Result<Chosen, Error> {
    let mut chosen = Chosen::new();
    for rule in rules {
        match catalogue::select(known, &rule.pattern) {
            Ok(found) => found
                .into_iter()
                .for_each(|event| add(&mut chosen, event, &rule.filter)),
            Err(error) if rule.required => return Err(error),
            Err(_) => missing.push(Missing {
                what: rule.pattern.clone(),
                why: "this kernel has no such event".to_owned(),
            }),
        }
    }
    if chosen.is_empty() {
        Err(Error::NoEvents)
    } else {
        Ok(chosen)
    }
}

/// An event that several rules choose is recorded when one of them would.
fn add(chosen: &mut Chosen, event: usize, filter: &Option<String>) {
    chosen
        .entry(event)
        .and_modify(|old| {
            *old = match (old.take(), filter) {
                (Some(old), Some(new)) if old != *new => Some(format!("({old}) || ({new})")),
                (Some(old), Some(_)) => Some(old),
                _ => None,
            };
        })
        .or_insert_with(|| filter.clone());
}

/// What a start needs to know.
struct Setup<'a> {
    tracefs: &'a Tracefs,
    config: &'a KernelConfig,
    clock: TraceClock,
    known: &'a [KnownEvent],
    chosen: Chosen,
}

type Parts = (Vec<CpuStream>, Vec<KernelEvent>, StartReport);

impl Setup<'_> {
    fn run(&self, instance: &Instance, mut missing: Vec<Missing>) -> Result<Parts, Error> {
        self.set_up(instance)?;
        let layout = page_layout(self.tracefs, instance)?;
        let (streams, unmapped) =
            open_streams(instance, &layout, self.clock, self.config.map, &[])?;
        let (events, undescribed) = describe(
            self.tracefs,
            self.chosen.keys().map(|&event| &self.known[event]),
            self.config.naming,
        );
        missing.extend(undescribed);
        self.enable(instance, &events)?;
        let source = match &unmapped {
            None if self.config.map => PageSource::Mapped,
            _ => PageSource::Read,
        };
        missing.extend(unmapped.map(|why| Missing {
            what: "mapped ring".to_owned(),
            why,
        }));
        let report = StartReport {
            enabled: events.len(),
            missing,
            clock: self.clock,
            buffer_bytes_per_cpu: instance.read_number("buffer_size_kb").unwrap_or(0) << 10,
            page_bytes: layout.page_bytes,
            source,
        };
        Ok((streams, events, report))
    }

    fn set_up(&self, instance: &Instance) -> Result<(), Error> {
        instance.write("tracing_on", "0")?;
        instance.write("trace_clock", self.clock.name())?;
        instance.write("options/overwrite", "0")?;
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
        instance.write("buffer_size_kb", &kib.to_string())
    }

    fn enable(&self, instance: &Instance, events: &[KernelEvent]) -> Result<(), Error> {
        let mut systems: BTreeMap<&str, Vec<&KernelEvent>> = BTreeMap::new();
        for event in events {
            systems.entry(&event.system).or_default().push(event);
        }
        self.filter(instance)?;
        for (system, events) in systems {
            let all = self
                .known
                .iter()
                .filter(|known| known.system == system)
                .count();
            if all == events.len() {
                instance.write("set_event", &format!("{system}:*\n"))?;
                continue;
            }
            for event in events {
                instance.write("set_event", &format!("{system}:{}\n", event.kernel_name))?;
            }
        }
        Ok(())
    }

    fn filter(&self, instance: &Instance) -> Result<(), Error> {
        for (&event, filter) in &self.chosen {
            let (known, Some(filter)) = (&self.known[event], filter) else {
                continue;
            };
            let file = format!("events/{}/{}/filter", known.system, known.kernel_name);
            if let Err(error) = instance.try_write(&file, filter) {
                let words = instance.read(&file).unwrap_or_default();
                let why = words
                    .lines()
                    .find_map(|line| line.strip_prefix("parse_error: "));
                let why = why.map_or_else(|| error.to_string(), str::to_owned);
                let (event, filter) = (known.path(), filter.clone());
                return Err(Error::Filter { event, filter, why });
            }
        }
        Ok(())
    }
}

/// The largest power of two that is at most what is wanted and a fourth of the ring, in KiB.
fn page_kib(wanted_bytes: usize, ring_bytes: usize) -> usize {
    let most = wanted_bytes.min(ring_bytes / 4).max(4096) >> 10;
    1 << most.ilog2()
}

/// How this instance's pages are laid out: its own size, the kernel's header.
fn page_layout(tracefs: &Tracefs, instance: &Instance) -> Result<PageLayout, Error> {
    let mut layout = tracefs.page_layout()?;
    if let Some(kib) = instance.read_number("buffer_subbuf_size_kb") {
        layout.page_bytes = kib << 10;
    }
    Ok(layout)
}

/// The events with their formats, and those whose format this program cannot read.
fn describe<'a>(
    tracefs: &Tracefs,
    events: impl Iterator<Item = &'a KnownEvent>,
    naming: Naming,
) -> (Vec<KernelEvent>, Vec<Missing>) {
    let (mut described, mut missing, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for known in events {
        match tracefs.format(known) {
            Ok(format) => {
                let mut event = KernelEvent::new(&known.system, &format, naming);
                if !names.insert(event.name.clone()) {
                    event.name = format!("{}_{}", event.system, event.name);
                    names.insert(event.name.clone());
                }
                described.push(event);
            }
            Err(error) => missing.push(Missing {
                what: known.path(),
                why: error.to_string(),
            }),
        }
    }
    (described, missing)
}

/// Opens every CPU's ring; if one cannot be mapped, why.
fn open_streams(
    instance: &Instance,
    layout: &PageLayout,
    clock: TraceClock,
    map: bool,
    resume: &[Resume],
) -> Result<(Vec<CpuStream>, Option<String>), Error> {
    let (mut streams, mut unmapped) = (Vec::new(), None);
    for cpu in instance.cpus()? {
        let pipe = instance.path(&format!("per_cpu/cpu{cpu}/trace_pipe_raw"));
        let (source, why) = Source::open(&pipe, layout, map)?;
        unmapped = unmapped.or(why);
        let stats = instance.path(&format!("per_cpu/cpu{cpu}/stats"));
        let resume = resume.iter().find(|resume| resume.cpu == cpu);
        streams.push(CpuStream::new(cpu, source, stats, clock, resume)?);
    }
    Ok((streams, unmapped))
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

    #[test]
    fn rules_that_choose_the_same_event_are_joined() {
        let mut chosen = Chosen::new();
        add(&mut chosen, 1, &Some("a == 1".into()));
        add(&mut chosen, 1, &Some("b == 2".into()));
        assert_eq!(chosen[&1].as_deref(), Some("(a == 1) || (b == 2)"));
        add(&mut chosen, 1, &None);
        assert_eq!(chosen[&1], None);
        add(&mut chosen, 1, &Some("a == 1".into()));
        assert_eq!(chosen[&1], None);
    }
}
