//! A recording: an instance that is set up, drained and removed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::thread::{MembarrierCommand, membarrier};
use thalweg_kbuf::{HeaderKind, Naming, PROBE_GROUP};

use crate::attribute::Sets;
use crate::catalogue;
use crate::context::{ContextWriter, KernelContexts};
use crate::cpu::{CpuStream, KernelPacket, Resume, Tally};
use crate::decoder::Decoder;
use crate::instance::{self, FoundInstance, Instance};
use crate::plan::{Plan, describe};
use crate::probes::{self, Defined};
use crate::setup::{Parts, Setup, landings, open_streams, page_layout};
use crate::source::Extent;
use crate::tasks::{Groups, Tasks, Wanted};
use crate::tested::Tested;
use crate::told::tell_of;
use crate::{
    CpuStats, DrainError, Error, HistTable, Histogram, KernelConfig, KernelEvent, Missing,
    StartReport, TraceClock, Tracefs, Track, hist, tracers,
};

/// Kernel events while they are recorded.
///
/// Dropping it leaves the instance in the kernel, as a death would: [`Self::remove`] ends it.
#[derive(Debug)]
pub struct KernelRecording {
    // Streams before the instance: their descriptors go first.
    pub(crate) streams: Vec<CpuStream>,
    pub(crate) instance: Instance,
    pub(crate) landings: OwnedFd,
    pub(crate) events: Vec<KernelEvent>,
    pub(crate) contexts: KernelContexts,
    pub(crate) armed: hist::Armed,
    pub(crate) decoder: Decoder,
    pub(crate) clock: TraceClock,
    pub(crate) naming: Naming,
    pub(crate) tracefs: Tracefs,
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
        let whose = [config.track.as_ref(), config.untrack.as_ref()];
        let instance = Instance::create(tracefs, &config.id)?;
        let mut told = None;
        let plan = define(tracefs, instance.name(), config, clock)
            .and_then(|own| Plan::with_probes(tracefs, config, own));
        let plan = plan.map(|mut plan| {
            let lacking = tell_of(&mut told, &mut plan.events, clock);
            plan.left_out.extend(lacking);
            plan
        });
        let setup = |plan| Setup {
            tracefs,
            config,
            clock,
            plan,
        };
        let ready = plan.and_then(|plan| {
            let tested = Tested::of(&plan.events);
            let contexts = contexts((config.contexts, tested), whose, clock)?;
            Ok((contexts, setup(plan).run(&instance)?))
        });
        match ready {
            Ok(((contexts, writer, untold), parts)) => {
                let Parts {
                    streams,
                    landings,
                    events,
                    armed,
                    mut report,
                } = parts;
                report.left_out.extend(untold);
                let decoder = Decoder::new(&events, writer, told);
                Ok((
                    Self {
                        streams,
                        instance,
                        landings,
                        events,
                        contexts,
                        armed,
                        decoder,
                        clock,
                        naming: config.naming,
                        tracefs: tracefs.clone(),
                    },
                    report,
                ))
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = end(tracefs, instance);
                Err(error)
            }
        }
    }

    /// Takes over the instance of a recorder that died. Its settings stay; events on disk are
    /// left out as `resume` says. `naming` and `contexts` must be the dead recorder's; `left` is the
    /// memory of its [`Self::landings`], if somebody has it.
    ///
    /// # Errors
    /// The instance does not exist, a living process holds it, or tracefs refuses.
    pub fn adopt(
        tracefs: &Tracefs,
        name: &str,
        naming: Naming,
        contexts: KernelContexts,
        resume: &[Resume],
        left: Option<OwnedFd>,
    ) -> Result<Self, Error> {
        let instance = Instance::open(tracefs, name)?;
        let clock_text = instance.read("trace_clock")?;
        let clock = TraceClock::selected(&clock_text).ok_or_else(|| Error::UnknownClock {
            clock: clock_text.trim().to_owned(),
            clocks: Vec::new(),
        })?;
        let mut enabled = catalogue::parse(&instance.read("set_event")?);
        enabled.retain(|event| hist::is_recorded(&instance, event));
        let enabled = enabled.iter().map(|event| (event, ()));
        let (events, _) = describe(tracefs, enabled, naming);
        let events = events.into_iter().map(|(event, ())| event);
        let of_tracers = tracers::of_instance(tracefs, &instance)?;
        let events: Vec<KernelEvent> = events.chain(of_tracers).collect();
        let layout = page_layout(tracefs, &instance)?;
        let landings = landings(&instance, &layout, left)?;
        let streams = open_streams(&instance, &layout, clock, &landings, resume)?;
        // Who was running then, nobody knows any more.
        let writer = (!contexts.is_empty()).then(|| ContextWriter::new(contexts, None));
        let decoder = Decoder::new(&events, writer, None);
        Ok(Self {
            streams,
            instance,
            landings,
            events,
            contexts,
            armed: hist::Armed::default(),
            decoder,
            clock,
            naming,
            tracefs: tracefs.clone(),
        })
    }

    /// Removes the instance of a recorder that died, with what is in it: for one that died before
    /// it had set its instance up, and that cannot be adopted.
    ///
    /// # Errors
    /// The instance does not exist, a living process holds it, or tracefs refuses.
    pub fn discard(tracefs: &Tracefs, name: &str) -> Result<(), Error> {
        end(tracefs, Instance::open(tracefs, name)?)
    }

    /// Stops the instance of a recorder that died, before anything else is done about it.
    ///
    /// # Errors
    /// The instance does not exist, or tracefs refuses.
    pub fn silence(tracefs: &Tracefs, name: &str) -> Result<(), Error> {
        instance::silence(tracefs, name)
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

    /// The longest latency that a tracer has kept so far, in microseconds, and the kernel's words on it.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn longest_latency(&self) -> Result<Option<(u64, String)>, Error> {
        tracers::longest(&self.instance)
    }

    /// The memory in which pages land: for a process that is to outlive this one, and may then hand it
    /// to [`Self::adopt`]. It is not to be touched before.
    pub fn landings(&self) -> BorrowedFd<'_> {
        self.landings.as_fd()
    }

    /// The clock of every time that packets have.
    pub fn clock(&self) -> TraceClock {
        self.clock
    }

    /// The enabled events; their order is that of the ids in [`Self::set_ids`].
    pub fn events(&self) -> &[KernelEvent] {
        &self.events
    }

    /// What stands in front of each event's payload.
    pub fn contexts(&self) -> KernelContexts {
        self.contexts
    }

    /// Beginnings of threads that contexts do not know of: there were too many at once.
    pub fn lost_tasks(&self) -> u64 {
        self.decoder.lost_tasks()
    }

    /// Events with fields that the kernel's records lack, and that no program has told of them.
    pub fn untold(&self) -> u64 {
        self.decoder.untold()
    }

    /// What stands in front of each event: as many ids as there were events at the start have room in
    /// it, and those of later ones, in more bytes.
    pub fn header(&self) -> HeaderKind {
        self.decoder.header()
    }

    /// Sets the CTF id of each event and the header that events have.
    pub fn set_ids(&mut self, header: HeaderKind, ids: &[u32]) {
        self.decoder.set_ids(header, ids);
    }

    /// Lets packets be parted: each part has at most so many bytes, if it can.
    pub fn set_part_bytes(&mut self, bytes: usize) {
        for stream in &mut self.streams {
            stream.set_part_bytes(bytes);
        }
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
        self.armed.resume(&self.instance)?;
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
        self.armed.pause(&self.instance)
    }

    /// What the kernel counts by groups.
    pub fn histograms(&self) -> &[Histogram] {
        &self.armed.histograms
    }

    /// What the kernel has counted so far in one of [`Self::histograms`].
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn read_histogram(&self, histogram: &Histogram) -> Result<HistTable, Error> {
        histogram.read(&self.instance)
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

    /// Hands what is committed now to the sink, the page that the kernel writes to as well: for
    /// live reading and timers.
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn flush<E>(
        &mut self,
        cpu: u32,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        self.drain_to(cpu, Extent::Now, sink)
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
            stream.drain(Extent::All, &mut self.decoder, sink)?;
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
        stream.drain(extent, &mut self.decoder, sink)
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

    /// Lets probes and tracers tell nothing of this process and of these: before [`Self::resume`].
    ///
    /// # Errors
    /// tracefs refuses.
    pub fn leave_out(&self, processes: &[u32]) -> Result<(), Error> {
        let probes = self.probes();
        let names = probes.map(|event| (&*event.system, &*event.kernel_name));
        probes::leave_out(&self.instance, names, processes)?;
        tracers::leave_out(&self.instance, processes)
    }

    fn probes(&self) -> impl Iterator<Item = &KernelEvent> {
        let events = self.events.iter();
        events.filter(|event| event.system.starts_with(PROBE_GROUP))
    }

    /// Calls of functions of the kernel that its probes have missed, by the event's name: what the
    /// counters of the rings do not know.
    pub fn missed_calls(&self) -> Vec<(String, u64)> {
        let mut probes = self.probes().peekable();
        if probes.peek().is_none() {
            return Vec::new();
        }
        let missed = probes::missed(&self.tracefs);
        let of = |event: &KernelEvent| Some((event.name.clone(), *missed.get(&event.kernel_name)?));
        probes.filter_map(of).collect()
    }

    /// Whether filters are tested when records are read.
    pub fn filters_when_read(&self) -> bool {
        self.decoder.has_filters()
    }

    /// Whether newer events take the place of the oldest.
    pub fn overwrites(&self) -> bool {
        let option = self.instance.read("options/overwrite");
        option.is_ok_and(|text| text.trim() == "1")
    }

    /// Reads what contexts need to know of events that stay in the rings: to be called now and then
    /// while nothing is drained.
    pub fn keep_up(&mut self) {
        if self.decoder.keeps_up() {
            let oldest = self.streams.iter().filter_map(CpuStream::oldest).min();
            self.decoder.keep_up(oldest.unwrap_or(u64::MAX));
        }
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
    /// tracefs refuses, or another process has the instance's files open for five seconds more.
    pub fn remove(self) -> Result<(), Error> {
        drop(self.streams);
        end(&self.tracefs, self.instance)
    }
}

/// Makes the events of this recording alone.
fn define(
    tracefs: &Tracefs,
    instance: &str,
    config: &KernelConfig,
    clock: TraceClock,
) -> Result<Vec<Defined>, Error> {
    let mut own = Defined::all(tracefs, instance, &config.probes)?;
    own.extend(hist::define_all(
        tracefs,
        instance,
        &config.synthetics,
        clock,
    )?);
    Ok(own)
}

/// Removes an instance, and the probes and synthetic events that were made for it.
fn end(tracefs: &Tracefs, instance: Instance) -> Result<(), Error> {
    let name = instance.name().to_owned();
    hist::disarm(&instance)?;
    tracers::disarm(&instance)?;
    instance.remove()?;
    probes::remove_group(tracefs, &name)?;
    hist::remove_own(tracefs, &name)
}

type Contexts = (KernelContexts, Option<ContextWriter>, Option<Missing>);

/// The contexts that can be had, what writes them and knows whose events are wanted, and a word on those
/// that cannot.
pub(crate) fn contexts(
    (wanted, tested): (KernelContexts, Tested),
    whose: [Option<&Track>; 2],
    clock: TraceClock,
) -> Result<Contexts, Error> {
    let groups = Groups::find_all();
    let sets = |track: Option<&Track>| match track {
        Some(track) => Sets::find(&track.attributes, &groups),
        None => Ok(Sets::default()),
    };
    let tracked = [sets(whose[0])?, sets(whose[1])?];
    let of_filters = tested.contexts();
    let is_tracked =
        tracked.iter().any(|sets| !sets.is_empty()) || !of_filters.of_tasks().is_empty();
    let of_tasks = wanted.of_tasks();
    let known = Wanted::from(wanted.union(of_filters));
    let known = tracked.iter().fold(known, Wanted::and_of);
    let needs_tasks = is_tracked || !of_tasks.is_empty();
    let (tasks, untold) = match needs_tasks.then(|| Tasks::start(clock, known)) {
        None => (None, None),
        Some(Ok(tasks)) => (Some(tasks), None),
        Some(Err(why)) if is_tracked => return Err(Error::NoAttributes(why.to_string())),
        Some(Err(why)) => {
            let what = format!("the context {}", of_tasks.names());
            let why = format!("failed to {why}");
            (None, Some(Missing { what, why }))
        }
    };
    let had = match untold {
        None => wanted,
        Some(_) => wanted.without(of_tasks),
    };
    let is_written = is_tracked || !had.is_empty() || !tested.is_empty();
    let writer = || ContextWriter::new(had, tasks).track(tracked).test(tested);
    let writer = is_written.then(writer);
    Ok((had, writer, untold))
}
