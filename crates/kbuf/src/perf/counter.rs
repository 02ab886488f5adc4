//! What `perf_event_open` can count, by the names that LTTng and perf have for it.

/// A counter as `perf_event_open` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Who counts: the processor, the kernel, …
    pub kind: u32,
    /// What it counts.
    pub config: u64,
}

const HARDWARE: u32 = 0;
const SOFTWARE: u32 = 1;
const CACHE: u32 = 3;
const RAW: u32 = 4;

/// Counters of the processor, and of the kernel.
const NAMED: [(&str, u32, u64); 27] = [
    ("cpu-cycles", HARDWARE, 0),
    ("cycles", HARDWARE, 0),
    ("instructions", HARDWARE, 1),
    ("cache-references", HARDWARE, 2),
    ("cache-misses", HARDWARE, 3),
    ("branch-instructions", HARDWARE, 4),
    ("branches", HARDWARE, 4),
    ("branch-misses", HARDWARE, 5),
    ("bus-cycles", HARDWARE, 6),
    ("stalled-cycles-frontend", HARDWARE, 7),
    ("idle-cycles-frontend", HARDWARE, 7),
    ("stalled-cycles-backend", HARDWARE, 8),
    ("idle-cycles-backend", HARDWARE, 8),
    ("cpu-clock", SOFTWARE, 0),
    ("task-clock", SOFTWARE, 1),
    ("page-fault", SOFTWARE, 2),
    ("page-faults", SOFTWARE, 2),
    ("faults", SOFTWARE, 2),
    ("context-switches", SOFTWARE, 3),
    ("cs", SOFTWARE, 3),
    ("cpu-migrations", SOFTWARE, 4),
    ("migrations", SOFTWARE, 4),
    ("minor-faults", SOFTWARE, 5),
    ("major-faults", SOFTWARE, 6),
    ("alignment-faults", SOFTWARE, 7),
    ("emulation-faults", SOFTWARE, 8),
    ("branch-loads", CACHE, 5),
];

/// Caches, and what can happen in them.
const CACHES: [(&str, u64); 6] = [
    ("L1-dcache", 0),
    ("L1-icache", 1),
    ("LLC", 2),
    ("dTLB", 3),
    ("iTLB", 4),
    ("branch", 5),
];
const HAPPENINGS: [(&str, u64); 6] = [
    ("loads", 0),
    ("load-misses", 1 << 16),
    ("stores", 1 << 8),
    ("store-misses", 1 << 8 | 1 << 16),
    ("prefetches", 2 << 8),
    ("prefetch-misses", 2 << 8 | 1 << 16),
];

impl Counter {
    /// Names, for people: the counters that have one of their own.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, ..)| *name)
    }

    /// Whether the processor's counters are needed for it.
    pub const fn is_of_processor(self) -> bool {
        matches!(self.kind, HARDWARE | CACHE | RAW)
    }

    /// Whether it counts nanoseconds.
    pub const fn is_clock(self) -> bool {
        self.kind == SOFTWARE && self.config <= 1
    }

    /// The counter of a name: `task-clock`, `L1-dcache-load-misses`, `raw:rC4:branches`.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(raw) = name.strip_prefix("raw:r") {
            let (digits, title) = raw.split_once(':')?;
            let config = u64::from_str_radix(digits, 16).ok()?;
            return (!title.is_empty()).then_some(Self { kind: RAW, config });
        }
        let named = NAMED.iter().find(|(known, ..)| *known == name);
        let named = named.map(|&(_, kind, config)| Self { kind, config });
        named.or_else(|| Self::of_cache(name))
    }

    fn of_cache(name: &str) -> Option<Self> {
        CACHES.iter().find_map(|&(cache, id)| {
            let happening = name.strip_prefix(cache)?.strip_prefix('-')?;
            let &(_, bits) = HAPPENINGS.iter().find(|(known, _)| *known == happening)?;
            let config = id | bits;
            Some(Self {
                kind: CACHE,
                config,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(u32, u64)>) {
        let found = Counter::named(name).map(|counter| (counter.kind, counter.config));
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn names_are_lttngs() {
        check("task-clock", Some((1, 1)));
        check("page-fault", Some((1, 2)));
        check("cs", Some((1, 3)));
        check("cycles", Some((0, 0)));
        check("L1-dcache-load-misses", Some((3, 0x1_0000)));
        check("LLC-store-misses", Some((3, 0x1_0102)));
        check("dTLB-prefetches", Some((3, 0x203)));
        check("branch-load-misses", Some((3, 0x1_0005)));
        check("raw:rC4:branches", Some((4, 0xc4)));
        for wrong in [
            "",
            "clock",
            "L1-dcache",
            "L2-loads",
            "raw:r",
            "raw:rC4",
            "raw:rxy:a",
            "raw:r1:",
        ] {
            check(wrong, None);
        }
    }
}
