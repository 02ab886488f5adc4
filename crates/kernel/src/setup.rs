//! From settings to an instance that is ready to record.

use std::collections::{BTreeMap, BTreeSet};

use thalweg_kbuf::{Naming, PROBE_GROUP, PageLayout};

use crate::catalogue::{self, KnownEvent};
use crate::cpu::{CpuStream, Resume};
use crate::instance::Instance;
use crate::probes::Defined;
use crate::source::Source;
use crate::{
    Error, KernelConfig, KernelEvent, Missing, PageSource, StartReport, TraceClock, Tracefs,
};

/// An event's place in the list of known ones, with its filter.
pub(crate) type Chosen = BTreeMap<usize, Option<String>>;

pub(crate) fn choose(
    known: &[KnownEvent],
    config: &KernelConfig,
    missing: &mut Vec<Missing>,
) -> Result<Chosen, Error> {
    let mut chosen = Chosen::new();
    for rule in &config.rules {
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
    let left_out = config.leave_out.as_deref();
    chosen.retain(|event, _| left_out != Some(known[*event].system.as_str()));
    if chosen.is_empty() && config.probes.is_empty() {
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
pub(crate) struct Setup<'a> {
    pub(crate) tracefs: &'a Tracefs,
    pub(crate) config: &'a KernelConfig,
    pub(crate) clock: TraceClock,
    pub(crate) known: Vec<KnownEvent>,
    pub(crate) chosen: Chosen,
}

pub(crate) type Parts = (Vec<CpuStream>, Vec<KernelEvent>, StartReport);

impl Setup<'_> {
    /// Sets the probes, and chooses their events.
    pub(crate) fn add_probes(&mut self, instance: &str) -> Result<(), Error> {
        for made in Defined::all(self.tracefs, instance, &self.config.probes)? {
            self.chosen.insert(self.known.len(), made.filter);
            self.known.push(made.event);
        }
        Ok(())
    }

    /// Sets the instance up and enables its events.
    pub(crate) fn run(
        &self,
        instance: &Instance,
        mut missing: Vec<Missing>,
    ) -> Result<Parts, Error> {
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
            // Of probes the order counts.
            if all == events.len() && !system.starts_with(PROBE_GROUP) {
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
pub(crate) fn page_layout(tracefs: &Tracefs, instance: &Instance) -> Result<PageLayout, Error> {
    let mut layout = tracefs.page_layout()?;
    if let Some(kib) = instance.read_number("buffer_subbuf_size_kb") {
        layout.page_bytes = kib << 10;
    }
    Ok(layout)
}

/// The events with their formats, and those whose format this program cannot read.
pub(crate) fn describe<'a>(
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
pub(crate) fn open_streams(
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
