//! Sets triggers in an instance, reads what they have counted, and takes them away.

use std::fs;

use thalweg_kbuf::{Element, HistTable, Shape};

use super::define::{lower_all, refused};
use super::spec::HistogramSpec;
use super::synthetic::one_event;
use crate::instance::Instance;
use crate::{Error, KernelConfig, KnownEvent, TraceClock, Tracefs, catalogue};

/// A sign for whoever removes the instance, which has no other use there: it has triggers of ours.
const SIGN: &str = "options/hex";
/// What lines of triggers begin with.
const HIST: &str = "hist:";

/// A histogram that the kernel fills.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The event's name in the trace.
    pub name: String,
    /// What is counted by.
    pub keys: Vec<(String, KeyKind)>,
    /// What is summed.
    pub values: Vec<String>,
    event: KnownEvent,
    /// The trigger, but for its state and its filter.
    words: String,
    filter: String,
    /// Which of the event's triggers it is, from the oldest on.
    block: usize,
}

/// What a key's texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A number, as the kernel shows those of 64 bits without a sign, and whether it has one.
    Number {
        /// Whether it has a sign.
        signed: bool,
    },
    /// Something else.
    Text,
}

/// What is set in an instance.
#[derive(Debug, Default)]
pub(crate) struct Armed {
    pub(crate) histograms: Vec<Histogram>,
}

/// Sets what a recording wants. Histograms count nothing before [`Armed::resume`].
///
/// # Errors
/// The kernel has no triggers, or refuses one.
pub(crate) fn arm(
    tracefs: &Tracefs,
    config: &KernelConfig,
    instance: &Instance,
    clock: TraceClock,
) -> Result<Armed, Error> {
    let mut armed = Armed::default();
    if config.synthetics.is_empty() && config.histograms.is_empty() {
        return Ok(armed);
    }
    instance.write(SIGN, "1")?;
    let lowered = lower_all(tracefs, instance.name(), &config.synthetics, clock)?;
    let mut with_triggers = Vec::new();
    for (spec, one) in config.synthetics.iter().zip(lowered) {
        for (event, trigger) in &one.triggers {
            set(instance, event, trigger).map_err(|why| refused(spec, why))?;
            with_triggers.push(event.clone());
        }
    }
    for spec in &config.histograms {
        let histogram = Histogram::set(tracefs, spec, instance, clock);
        let mut histogram = histogram.map_err(|why| Error::Trigger {
            what: format!("the histogram {}:keys={}", spec.event, spec.words),
            why,
        })?;
        let before = with_triggers.iter();
        histogram.block = before.filter(|event| **event == histogram.event).count();
        with_triggers.push(histogram.event.clone());
        armed.add(histogram);
    }
    Ok(armed)
}

impl Armed {
    /// Histograms of one event have different names.
    fn add(&mut self, mut new: Histogram) {
        let others = self.histograms.iter();
        let others = others.filter(|one| one.event == new.event).count();
        if others > 0 {
            new.name = format!("{}_{}", new.name, others + 1);
        }
        self.histograms.push(new);
    }

    /// Counts from now on.
    pub(crate) fn resume(&self, instance: &Instance) -> Result<(), Error> {
        self.turn(instance, "continue")
    }

    /// Counts no more.
    pub(crate) fn pause(&self, instance: &Instance) -> Result<(), Error> {
        self.turn(instance, "pause")
    }

    fn turn(&self, instance: &Instance, state: &str) -> Result<(), Error> {
        for one in &self.histograms {
            let words = format!("{}:{state}{}", one.words, one.filter);
            instance.write(&file(&one.event, "trigger"), &words)?;
        }
        Ok(())
    }
}

impl Histogram {
    fn set(
        tracefs: &Tracefs,
        spec: &HistogramSpec,
        instance: &Instance,
        clock: TraceClock,
    ) -> Result<Self, String> {
        let event = one_event(tracefs, &spec.event)?;
        let keys = kinds(tracefs, &event, spec)?;
        let words = format!("{HIST}keys={}:clock={}", spec.words, clock.name());
        let filter = spec.filter.clone();
        set(instance, &event, &format!("{words}:pause{filter}"))?;
        Ok(Self {
            name: format!("hist_{}", event.name),
            keys,
            values: spec.values.clone(),
            event,
            words,
            filter,
            block: 0,
        })
    }

