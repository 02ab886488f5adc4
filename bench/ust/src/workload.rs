//! The events that are measured, each as three loops of the same shape.
//!
//! ```text
//!   empty    the loop alone, with the work around the event where there is some
//!   event    the same with the event
//!   clock    the same with a read of the time-stamp counter instead
//! ```
//!
//! Invariant: `peer/workload.c` has the same table, with the same turns and the same bytes.

use std::hint::black_box;

use thalweg_sys::time_stamp_counter;

/// One kind of event.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Events of a measured batch: less than the rings hold, so that nothing needs to be discarded.
    pub(crate) batch: u64,
    pub(crate) empty: fn(u64),
    pub(crate) event: fn(u64),
    pub(crate) clock: fn(u64),
    /// Whether what was emitted in batches shall be recorded.
    pub(crate) is_recorded: bool,
    /// Turns of the event's loop after all batches, and how many of them shall be recorded.
    pub(crate) finale: (u64, u64),
}

/// More turns than a batch has: the last one has a number that no batch has, and the refusing filter
/// (`a == 60000`) lets it pass. So the trace shows that the event was enabled.
const BEYOND_ANY_BATCH: u64 = 60_001;

const fn plain(name: &'static str, batch: u64, event: fn(u64)) -> Workload {
    Workload {
        name,
        batch,
        empty,
        event,
        clock,
        is_recorded: true,
        finale: (0, 0),
    }
}

/// All of them. What is larger comes in smaller batches.
static WORKLOADS: [Workload; 10] = [
    plain("shared", 50_000, shared),
    plain("int", 50_000, ints),
    plain("none", 50_000, none),
    plain("bytes16", 50_000, bytes16),
    plain("bytes64", 20_000, bytes64),
    plain("bytes256", 10_000, bytes256),
    plain("text", 20_000, texts),
    plain("context", 20_000, ints),
    Workload {
        is_recorded: false,
        finale: (BEYOND_ANY_BATCH, 1),
        ..plain("refused", 50_000, ints)
    },
    Workload {
        empty: inside_empty,
        clock: inside_clock,
        ..plain("inside", 50_000, inside_event)
    },
];

impl Workload {
    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|workload| workload.name == name)
    }
}

/// The numbers below `count`, by steps of one that the optimiser does not know to be one: else it
/// unrolls the empty loop, which has no branch of its own, and no other.
fn turns(count: u64) -> impl Iterator<Item = u64> {
    let step = black_box(1);
    let mut next = 0_u64;
    std::iter::from_fn(move || {
        let turn = (next != count).then_some(next);
        next = next.wrapping_add(step);
        turn
    })
}

/// A loop that does something each turn, with the turn's number hidden from the optimiser.
macro_rules! each {
    ($visibility:vis $name:ident, $number:ident => $body:expr) => {
        #[inline(never)]
        $visibility fn $name(count: u64) {
            for $number in turns(count) {
                let $number = black_box($number);
                $body;
            }
        }
    };
}

static BYTES: [u8; 256] = [0; 256];
static TEXT: &str = "a string of fifty-three bytes, as long as a log line.";
const _: () = assert!(TEXT.len() == 53, "as in peer/workload.c");

/// The first bytes of `BYTES`, at an address that the optimiser does not know.
fn bytes<const LEN: usize>() -> &'static [u8; LEN] {
    black_box(BYTES.first_chunk().expect("there are as many"))
}

each!(empty, number => { let _ = number; });
each!(clock, number => { let _ = number; black_box(time_stamp_counter()); });
each!(shared, number => thalweg::event!("bench:ev", Info, { a: u64 = number, b: u32 = number as u32, c: u32 = 7 }));
each!(none, number => { let _ = number; thalweg::event!("bench:none", Info); });
each!(texts, number => thalweg::event!("bench:text", Info, { a: u64 = number, text: &str = black_box(TEXT) }));
each!(bytes16, number => { let _ = number; thalweg::event!("bench:bytes16", Info, { data: &[u8; 16] = bytes() }) });
each!(bytes64, number => { let _ = number; thalweg::event!("bench:bytes64", Info, { data: &[u8; 64] = bytes() }) });
each!(bytes256, number => { let _ = number; thalweg::event!("bench:bytes256", Info, { data: &[u8; 256] = bytes() }) });
each!(pub(crate) ints, number => thalweg::event!("bench:int", Info, { a: u64 = number }));

/// Dependent multiplications and additions: so many that they take about 75 ns, says the script.
fn work(x: f64, steps: u32) -> f64 {
    (0..steps).fold(x, |x, _| x * 0.999 + 0.001)
}

fn steps() -> u32 {
    let said = std::env::var("BENCH_WORK_STEPS").ok();
    said.and_then(|steps| steps.parse().ok())
        .unwrap_or(DEFAULT_STEPS)
}

/// As in `peer/workload.c`.
const DEFAULT_STEPS: u32 = 50;

/// A loop that does the work each turn, and something else that does not depend on it.
macro_rules! inside {
    ($name:ident, $number:ident => $body:expr) => {
        #[inline(never)]
        fn $name(count: u64) {
            let (mut x, steps) = (3.0, steps());
            for $number in turns(count) {
                x = work(x, steps);
                let $number = black_box($number);
                $body;
            }
            black_box(x);
        }
    };
}

inside!(inside_empty, number => { let _ = number; });
inside!(inside_event, number => thalweg::event!("bench:inside", Info, { a: u64 = number }));
inside!(inside_clock, number => { let _ = number; black_box(time_stamp_counter()); });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lttng_s_program_has_the_same_table() {
        let source = include_str!("../peer/workload.c");
        let rows = source.lines().filter_map(|line| {
            let row = line.trim().strip_prefix("{ \"")?.strip_suffix(" },")?;
            Some(
                row.replace('"', "")
                    .split(", ")
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            )
        });
        let theirs: Vec<[String; 5]> = rows
            .map(|row| [0, 1, 5, 6, 7].map(|at| row[at].clone()))
            .collect();
        let ours = WORKLOADS.each_ref().map(|workload| {
            let (turns, recorded) = workload.finale;
            [
                workload.name.to_owned(),
                workload.batch.to_string(),
                u64::from(workload.is_recorded).to_string(),
                turns.to_string(),
                recorded.to_string(),
            ]
        });
        assert_eq!(theirs, ours);
    }

    #[test]
    fn a_loop_has_as_many_turns_as_it_is_told() {
        assert_eq!(turns(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(turns(0).count(), 0);
    }
}
