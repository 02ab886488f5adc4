//! The name of what is counted or sampled: a counter's, or a tracepoint's.

use std::fmt;
use std::fs;
use std::str::FromStr;

use thalweg_kbuf::Counter;

use crate::{Error, Tracefs};

const TRACEPOINT: u32 = 2;

/// An event by its name: `cpu-clock`, `L1-dcache-load-misses`, `sched:sched_switch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerfEventName {
    text: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Counter(Counter),
    Tracepoint { system: String, name: String },
}

impl PerfEventName {
    /// What `perf_event_open` knows it by.
    ///
    /// # Errors
    /// The kernel has no such tracepoint.
    pub fn find(&self) -> Result<Counter, Error> {
        let (system, name) = match &self.what {
            What::Counter(counter) => return Ok(*counter),
            What::Tracepoint { system, name } => (system, name),
        };
        let tracefs = Tracefs::find()?;
        let path = tracefs
            .root()
            .join("events")
            .join(system)
            .join(name)
            .join("id");
        let text = fs::read_to_string(&path);
        let id = text.ok().and_then(|text| text.trim().parse().ok());
        match id {
            Some(config) => Ok(Counter {
                kind: TRACEPOINT,
                config,
            }),
            None => Err(Error::Perf {
                event: self.text.clone(),
                why: format!(
                    "this kernel has no such tracepoint; `thalweg list -k '{system}*'` shows what there is"
                ),
            }),
        }
    }

    /// Whether its value is nanoseconds.
    pub fn is_clock(&self) -> bool {
        matches!(self.what, What::Counter(counter) if counter.is_clock())
    }

    /// The name as a part of an event's in the trace: letters, digits and `_`.
    pub fn identifier(&self) -> String {
        let text = self.text.strip_prefix("raw:").unwrap_or(&self.text);
        text.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }
}

impl fmt::Display for PerfEventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for PerfEventName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            !name.is_empty() && name.chars().all(is_fit)
        };
        let tracepoint = text.split_once(':');
        let tracepoint = tracepoint
            .filter(|(system, name)| *system != "raw" && is_name(system) && is_name(name));
        let what = match (Counter::named(text), tracepoint) {
            (Some(counter), _) => What::Counter(counter),
            (None, Some((system, name))) => What::Tracepoint {
                system: system.to_owned(),
                name: name.to_owned(),
            },
            (None, None) => {
                let names: Vec<&str> = Counter::names().collect();
                return Err(format!(
                    "no event is called so; there are {}, those of caches (L1-dcache-load-misses, …), \
                     raw:rHEX:NAME, and tracepoints as SUBSYSTEM:EVENT",
                    names.join(", ")
                ));
            }
        };
        let text = text.to_owned();
        Ok(Self { text, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_counter_or_a_tracepoint() {
        let identifier = |text: &str| text.parse().map(|name: PerfEventName| name.identifier());
        assert_eq!(identifier("cpu-clock").unwrap(), "cpu_clock");
        assert_eq!(identifier("raw:rC4:branches").unwrap(), "rC4_branches");
        assert_eq!(
            identifier("sched:sched_switch").unwrap(),
            "sched_sched_switch"
        );
        for wrong in ["", "cpuclock", "a:", ":b", "a/b:c", "a:b:c", "raw:rC4"] {
            let told = identifier(wrong).unwrap_err();
            assert!(
                told.contains("there are cpu-cycles, cycles"),
                "{wrong}: {told}"
            );
        }
        let clock = |text: &str| text.parse().map(|name: PerfEventName| name.is_clock());
        assert_eq!(
            [clock("task-clock"), clock("cycles")],
            [Ok(true), Ok(false)]
        );
    }
}
