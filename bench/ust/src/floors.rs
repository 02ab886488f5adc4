//! What shall hold of the measured, each as one line.
//!
//! Ratios are LTTng-UST's cost in ours, so larger is better, but where a line says "share".

use crate::batches::Batches;
use crate::numbers::Numbers;
use crate::pick::{Pick, median, p99_9};
use crate::verdict::{Floor, Limit};

/// How the rows name the tracers.
pub(crate) const OURS: &str = "thalweg";
pub(crate) const OURS_IN_C: &str = "thalweg-c";
pub(crate) const THEIRS: &str = "lttng-ust";

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) batches: Batches,
    pub(crate) numbers: Numbers,
}

type Number = fn(&Measured, Pick) -> Option<f64>;

const fn at_most(what: &'static str, most: f64, number: Number) -> Floor<Measured> {
    let limit = Limit::AtMost(most);
    Floor {
        what,
        limit,
        number,
    }
}

const fn at_least(what: &'static str, least: f64, number: Number) -> Floor<Measured> {
    let limit = Limit::AtLeast(least);
    Floor {
        what,
        limit,
        number,
    }
}

/// All floors.
pub(crate) static FLOORS: &[Floor<Measured>] = &[
    at_most(
        "control: how far the clock read's cost moved, %",
        5.0,
        |m, pick| Some(100.0 * m.batches.of(OURS, "int", 1)?.drift(pick)?),
    ),
    at_most("one integer, 1 thread: clock reads", 1.25, |m, pick| {
        m.clock_reads("int", 1, pick)
    }),
    at_most("one integer, 2 threads: clock reads", 1.25, |m, pick| {
        m.clock_reads("int", 2, pick)
    }),
    at_least("one integer, 1 thread: ratio", 8.0, |m, pick| {
        m.ratio(OURS, "int", 1, pick)
    }),
    at_least("one integer, 2 threads: ratio", 8.0, |m, pick| {
        m.ratio(OURS, "int", 2, pick)
    }),
    at_most(
        "one integer: 8 threads on 2 processors as share of 2",
        1.1,
        |m, pick| Some(m.event(OURS, "int", 8, pick)? / m.event(OURS, "int", 2, pick)?),
    ),
    at_least("integer and 53 bytes of text: ratio", 7.0, |m, pick| {
        m.ratio(OURS, "text", 1, pick)
    }),
    at_least(
        "3 contexts (vpid, vtid, procname): ratio",
        10.0,
        |m, pick| m.ratio(OURS, "context3", 1, pick),
    ),
    at_least("one integer in C: ratio", 5.0, |m, pick| {
        m.ratio(OURS_IN_C, "int", 1, pick)
    }),
    at_least("three integers in C: ratio", 5.0, |m, pick| {
        m.ratio(OURS_IN_C, "shared", 1, pick)
    }),
    at_most("disabled in C: ns", 0.5, |m, pick| {
        m.event(OURS_IN_C, "disabled", 1, pick)
    }),
    at_most("inside 75 ns of dependent work: ns", 2.0, |m, pick| {
        m.event(OURS, "inside", 1, pick)
    }),
    at_most(
        "inside 75 ns of dependent work: share of LTTng's",
        0.05,
        |m, pick| Some(m.ratio(OURS, "inside", 1, pick)?.recip()),
    ),
    at_most("disabled: ns", 0.1, |m, pick| {
        m.event(OURS, "disabled", 1, pick)
    }),
    at_most("refused by a filter: ns", 3.0, |m, pick| {
        m.event(OURS, "refused", 1, pick)
    }),
    at_most("cold, median: share of LTTng's", 0.333, |m, _| {
        Some(m.cold(OURS, median)? / m.cold(THEIRS, median)?)
    }),
    at_most("cold, 99.9th percentile: share of LTTng's", 0.2, |m, _| {
        Some(m.cold(OURS, p99_9)? / m.cold(THEIRS, p99_9)?)
    }),
    at_most("memory of an idle process: KiB", 100.0, |m, pick| {
        m.numbers.of(OURS, "idle_kib", pick)
    }),
    at_most(
        "memory of a thread that emitted one event: KiB",
        16.0,
        |m, pick| m.numbers.of(OURS, "thread_kib", pick),
    ),
    at_most(
        "memory of an idle process: share of LTTng's",
        0.25,
        |m, pick| m.share("idle_kib", pick),
    ),
    at_most(
        "memory of 1,000 threads' process: share of LTTng's",
        0.25,
        |m, pick| m.share("process_kib", pick),
    ),
    at_most(
        "collector's CPU time an event: share of LTTng's",
        1.0,
        |m, pick| m.share("collector_ns", pick),
    ),
    at_most(
        "collector's CPU time a byte: share of LTTng's",
        0.5,
        |m, pick| m.share("collector_ns_byte", pick),
    ),
    at_most("blocking: ns on the wall", 60.0, |m, pick| {
        m.numbers.of(OURS, "blocking_wall_ns", pick)
    }),
    at_least("one integer, overwriting: ratio", 8.0, |m, pick| {
        m.ratio(OURS, "overwrite", 1, pick)
    }),
    at_least("zero-loss rate: in LTTng's", 8.0, |m, pick| {
        m.share("zero_loss_rate", pick)
    }),
];

