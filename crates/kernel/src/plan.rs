//! What tracefs will record, made before there is an instance.
//!
//! ```text
//!   rules ──▶ events ──format──▶ names, fields ──filters──▶ a predicate for each event
//!                                                   └─ fits not: the event is left out
//! ```
//!
//! Invariant: an event is left out for the sake of a filter only if the filter is false for each such
//! event, as a filter whose field is missing is everywhere.

use std::collections::{BTreeMap, BTreeSet};

use thalweg_filter::Filter;
use thalweg_filter::tracefs::{Lowered, Refusal, lower};
use thalweg_kbuf::Naming;

use crate::catalogue::{self, KnownEvent};
use crate::operands::EventFields;
use crate::probes::Defined;
use crate::tested::can_be_tested;
use crate::{Error, EventFilter, KernelConfig, KernelEvent, Missing, Tracefs, glob, tracers};

/// An event's place in the list of known ones, with its filter.
type Chosen = BTreeMap<usize, Option<String>>;

/// What tracefs will record.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The events.
    pub events: Vec<PlannedEvent>,
    /// What was asked for and cannot be had.
    pub missing: Vec<Missing>,
    /// The events that a filter leaves out, always, and why.
    pub left_out: Vec<Missing>,
    /// Which filters the kernel cannot test, so that they are tested when events are read, and why.
    pub tested_later: Vec<String>,
}

/// An event that will be recorded.
#[derive(Clone, Debug)]
pub struct PlannedEvent {
    /// The event.
    pub event: KernelEvent,
    /// The condition, in the kernel's filter language.
    pub filter: Option<String>,
    /// What the kernel cannot test: tested when records are read.
    pub tested: Vec<Filter>,
}

impl PlannedEvent {
    pub(crate) fn unfiltered(event: KernelEvent) -> Self {
        Self::new(event, None)
    }

    fn new(event: KernelEvent, filter: Option<String>) -> Self {
        Self {
            event,
            filter,
            tested: Vec::new(),
        }
    }
}

impl Plan {
    /// The plan for these settings, but for the events of probes: those are not there before a recording
    /// begins.
    ///
    /// # Errors
    /// A required event is unknown, a filter is none of the kernel's, or tracefs cannot be read.
    pub fn make(tracefs: &Tracefs, config: &KernelConfig) -> Result<Self, Error> {
        Self::with_probes(tracefs, config, Vec::new())
    }

    /// The plan for these settings and the events of probes that have been set.
    pub(crate) fn with_probes(
        tracefs: &Tracefs,
        config: &KernelConfig,
        probes: Vec<Defined>,
    ) -> Result<Self, Error> {
        check_traced(config)?;
        let mut known = tracefs.events()?;
        let mut missing = Vec::new();
        let mut chosen = choose(&known, config, &mut missing).map_err(|error| match error {
            Error::NoEvents => match config.filters.first() {
                Some(filter) if !filter.is_used_elsewhere => filter.idle(),
                _ => error,
            },
            error => error,
        })?;
        for Defined { event, filter } in probes {
            chosen.insert(known.len(), filter);
            known.push(event);
        }
        let events = chosen
            .into_iter()
            .map(|(place, filter)| (&known[place], (place, filter)));
        let (described, undescribed) = describe(tracefs, events, config.naming);
        missing.extend(undescribed);
        let (places, planned): (Vec<usize>, Vec<PlannedEvent>) = described
            .into_iter()
            .map(|(event, (place, filter))| (place, PlannedEvent::new(event, filter)))
            .unzip();
        let mut plan = Self {
            events: Vec::new(),
            missing,
            left_out: Vec::new(),
            tested_later: Vec::new(),
        };
        let mut kept: Vec<Option<PlannedEvent>> = planned.into_iter().map(Some).collect();
        for filter in &config.filters {
            let targets = targets(&known, filter)?;
            let (left_out, tested) = apply(filter, &targets, &places, &mut kept)?;
            plan.left_out.extend(left_out);
            plan.tested_later.extend(tested);
        }
        plan.events = kept.into_iter().flatten().collect();
        let of_tracers = tracers::of_config(tracefs, config)?;
        plan.events
            .extend(of_tracers.into_iter().map(PlannedEvent::unfiltered));
        match (plan.events.is_empty(), config.filters.last()) {
            (false, _) => Ok(plan),
            (true, None) if config.has_more() => Ok(plan),
            (true, None) => Err(Error::NoEvents),
            (true, Some(filter)) if filter.is_used_elsewhere => Err(Error::NoEvents),
            (true, Some(filter)) => Err(Error::UselessFilter {
                filter: filter.text.clone(),
                why: "it lets no event pass",
            }),
        }
    }
}

