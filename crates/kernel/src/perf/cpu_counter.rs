//! Counters of processors, whose values stand in events.
//!
//! ```text
//!   first counter ─ counter ─ tracepoint ─ tracepoint      one group for each CPU
//!        └────────────┴── their values ──▶ in each tracepoint's record
//! ```
//!
//! As all tracepoints are of one group, values in different events are those of the same counters.

use thalweg_kbuf::Counter;
use thalweg_model::{FieldClass, Member};
use thalweg_sys::{PerfAttr, PerfEvent, PerfTarget};

use super::lane::Lane;
use super::recording::{dummy, read_format};
use super::refusal::Asked;
use crate::Error;

/// What names of contexts begin with, as LTTng has them.
const PREFIX: &str = "perf:cpu:";

/// A counter of each processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuCounter {
    name: String,
    counter: Counter,
}

impl CpuCounter {
    /// The counter of a context's name, `perf:cpu:NAME`.
    pub fn named(name: &str) -> Option<Self> {
        let counter = Counter::named(name.strip_prefix(PREFIX)?)?;
        Some(Self {
            name: name.to_owned(),
            counter,
        })
    }

    /// It is asked for of threads.
    pub(super) fn of_threads(&self) -> Error {
        Error::Perf {
            event: self.name.clone(),
            why: "it counts what a processor does, whoever runs there; leave --track and --follow out, or \
                  ask for counters of threads in programs' events: perf:thread:NAME"
                .to_owned(),
        }
    }

    /// What stands in front of each event's payload.
    pub fn member(&self) -> Member {
        let name = self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        Member::new(name, FieldClass::uint(64))
    }
}

/// Opens them on each CPU: the events that follow are of their group.
pub(super) fn open(
    counters: &[CpuCounter],
    tells_losses: bool,
    lanes: &mut [Lane],
) -> Result<(), Error> {
    for lane in lanes {
        for counter in counters {
            // All of a group have the same clock.
            let attr = PerfAttr {
                kind: counter.counter.kind,
                config: counter.counter.config,
                read_format: PerfAttr::READ_GROUP | read_format(tells_losses),
                sample_type: 0,
                ..dummy()
            };
            let target = PerfTarget::Cpu(lane.cpu);
            let opened = match lane.counters.first() {
                None => PerfEvent::open(&attr, target),
                Some(first) => PerfEvent::open_beside(&beside(attr), target, first),
            };
            let asked = Asked {
                event: &counter.name,
                counter: counter.counter,
                hz: None,
            };
            lane.counters
                .push(opened.map_err(|error| asked.refused(&error))?);
        }
    }
    Ok(())
}

/// What is not the first of its group: it begins and ends with that.
pub(super) fn beside(attr: PerfAttr) -> PerfAttr {
    PerfAttr {
        flags: attr.flags & !PerfAttr::DISABLED,
        ..attr
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lttngs() {
        let member = |name: &str| CpuCounter::named(name).map(|known| known.member().name);
        assert_eq!(
            member("perf:cpu:page-fault").as_deref(),
            Some("perf_cpu_page_fault")
        );
        assert_eq!(
            member("perf:cpu:raw:rC4:branches").as_deref(),
            Some("perf_cpu_raw_rC4_branches")
        );
        assert_eq!(member("perf:cpu:nothing"), None);
        assert_eq!(member("perf:thread:page-fault"), None);
    }
}