impl Measured {
    /// What the event costs.
    fn event(&self, tracer: &str, case: &str, threads: u32, pick: Pick) -> Option<f64> {
        Some(self.batches.of(tracer, case, threads)?.event(pick))
    }

    /// What our event costs in reads of the clock.
    fn clock_reads(&self, case: &str, threads: u32, pick: Pick) -> Option<f64> {
        let rows = self.batches.of(OURS, case, threads)?;
        Some(rows.event(pick) / rows.clock(pick))
    }

    /// What LTTng's event costs in ours, by one of our interfaces.
    pub(crate) fn ratio(&self, tracer: &str, case: &str, threads: u32, pick: Pick) -> Option<f64> {
        let theirs = self.event(THEIRS, case, threads, pick)?;
        Some(theirs / self.event(tracer, case, threads, pick)?)
    }

    /// Ours in LTTng's.
    fn share(&self, what: &str, pick: Pick) -> Option<f64> {
        let ours = self.numbers.of(OURS, what, pick)?;
        Some(ours / self.numbers.of(THEIRS, what, pick)?)
    }

    /// What a cold event costs, over two reads of the counter with nothing between.
    pub(crate) fn cold(&self, tracer: &str, pick: Pick) -> Option<f64> {
        let bare = self.numbers.of(tracer, "cold_bare", median)?;
        Some(self.numbers.of(tracer, "cold", pick)? - bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One batch of 1 event: ours costs `event` ns, the clock 10.
    fn batch(tracer: &str, case: &str, threads: u32, event: f64) -> String {
        [1, 2]
            .map(|round| format!("{round},{tracer},{case},{threads},0,0,1,0,{event},10\n"))
            .concat()
    }

    #[track_caller]
    fn check(batches: &str, numbers: &str, expected: &[&str]) {
        let measured = Measured {
            batches: Batches::read(batches).unwrap(),
            numbers: Numbers::read(numbers).unwrap(),
        };
        let verdicts = FLOORS
            .iter()
            .map(|floor| (floor.what, floor.judge(&measured)));
        let kept: Vec<&str> = verdicts
            .filter_map(|(what, verdict)| verdict.holds().then_some(what))
            .collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn without_a_measurement_no_floor_is_kept() {
        check("", "", &[]);
    }

    #[test]
    fn an_integer_at_the_floors_keeps_them_and_above_does_not() {
        let control = "control: how far the clock read's cost moved, %";
        let both = |ours, theirs| batch(OURS, "int", 1, ours) + &batch(THEIRS, "int", 1, theirs);
        let (clock, ratio) = (
            "one integer, 1 thread: clock reads",
            "one integer, 1 thread: ratio",
        );
        check(&both(12.5, 100.0), "", &[control, clock, ratio]);
        check(&both(12.5, 99.0), "", &[control, clock]);
        check(&both(12.6, 110.0), "", &[control, ratio]);
    }

    #[test]
    fn eight_threads_may_be_a_tenth_dearer_than_two() {
        let found = |eight| batch(OURS, "int", 2, 20.0) + &batch(OURS, "int", 8, eight);
        let what = "one integer: 8 threads on 2 processors as share of 2";
        check(&found(22.0), "", &[what]);
        check(&found(22.1), "", &[]);
    }

    #[test]
    fn a_cold_event_is_what_is_over_the_bare_reads() {
        let numbers = |ours: f64| {
            format!(
                "1,thalweg,cold,{ours}\n1,thalweg,cold_bare,50\n1,lttng-ust,cold,650\n1,lttng-ust,cold_bare,50\n"
            )
        };
        let (half, tail) = (
            "cold, median: share of LTTng's",
            "cold, 99.9th percentile: share of LTTng's",
        );
        check("", &numbers(170.0), &[half, tail]);
        check("", &numbers(249.0), &[half]);
        check("", &numbers(251.0), &[]);
    }
}
