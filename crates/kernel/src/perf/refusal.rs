//! Why the kernel refuses an event, in words that say what to do.

use std::fs;
use std::io;

use rustix::io::Errno;
use thalweg_kbuf::Counter;

use crate::Error;

const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";
const MOST_HZ: &str = "/proc/sys/kernel/perf_event_max_sample_rate";

/// What was asked of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) event: &'a str,
    pub(super) counter: Counter,
    /// Samples a second, if it is sampled.
    pub(super) hz: Option<u64>,
}

impl Asked<'_> {
    pub(super) fn refused(self, error: &io::Error) -> Error {
        Error::Perf {
            event: self.event.to_owned(),
            why: self.why(error),
        }
    }

    fn why(self, error: &io::Error) -> String {
        let most_hz = || number_in(MOST_HZ).unwrap_or(u64::MAX);
        match Errno::from_io_error(error) {
            Some(Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV | Errno::NXIO)
                if self.counter.is_of_processor() =>
            {
                "this machine does not let programs use the processor's counters (virtual machines often \
                 have none); cpu-clock, task-clock, page-faults, context-switches and others of the kernel \
                 are there"
                    .to_owned()
            }
            Some(Errno::ACCESS | Errno::PERM) => {
                let level = number_in(PARANOID).map_or_else(|| "?".to_owned(), |n| n.to_string());
                format!(
                    "permission denied; run as root, or with the capability CAP_PERFMON, or ask for a \
                     lower {PARANOID} (it is {level})"
                )
            }
            Some(Errno::TOOBIG) => {
                "too many events at once for counters in each of them: name fewer".to_owned()
            }
            Some(Errno::MFILE | Errno::NFILE) => {
                "too many open files: each thread needs one for each CPU and event; raise `ulimit -n`"
                    .to_owned()
            }
            Some(Errno::INVAL) if self.hz.is_some_and(|hz| hz > most_hz()) => {
                format!("the kernel takes at most {} samples a second ({MOST_HZ})", most_hz())
            }
            _ => error.to_string(),
        }
    }
}

fn number_in(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: u32, hz: Option<u64>, errno: Errno, expected: &str) {
        let counter = Counter { kind, config: 0 };
        let asked = Asked {
            event: "x",
            counter,
            hz,
        };
        let told = asked.refused(&errno.into()).to_string();
        assert!(told.starts_with("use the event x: "), "{told}");
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        check(0, None, Errno::NOENT, "processor's counters");
        check(1, None, Errno::NOENT, "No such file");
        check(1, None, Errno::ACCESS, "CAP_PERFMON");
        check(1, None, Errno::MFILE, "ulimit -n");
        check(1, Some(u64::MAX), Errno::INVAL, "samples a second");
        check(1, Some(1), Errno::INVAL, "Invalid argument");
    }
}
