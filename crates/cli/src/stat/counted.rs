//! What was counted.

use std::time::Duration;

use thalweg_kernel::{CounterSet, CounterValue, Error, PerfEventName, PerfScope, Track};

/// Whose doings are counted.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// What this thread starts, from the execution on.
    Started(u32),
    Processes(Vec<u32>),
    Everybody,
}

/// An event and its counter, or why there is none.
pub(super) struct Counter {
    name: PerfEventName,
    set: Result<CounterSet, Error>,
}

/// A row of the result.
pub(super) struct Row {
    pub(super) event: String,
    pub(super) is_clock: bool,
    pub(super) value: Result<CounterValue, String>,
}

/// The result.
pub(super) struct Counted {
    pub(super) rows: Vec<Row>,
    pub(super) elapsed: Duration,
    pub(super) notes: Vec<String>,
}

impl Counter {
    /// Opens a counter; that there is no such tracepoint or process is an error at once.
    pub(super) fn open(name: &PerfEventName, whose: &Whose) -> Result<Self, Error> {
        name.find()?;
        let set = match whose {
            Whose::Started(thread) => CounterSet::of_started(name, *thread),
            Whose::Processes(processes) => {
                let track = Track {
                    processes: processes.clone(),
                    ..Track::default()
                };
                CounterSet::of_threads(name, &track)
            }
            Whose::Everybody => {
                CounterSet::on_cpus(std::slice::from_ref(name), &PerfScope::Everything)
            }
        };
        match set {
            Err(error @ Error::NoProcess { .. }) => Err(error),
            set => Ok(Self {
                name: name.clone(),
                set,
            }),
        }
    }

    /// Why there is none.
    pub(super) fn refusal(&self) -> Option<&Error> {
        self.set.as_ref().err()
    }

    /// Counts from now on.
    pub(super) fn enable(&self) -> Result<(), Error> {
        self.set.as_ref().map_or(Ok(()), CounterSet::enable)
    }

    pub(super) fn disable(&self) -> Result<(), Error> {
        self.set.as_ref().map_or(Ok(()), CounterSet::disable)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.set.as_ref().map_or(true, CounterSet::is_settled)
    }

    pub(super) fn row(&self) -> Row {
        let value = match &self.set {
            Err(error) => Err(error.to_string()),
            Ok(set) => set
                .counts()
                .iter()
                .try_fold(CounterValue::default(), |_, count| {
                    count.read().map_err(|error| error.to_string())
                }),
        };
        Row {
            event: self.name.to_string(),
            is_clock: self.name.is_clock(),
            value,
        }
    }
}
