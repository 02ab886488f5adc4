//! The kernel's own counters of a per-CPU ring: `per_cpu/cpuN/stats`.

use crate::TraceClock;

/// What the kernel counts for a CPU, since the instance was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// Events in the ring that nobody has read.
    pub entries: u64,
    /// Events that newer ones overwrote.
    pub overrun: u64,
    /// Events that had no room because they interrupted too many others.
    pub commit_overrun: u64,
    /// Events that found the ring full.
    pub dropped_events: u64,
    /// Events that were read.
    pub read_events: u64,
    /// The time of the oldest event in the ring.
    pub oldest: u64,
    /// The trace clock when the counters were read.
    pub now: u64,
}

impl CpuStats {
    /// Events that happened and cannot be read any more.
    pub const fn lost(&self) -> u64 {
        self.overrun
            .saturating_add(self.commit_overrun)
            .saturating_add(self.dropped_events)
    }

    /// Every event that the kernel meant to record.
    pub const fn produced(&self) -> u64 {
        self.lost()
            .saturating_add(self.read_events)
            .saturating_add(self.entries)
    }

    /// Parses the file; `None` if one of the counters is not there.
    pub(crate) fn parse(text: &str, clock: TraceClock) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.strip_prefix(':')?.trim())
        };
        let count = |name| value(name)?.parse().ok();
        let time = |name| value(name).and_then(|text| clock.parse_time(text));
        let time = |name| time(name).unwrap_or(0);
        Some(Self {
            entries: count("entries")?,
            overrun: count("overrun")?,
            commit_overrun: count("commit overrun")?,
            dropped_events: count("dropped events")?,
            read_events: count("read events")?,
            oldest: time("oldest event ts"),
            now: time("now ts"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "entries: 51\noverrun: 2\ncommit overrun: 3\nbytes: 1944\n\
        oldest event ts: 6370659602818\nnow ts: 6370678778747\ndropped events: 7\nread events: 9\n";

    #[test]
    fn counters_are_read_by_their_names() {
        let stats = CpuStats::parse(TEXT, TraceClock::X86Tsc).unwrap();
        assert_eq!(
            (stats.lost(), stats.produced(), stats.oldest, stats.now),
            (12, 72, 6_370_659_602_818, 6_370_678_778_747)
        );
        assert_eq!(CpuStats::parse("entries: 1\n", TraceClock::X86Tsc), None);
    }
}
