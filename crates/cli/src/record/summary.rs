//! What is said when a recording has ended.
//!
//! ```text
//! recorded 1 204 331 events in 12.3 s: 38.2 MiB in web-0712
//!   kernel           1 200 000 events      512 discarded: its ring was full; try --kernel-buffer 16M
//!   shop[4711]           4 331 events
//! read it: thalweg view web-0712
//!          babeltrace2 web-0712
//! ```

use std::fmt::Write;
use std::path::Path;

use thalweg_collect::{Snapshot, SourceSummary, Summary};
use thalweg_model::LossCause;

use super::advice::{Sizes, words};
use crate::number::{counted, duration, grouped, size};

/// More sources than this are told in one line.
const MOST_SOURCES: usize = 20;
/// What the kernel's sources are called.
const KERNEL: [&str; 5] = [
    "kernel",
    "kernel, with call stacks",
    "system calls",
    "samples",
    "threads and mappings",
];

fn is_kernel(source: &SourceSummary) -> bool {
    KERNEL.contains(&source.name.as_str())
}

/// The summary as text; `path` as the user knows it.
pub(crate) fn text(summary: &Summary, path: &Path, sizes: Sizes) -> String {
    let mut out = format!(
        "recorded {} in {}: {} in {}\n",
        counted(summary.events(), "event"),
        duration(summary.duration),
        size(summary.bytes),
        path.display()
    );
    sources(&mut out, &summary.sources, sizes);
    if let Some(error) = &summary.storage_error {
        let _ = writeln!(out, "the trace is not complete: failed to {error}");
    }
    for note in &summary.notes {
        let _ = writeln!(out, "note: {note}");
    }
    if summary.events() == 0 {
        out.push_str(match summary.sources.is_empty() {
            true => "there is nothing to read: no program with events of thalweg's has run",
            false => "there is nothing to read: no event was wanted; see -u, --filter and -k",
        });
        return out;
    }
    let path = quoted(path);
    let _ = write!(
        out,
        "read it: thalweg view {path}\n         babeltrace2 {path}"
    );
    out
}

/// Those with losses first in importance: they are never among the ones that are left out.
fn sources(out: &mut String, sources: &[SourceSummary], sizes: Sizes) {
    let mut order: Vec<&SourceSummary> = sources.iter().collect();
    order.sort_by_key(|source| {
        let quiet = source.discarded.is_empty();
        (!is_kernel(source), quiet, std::cmp::Reverse(source.events))
    });
    let noisy = order
        .iter()
        .filter(|source| !source.discarded.is_empty())
        .count();
    let shown = order.len().min(MOST_SOURCES.max(noisy + 1));
    let name_width = order[..shown]
        .iter()
        .map(|s| s.name.chars().count())
        .max()
        .unwrap_or(0);
    let count_width = order[..shown]
        .iter()
        .map(|s| grouped(s.events).len())
        .max()
        .unwrap_or(0);
    for source in &order[..shown] {
        let (name, events) = (&source.name, grouped(source.events));
        let noun = if source.events == 1 {
            "event"
        } else {
            "events"
        };
        let _ = writeln!(out, "  {name:name_width$}  {events:>count_width$} {noun}");
        for (cause, count) in &source.discarded {
            let why = words(*cause, is_kernel(source), sizes);
            let fate = fate(*cause);
            let _ = writeln!(out, "    {} {fate}: {why}", grouped(*count));
        }
    }
    if let rest @ [_, ..] = &order[shown..] {
        let events = rest.iter().map(|source| source.events).sum();
        let (sources, events) = (grouped(rest.len() as u64), counted(events, "event"));
        let _ = writeln!(out, "  and {sources} more with {events}, none discarded");
    }
}

/// What became of events that are missing.
fn fate(cause: LossCause) -> &'static str {
    match cause {
        LossCause::Overwritten => "overwritten",
        _ => "discarded",
    }
}

