//! What is said of events that are in no table.

use thalweg_kernel::WatchCounts;

use crate::number::counted;

/// A line for each reason.
pub(super) fn of_uncounted(counts: &WatchCounts, crowded_out: u64, groups: u32) -> Vec<String> {
    let room = groups.saturating_mul(4).min(1 << 20);
    let of = |number: u64, why: String| {
        (number > 0).then(|| format!("not counted: {}: {why}", counted(number, "event")))
    };
    let lines = [
        of(
            counts.lost,
            format!("there were more than {groups} groups at a time; try --groups {room}"),
        ),
        of(
            crowded_out,
            "there were too many groups in all; a filter or fewer keys help".to_owned(),
        ),
        of(
            counts.unknown,
            "a text was longer than what programs in the kernel look at, or not in memory, or a \
             number has no value"
                .to_owned(),
        ),
        of(
            counts.missed,
            "the kernel was running another program of ours on that processor".to_owned(),
        ),
        of(
            counts.unbegun,
            "system calls that had begun before, and have no latency".to_owned(),
        ),
        of(
            counts.lost_begins,
            "more threads than there is room for were in system calls".to_owned(),
        ),
    ];
    let buckets = (counts.lost_buckets > 0).then(|| {
        let numbers = counted(counts.lost_buckets, "number");
        format!("in no bucket: {numbers}: there were too many groups; try --groups {room}")
    });
    lines.into_iter().flatten().chain(buckets).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_with_its_number() {
        assert!(of_uncounted(&WatchCounts::default(), 0, 64).is_empty());
        let counts = WatchCounts {
            lost: 1,
            unbegun: 2000,
            ..WatchCounts::default()
        };
        let lines = of_uncounted(&counts, 0, 64);
        assert_eq!(
            lines,
            [
                "not counted: 1 event: there were more than 64 groups at a time; try --groups 256",
                "not counted: 2 000 events: system calls that had begun before, and have no latency",
            ]
        );
    }
}
