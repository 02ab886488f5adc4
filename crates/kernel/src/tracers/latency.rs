//! The kernel's latency tracers.
//!
//! ```text
//!   osnoise, timerlat, hwlat        a record for each measurement, in the instance's ring     events
//!   wakeup…, irqsoff, preemptoff…   the longest so far, as a text, whose ring is their own    read at intervals
//! ```

use std::fs;
use std::str::FromStr;

use thalweg_kbuf::Naming;

use super::offered::{has_tracer, kernel_has};
use crate::instance::Instance;
use crate::{Error, KernelConfig, KernelEvent, KnownEvent, Tracefs};

/// Those that record measurements.
const MEASURING: [&str; 3] = ["osnoise", "timerlat", "hwlat"];
/// Those that keep the longest.
const KEEPING: [&str; 6] = [
    "wakeup",
    "wakeup_rt",
    "wakeup_dl",
    "irqsoff",
    "preemptoff",
    "preemptirqsoff",
];
/// No report of a latency is longer.
const REPORT: usize = 16 << 10;

/// A latency tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyTracer {
    name: &'static str,
    keeps_longest: bool,
}

impl FromStr for LatencyTracer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let find = |names: &[&'static str]| names.iter().copied().find(|name| *name == text);
        let found = find(&MEASURING).map(|name| (name, false));
        let found = found.or_else(|| find(&KEEPING).map(|name| (name, true)));
        let (name, keeps_longest) = found.ok_or_else(|| {
            format!(
                "it is none of {}, {}",
                MEASURING.join(", "),
                KEEPING.join(", ")
            )
        })?;
        Ok(Self {
            name,
            keeps_longest,
        })
    }
}

impl LatencyTracer {
    /// The kernel's name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether it tells of the longest latency alone, and has the ring for itself.
    pub const fn keeps_longest(self) -> bool {
        self.keeps_longest
    }

    fn refused(self, why: impl Into<String>) -> Error {
        Error::Trigger {
            what: format!("the tracer {}", self.name),
            why: why.into(),
        }
    }

    /// Sets it.
    pub(super) fn arm(
        self,
        tracefs: &Tracefs,
        config: &KernelConfig,
        instance: &Instance,
    ) -> Result<(), Error> {
        if config.functions.is_some() {
            return Err(self.refused("functions are traced: an instance has one tracer"));
        }
        if self.keeps_longest && (!config.rules.is_empty() || config.has_records()) {
            return Err(self.refused(
                "it has the instance's ring for itself; record other events of tracefs with another recorder",
            ));
        }
        has_tracer(tracefs, instance, self.name).map_err(|why| self.refused(why))?;
        // The functions in between are another tracer's part.
        let _ = instance.try_write("options/function-trace", "0");
        let set = instance.try_write("current_tracer", self.name);
        set.map_err(|error| self.refused(error.to_string()))
    }

    /// The event that its records are.
    pub(super) fn event(
        self,
        tracefs: &Tracefs,
        naming: Naming,
    ) -> Result<Option<KernelEvent>, Error> {
        if self.keeps_longest {
            return Ok(None);
        }
        kernel_has(tracefs, self.name).map_err(|why| self.refused(why))?;
        let known = KnownEvent {
            system: "ftrace".to_owned(),
            kernel_name: self.name.to_owned(),
            name: self.name.to_owned(),
        };
        let format = tracefs.format(&known)?;
        Ok(Some(KernelEvent::new("ftrace", &format, naming)))
    }
}

/// The longest latency so far, in microseconds, and the kernel's words on it; none if there was none yet.
pub(crate) fn longest(instance: &Instance) -> Result<Option<(u64, String)>, Error> {
    let longest = instance.read_number("tracing_max_latency").unwrap_or(0);
    if longest == 0 {
        return Ok(None);
    }
    let path = instance.path("trace");
    // Names of threads are any bytes.
    let mut bytes = fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
    bytes.truncate(REPORT);
    bytes.retain(|byte| *byte != 0);
    let report = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some((longest as u64, report)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracers_are_known_by_what_they_tell() {
        let tracer = |name: &str| name.parse::<LatencyTracer>();
        assert!(!tracer("osnoise").unwrap().keeps_longest());
        assert!(tracer("wakeup_rt").unwrap().keeps_longest());
        assert_eq!(
            tracer("blk").unwrap_err(),
            "it is none of osnoise, timerlat, hwlat, wakeup, wakeup_rt, wakeup_dl, irqsoff, preemptoff, \
             preemptirqsoff"
        );
    }
}