/// Refuses a filter for everything where there is something that the kernel does not test.
fn check_traced(config: &KernelConfig) -> Result<(), Error> {
    let mut filters = config.filters.iter();
    match filters.find(|filter| filter.patterns.is_none()) {
        Some(filter) if config.functions.is_some() || config.markers => Err(Error::UselessFilter {
            filter: filter.text.clone(),
            why: "the kernel tests neither calls of its function tracers nor texts of trace_marker; say \
                  which events it is for: 'PATTERNS: EXPRESSION'",
        }),
        _ => Ok(()),
    }
}

/// The events that a filter is for; `None` for all.
fn targets(known: &[KnownEvent], filter: &EventFilter) -> Result<Option<BTreeSet<usize>>, Error> {
    let Some(patterns) = &filter.patterns else {
        return Ok(None);
    };
    let mut targets = BTreeSet::new();
    for pattern in patterns {
        // Of a probe's path only the name is the user's.
        let is_meant = |event: &KnownEvent| event.is_own() && glob::matches(pattern, &event.name);
        let places = (0..).zip(known).filter(|(_, event)| is_meant(event));
        let probes: Vec<usize> = places.map(|(place, _)| place).collect();
        match catalogue::select(known, pattern) {
            Err(error) if probes.is_empty() && !filter.is_used_elsewhere => return Err(error),
            found => targets.extend(found.unwrap_or_default()),
        }
        targets.extend(probes);
    }
    Ok(Some(targets))
}

/// Puts a filter on the events that it is for; says which it leaves out, and why.
fn apply(
    filter: &EventFilter,
    targets: &Option<BTreeSet<usize>>,
    places: &[usize],
    events: &mut [Option<PlannedEvent>],
) -> Result<(Option<Missing>, Option<String>), Error> {
    let (mut fit, mut left_out, mut first_unfit) = (0, Vec::new(), None);
    let mut tested = Vec::new();
    for (place, slot) in places.iter().zip(events) {
        let is_target = targets.as_ref().is_none_or(|set| set.contains(place));
        let Some(planned) = slot.as_mut().filter(|_| is_target) else {
            continue;
        };
        let refused = |why| Error::KernelFilter {
            event: planned.event.name.clone(),
            why,
        };
        match lower(&filter.filter, &EventFields(&planned.event)) {
            Ok(Lowered::Always) => fit += 1,
            Ok(Lowered::Predicate(predicate)) => {
                fit += 1;
                planned.filter = Some(both(planned.filter.take(), predicate));
            }
            Ok(Lowered::Never) => {
                fit += 1;
                left_out.push((planned.event.name.clone(), "it never passes".to_owned()));
                *slot = None;
            }
            Err(why @ Refusal::Unfit(_)) => {
                left_out.push((planned.event.name.clone(), why.to_string()));
                first_unfit.get_or_insert(refused(why));
                *slot = None;
            }
            Err(why) => {
                tested.push((planned.event.name.clone(), why.to_string()));
                let name = planned.event.name.clone();
                split(&filter.filter, planned)
                    .map_err(|why| Error::KernelFilter { event: name, why })?;
                fit += 1;
            }
        }
    }
    match (fit, first_unfit) {
        (0, Some(error)) if !filter.is_used_elsewhere => Err(error),
        (0, None) if !filter.is_used_elsewhere => Err(filter.idle()),
        _ => Ok((filter.left_out(&left_out), filter.tested_later(&tested))),
    }
}

/// Has the kernel test what it can of a filter; the rest is tested when records are read.
fn split(filter: &Filter, planned: &mut PlannedEvent) -> Result<(), Refusal> {
    for part in filter.parts() {
        match lower(&part, &EventFields(&planned.event)) {
            Ok(Lowered::Always) => {}
            Ok(Lowered::Predicate(predicate)) => {
                planned.filter = Some(both(planned.filter.take(), predicate));
            }
            Err(why) if !can_be_tested(&part, &planned.event) => return Err(why),
            Ok(Lowered::Never) | Err(_) => planned.tested.push(part),
        }
    }
    Ok(())
}