    /// What the kernel has counted so far.
    pub(crate) fn read(&self, instance: &Instance) -> Result<HistTable, Error> {
        let path = instance.path(&file(&self.event, "hist"));
        // Names of threads are any bytes.
        let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
        let keys: Vec<String> = self.keys.iter().map(|(name, _)| name.clone()).collect();
        let text = String::from_utf8_lossy(&bytes);
        HistTable::parse(&text, self.block, &keys, &self.values).ok_or_else(|| Error::Trigger {
            what: format!("the histogram {}", self.name),
            why: format!("{} is not as the known ones are", path.display()),
        })
    }
}

fn kinds(
    tracefs: &Tracefs,
    event: &KnownEvent,
    spec: &HistogramSpec,
) -> Result<Vec<(String, KeyKind)>, String> {
    let format = tracefs.format(event).map_err(|error| error.to_string())?;
    let kind = |name: &str| {
        let mut fields = format.common_pid.iter().chain(&format.fields);
        let field = fields.find(|field| field.name == name)?;
        match (field.element, field.shape) {
            (Element::Integer { signed, .. }, Shape::Scalar) => Some(KeyKind::Number { signed }),
            _ => None,
        }
    };
    let keys = spec.keys.iter().map(|key| {
        let plain = key.modifier.is_none();
        let kind = kind(&key.field).filter(|_| plain);
        (key.field.clone(), kind.unwrap_or(KeyKind::Text))
    });
    Ok(keys.collect())
}

fn file(event: &KnownEvent, name: &str) -> String {
    format!("events/{}/{}/{name}", event.system, event.kernel_name)
}

/// Sets a trigger; why not, in the kernel's words if it has some.
fn set(instance: &Instance, event: &KnownEvent, trigger: &str) -> Result<(), String> {
    if !instance.has(&file(event, "hist")) {
        return Err("this kernel has no histograms (CONFIG_HIST_TRIGGERS)".to_owned());
    }
    let set = instance.try_write(&file(event, "trigger"), trigger);
    set.map_err(|error| {
        let log = instance.read("error_log").unwrap_or_default();
        let words = log.rsplit_once("error: ").map(|(_, rest)| rest);
        let words = words.and_then(|rest| rest.lines().next());
        let why = words.map_or_else(|| error.to_string(), |words| words.trim().to_owned());
        format!("{why}, says the kernel of `{trigger}` on {}", event.path())
    })
}

/// Takes triggers away, which would hold the instance: those first that look at variables of others.
pub(crate) fn disarm(instance: &Instance) -> Result<(), Error> {
    if instance.read_number(SIGN) != Some(1) {
        return Ok(());
    }
    let mut found = Vec::new();
    for event in catalogue::parse(&instance.read("set_event")?) {
        if !has_triggers(instance, &event) {
            continue;
        }
        let path = file(&event, "trigger");
        let lines = instance.read(&path)?;
        let lines = lines.lines().filter(|line| line.starts_with(HIST));
        found.extend(lines.map(|line| (path.clone(), without_state(line).to_owned())));
    }
    found.sort_by_key(|(_, line)| !line.contains(":onmatch("));
    for (path, line) in found {
        instance.write(&path, &format!("!{line}"))?;
    }
    Ok(())
}

/// Events with triggers are on for those; the kernel marks them.
fn has_triggers(instance: &Instance, event: &KnownEvent) -> bool {
    let state = instance.read(&file(event, "enable"));
    state.is_ok_and(|state| state.contains('*'))
}

/// Whether an event is on for its own sake, not only for a trigger's.
pub(crate) fn is_recorded(instance: &Instance, event: &KnownEvent) -> bool {
    let state = instance.read(&file(event, "enable"));
    state.is_ok_and(|state| state.starts_with('1'))
}

fn without_state(line: &str) -> &str {
    let states = [" [active]", " [paused]"];
    let line = line.trim_end();
    let mut found = states.iter().filter_map(|state| line.strip_suffix(state));
    found.next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_removed_by_what_it_was_set_with() {
        let line = "hist:keys=pid:vals=hitcount:size=64 if comm == \"[x]\"";
        for state in ["", " [active]", " [paused]\n"] {
            assert_eq!(without_state(&format!("{line}{state}")), line);
        }
    }
}