/// What is said of a snapshot.
pub(crate) fn of_snapshot(taken: &Snapshot) -> String {
    format!(
        "snapshot: {} and {} of state dumps in {}; {} before them overwritten or discarded",
        counted(taken.events, "event"),
        grouped(taken.dumped),
        taken.path.display(),
        grouped(taken.missing)
    )
}

/// What is said when programs' state is told again.
pub(crate) fn of_states(programs: usize) -> String {
    format!(
        "the state of {} is being told again",
        counted(programs as u64, "program")
    )
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn source(name: &str, events: u64, discarded: &[(LossCause, u64)]) -> SourceSummary {
        SourceSummary {
            name: name.to_owned(),
            events,
            discarded: discarded.to_vec(),
        }
    }

    #[track_caller]
    fn check(sources: Vec<SourceSummary>, storage_error: Option<&str>, expected: &str) {
        let summary = Summary {
            path: "/tmp/a b".into(),
            duration: Duration::from_millis(12_340),
            bytes: 40_055_603,
            sources,
            storage_error: storage_error.map(str::to_owned),
            notes: vec!["a thing to know".to_owned()],
        };
        let sizes = Sizes {
            ring_bytes: 64 << 20,
            kernel_bytes: 8 << 20,
        };
        assert_eq!(text(&summary, Path::new("a b"), sizes), expected);
    }

    #[test]
    fn each_source_is_told_with_what_it_lost_and_why() {
        check(
            vec![
                source("shop[4711]", 4331, &[]),
                source("kernel", 1_200_000, &[(LossCause::RingFull, 512)]),
                source(
                    "bad[1]",
                    1,
                    &[
                        (LossCause::Overwritten, 1000),
                        (LossCause::AbiViolation, 2),
                        (LossCause::Storage, 3),
                    ],
                ),
            ],
            Some("write a b/kernel/s: no space left"),
            "recorded 1 204 332 events in 12.3 s: 38.2 MiB in a b\n  \
             kernel      1 200 000 events\n    \
             512 discarded: its ring was full; try --kernel-buffer 16M\n  \
             bad[1]              1 event\n    \
             1 000 overwritten: newer events took their place; try --ring-size 128M\n    \
             2 discarded: the program has overwritten its ring\n    \
             3 discarded: the disk refused them; make room, or choose another disk with -o\n  \
             shop[4711]      4 331 events\n\
             the trace is not complete: failed to write a b/kernel/s: no space left\n\
             note: a thing to know\n\
             read it: thalweg view 'a b'\n         babeltrace2 'a b'",
        );
    }

    #[test]
    fn a_snapshot_is_told_in_one_line() {
        let taken = Snapshot {
            path: "/tmp/t/snapshot-0".into(),
            events: 1204,
            missing: 7,
            dumped: 30,
            notes: Vec::new(),
        };
        assert_eq!(
            of_snapshot(&taken),
            "snapshot: 1 204 events and 30 of state dumps in /tmp/t/snapshot-0; 7 before them \
             overwritten or discarded"
        );
    }

    #[test]
    fn an_empty_trace_is_not_recommended() {
        check(
            Vec::new(),
            None,
            "recorded 0 events in 12.3 s: 38.2 MiB in a b\nnote: a thing to know\n\
             there is nothing to read: no program with events of thalweg's has run",
        );
    }

    #[test]
    fn many_quiet_programs_are_told_in_one_line() {
        let mut sources: Vec<_> = (0..30)
            .map(|n| source(&format!("p[{n}]"), 2, &[]))
            .collect();
        sources.push(source("q[1]", 0, &[(LossCause::Torn, 1)]));
        let mut out = String::new();
        super::sources(
            &mut out,
            &sources,
            Sizes {
                ring_bytes: 1,
                kernel_bytes: 1,
            },
        );
        assert!(
            out.starts_with("  q[1]   0 events\n    1 discarded: "),
            "{out}"
        );
        assert!(
            out.ends_with("  and 11 more with 22 events, none discarded\n"),
            "{out}"
        );
    }
}