fn both(old: Option<String>, new: String) -> String {
    match old {
        Some(old) => format!("({old}) && ({new})"),
        None => new,
    }
}

fn choose(
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
    if chosen.is_empty() && !config.has_more() {
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

/// The events with their formats, and those whose format this program cannot read.
pub(crate) fn describe<'a, T>(
    tracefs: &Tracefs,
    events: impl Iterator<Item = (&'a KnownEvent, T)>,
    naming: Naming,
) -> (Vec<(KernelEvent, T)>, Vec<Missing>) {
    let (mut described, mut missing, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (known, beside) in events {
        match tracefs.format(known) {
            Ok(format) => {
                let mut event = KernelEvent::new(&known.system, &format, naming);
                if !names.insert(event.name.clone()) {
                    event.name = format!("{}_{}", event.system, event.name);
                    names.insert(event.name.clone());
                }
                described.push((event, beside));
            }
            Err(error) => missing.push(Missing {
                what: known.path(),
                why: error.to_string(),
            }),
        }
    }
    (described, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    const FORMAT: &str = "name: tick\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n\
        \tfield:const char * path;\toffset:32;\tsize:8;\tsigned:0;\n\nprint fmt: \"x\"";

    fn planned(name: &str, field: &str) -> Option<PlannedEvent> {
        let text = FORMAT.replace("tick", name).replace("irq", field);
        let format = thalweg_kbuf::EventFormat::parse(&text).unwrap();
        let event = KernelEvent::new("test", &format, Naming::Lttng);
        Some(PlannedEvent::unfiltered(event))
    }

    /// Which events are left with which filter, and what is said of those that are not.
    fn filtered(text: &str) -> Result<(Vec<Option<String>>, String), String> {
        let filter = EventFilter {
            patterns: None,
            filter: text.parse().unwrap(),
            text: text.to_owned(),
            is_used_elsewhere: false,
        };
        let mut events = [planned("tick", "irq"), planned("tock", "vec")];
        let told = apply(&filter, &None, &[0, 1], &mut events);
        let told = told.map_err(|error| error.to_string())?;
        let filters = events.iter().flatten().map(|event| event.filter.clone());
        let (left_out, tested) = told;
        let left_out = left_out.map(|told| format!("{}: {}", told.what, told.why));
        let told: Vec<String> = left_out.into_iter().chain(tested).collect();
        Ok((filters.collect(), told.join("\n")))
    }

    #[test]
    fn an_event_that_a_filter_does_not_fit_is_left_out_with_a_word() {
        let (filters, told) = filtered("irq == 3").unwrap();
        assert_eq!(filters, [Some("irq == 3".to_owned())]);
        assert_eq!(
            told,
            "tock: the filter `irq == 3` lets none pass: column 1: the event has no field `irq`"
        );
        let (filters, told) = filtered("comm == \"a*\"").unwrap();
        assert_eq!((filters.len(), told.as_str()), (2, ""));
    }

    #[test]
    fn what_the_kernel_cannot_test_is_tested_when_records_are_read() {
        let (filters, told) = filtered("comm == \"a\" && irq * 2 == 4").unwrap();
        assert_eq!(filters, [Some("comm == \"a\"".to_owned())]);
        assert!(told.contains("is tested when events are read"), "{told}");
        assert!(
            told.contains("column 20: the kernel's filters know no `*`"),
            "{told}"
        );
        let (filters, told) = filtered("$ctx.pid == 4").unwrap();
        assert_eq!(filters, [None, None]);
        assert!(told.contains(" of tick and 1 more event is "), "{told}");
    }

    #[test]
    fn a_filter_that_fits_no_event_or_that_the_kernel_cannot_tell_is_refused() {
        let refused = |text: &str| filtered(text).unwrap_err();
        assert_eq!(
            refused("irk == 3"),
            "filter tick in the kernel: column 1: the event has no field `irk` (did you mean `irq`?)"
        );
        assert_eq!(
            refused("irq == 1 && $ctx.ip == 4"),
            "filter tick in the kernel: column 13: the kernel's filters know no $ctx.ip, but $ctx.tid, \
             $ctx.procname and $ctx.cpu_id"
        );
        assert!(refused("path == \"x\"").contains("an address of a text"));
    }
}
