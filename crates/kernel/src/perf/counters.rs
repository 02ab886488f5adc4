//! Counters that are read, not sampled.
//!
//! ```text
//!   read   | value | ns that it was wanted | ns that it had a counter of the processor |
//! ```

use thalweg_sys::{PerfAttr, PerfEvent, PerfTarget};

use super::event::PerfEventName;
use super::open::{PerfScope, is_gone, open_on};
use super::refusal::Asked;
use crate::online_cpus;
use crate::{Error, Track};

const READ: u64 = PerfAttr::READ_TIME_ENABLED | PerfAttr::READ_TIME_RUNNING;

/// What a counter shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterValue {
    /// How often it was seen.
    pub value: u64,
    /// For how many nanoseconds it was to be counted.
    pub time_enabled_ns: u64,
    /// And for how many it was: less, if the processor has too few counters.
    pub time_running_ns: u64,
}

impl CounterValue {
    /// What it would show if it had been counted all the time.
    pub fn scaled(self) -> Option<u64> {
        if self.time_running_ns >= self.time_enabled_ns {
            return Some(self.value);
        }
        let all = u128::from(self.value) * u128::from(self.time_enabled_ns);
        all.checked_div(self.time_running_ns.into())
            .and_then(|value| value.try_into().ok())
    }

    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            time_enabled_ns: self.time_enabled_ns + other.time_enabled_ns,
            time_running_ns: self.time_running_ns + other.time_running_ns,
        }
    }
}

/// Counters of some events.
#[derive(Debug)]
pub struct CounterSet {
    counts: Vec<Count>,
    is_settled: bool,
}

/// What is counted of an event.
#[derive(Debug)]
pub struct Count {
    /// The event.
    pub name: PerfEventName,
    /// One for each CPU or thread.
    events: Vec<(u32, PerfEvent)>,
}

impl Count {
    /// What all of its counters show.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn read(&self) -> Result<CounterValue, Error> {
        self.sum(|_| true)
    }

    /// What those of a CPU show.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn read_on(&self, cpu: u32) -> Result<CounterValue, Error> {
        self.sum(|of| of == cpu)
    }

    fn sum(&self, is_wanted: impl Fn(u32) -> bool) -> Result<CounterValue, Error> {
        let wanted = self.events.iter().filter(|(cpu, _)| is_wanted(*cpu));
        wanted
            .map(|(_, event)| event)
            .try_fold(CounterValue::default(), |sum, event| match event.read() {
                Ok([value, time_enabled_ns, time_running_ns]) => Ok(sum.add(CounterValue {
                    value,
                    time_enabled_ns,
                    time_running_ns,
                })),
                Err(error) => Err(Error::Perf {
                    event: self.name.to_string(),
                    why: error.to_string(),
                }),
            })
    }
}

impl CounterSet {
    /// Opens counters on each CPU. They count from [`Self::enable`] on.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn on_cpus(names: &[PerfEventName], scope: &PerfScope) -> Result<Self, Error> {
        let online = online_cpus()?;
        let open = |threads: Option<&[u32]>| {
            let open = |name: &PerfEventName| {
                let counter = name.find()?;
                let event = name.to_string();
                let asked = asked(&event, counter);
                let events = open_on(&online, threads, &attr(asked), asked)?;
                let name = name.clone();
                Ok(Count { name, events })
            };
            names.iter().map(open).collect::<Result<Vec<_>, Error>>()
        };
        let (counts, is_settled) = scope.settle(open)?;
        Ok(Self { counts, is_settled })
    }

    /// Opens a counter of threads and of all that they start, wherever they run.
    ///
    /// # Errors
    /// The kernel refuses it, or has no such process.
    pub fn of_threads(name: &PerfEventName, track: &Track) -> Result<Self, Error> {
        let scope = PerfScope::Tracked(track.clone());
        Self::of(name, &scope, PerfAttr::DISABLED)
    }

    /// Opens a counter of all that a thread starts, each from the time on at which it executes a
    /// program.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn of_started(name: &PerfEventName, thread: u32) -> Result<Self, Error> {
        let threads = vec![thread];
        let scope = PerfScope::Tracked(Track {
            threads,
            ..Track::default()
        });
        let flags = PerfAttr::DISABLED | PerfAttr::ENABLE_ON_EXEC;
        Self::of(name, &scope, flags)
    }

    fn of(name: &PerfEventName, scope: &PerfScope, flags: u64) -> Result<Self, Error> {
        let counter = name.find()?;
        let text = name.to_string();
        let asked = asked(&text, counter);
        let attr = PerfAttr {
            flags: flags | PerfAttr::INHERIT,
            ..attr(asked)
        };
        let (events, is_settled) = scope.settle(|threads| {
            let mut events = Vec::new();
            for &thread in threads.into_iter().flatten() {
                match PerfEvent::open(&attr, PerfTarget::Thread(thread)) {
                    Ok(event) => events.push((0, event)),
                    Err(error) if is_gone(&error) => {}
                    Err(error) => return Err(asked.refused(&error)),
                }
            }
            Ok(events)
        })?;
        let name = name.clone();
        Ok(Self {
            counts: vec![Count { name, events }],
            is_settled,
        })
    }

    /// The events that are counted.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }

    /// Whether no thread began while the counters were opened, of which it is not known whether it is
    /// counted.
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Counts from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn enable(&self) -> Result<(), Error> {
        self.each(PerfEvent::enable)
    }

    /// Counts no more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn disable(&self) -> Result<(), Error> {
        self.each(PerfEvent::disable)
    }

    fn each(&self, order: impl Fn(&PerfEvent) -> std::io::Result<()>) -> Result<(), Error> {
        for count in &self.counts {
            for (_, event) in &count.events {
                order(event).map_err(|error| Error::Perf {
                    event: count.name.to_string(),
                    why: error.to_string(),
                })?;
            }
        }
        Ok(())
    }
}

fn asked(event: &str, counter: thalweg_kbuf::Counter) -> Asked<'_> {
    Asked {
        event,
        counter,
        hz: None,
    }
}

fn attr(asked: Asked<'_>) -> PerfAttr {
    PerfAttr {
        kind: asked.counter.kind,
        config: asked.counter.config,
        read_format: READ,
        flags: PerfAttr::DISABLED,
        ..PerfAttr::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_scaled_to_the_time_that_it_was_wanted() {
        let value = |value, time_enabled_ns, time_running_ns| {
            let value = CounterValue {
                value,
                time_enabled_ns,
                time_running_ns,
            };
            value.scaled()
        };
        assert_eq!(value(7, 100, 100), Some(7));
        assert_eq!(value(7, 100, 25), Some(28));
        assert_eq!(value(0, 100, 0), None);
        assert_eq!(value(0, 0, 0), Some(0));
        assert_eq!(value(u64::MAX, 100, 1), None);
    }
}
