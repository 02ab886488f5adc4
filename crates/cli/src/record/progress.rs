//! The progress line: on a terminal, in its bottom row, gone before the summary.

use std::time::{Duration, Instant};

use thalweg_collect::Progress;

use super::bottom::BottomRow;
use super::terminal;
use crate::number::{counted, grouped, size};

/// How often it changes; a recording that is shorter shows none.
const PERIOD: Duration = Duration::from_millis(500);

/// Shows how a recording is going.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    enabled: bool,
    row: BottomRow,
    due: Instant,
    last: Progress,
}

impl ProgressLine {
    /// A line, if anybody can see it.
    pub(crate) fn new(wanted: bool) -> Self {
        let enabled = wanted && terminal::is_terminal();
        let due = Instant::now() + PERIOD;
        Self {
            enabled,
            row: BottomRow::default(),
            due,
            last: Progress::default(),
        }
    }

    /// Shows the new state, if it is time.
    pub(crate) fn update(&mut self, now: Progress) {
        if !self.enabled || Instant::now() < self.due {
            return;
        }
        self.due = Instant::now() + PERIOD;
        match terminal::free_size() {
            Some(size) => self.row.show(&line(&self.last, &now, size.columns), size),
            None => self.row.give_back(),
        }
        self.last = now;
    }

    /// Takes the line away.
    pub(crate) fn wipe(&mut self) {
        self.row.give_back();
    }
}

/// As much as fits: what is left out is left out whole, as a number cut short would be another one.
fn line(before: &Progress, now: &Progress, columns: usize) -> String {
    let seconds = now.elapsed.saturating_sub(before.elapsed).as_secs_f64();
    let events = now.events.saturating_sub(before.events);
    let rate = if seconds > 0.0 {
        events as f64 / seconds
    } else {
        0.0
    };
    let rate = format!("{}/s", grouped(rate as u64));
    let lost = format!("{} discarded", grouped(now.discarded));
    let (elapsed, bytes) = (clock(now.elapsed), size(now.bytes));
    let all = format!(
        "{elapsed}, {}, {rate}, {lost}, {bytes}",
        counted(now.events, "event")
    );
    let longest_first = [
        format!("recording {all}"),
        all,
        format!("{rate}, {lost}, {bytes}"),
        format!("{rate}, {lost}"),
        lost,
    ];
    // The last column stays free: some terminals begin a new row when it is written.
    let fits = |line: &String| line.chars().count() < columns;
    longest_first.into_iter().find(fits).unwrap_or_default()
}

/// `0:07`, `12:30`, `3:05:00`: of the same width from one moment to the next.
fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64, events: u64) -> Progress {
        Progress {
            elapsed: Duration::from_millis(ms),
            events,
            discarded: 3,
            bytes: 1 << 20,
        }
    }

    #[track_caller]
    fn check(columns: usize, expected: &str) {
        let line = line(&at(10_000, 1000), &at(10_500, 2500), columns);
        assert_eq!(line, expected);
        assert!(line.len() < columns);
    }

    #[test]
    fn the_rate_is_that_since_the_last_line() {
        check(
            80,
            "recording 0:10, 2 500 events, 3 000/s, 3 discarded, 1.0 MiB",
        );
        assert!(line(&at(0, 0), &at(0, 0), 80).contains(" 0/s"));
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        check(
            60,
            "recording 0:10, 2 500 events, 3 000/s, 3 discarded, 1.0 MiB",
        );
        check(59, "0:10, 2 500 events, 3 000/s, 3 discarded, 1.0 MiB");
        check(49, "3 000/s, 3 discarded, 1.0 MiB");
        check(29, "3 000/s, 3 discarded");
        check(20, "3 discarded");
        check(11, "");
    }

    #[test]
    fn the_time_is_as_wide_a_moment_later() {
        let clock = |seconds: u64| clock(Duration::from_millis(seconds * 1000 + 999));
        assert_eq!(clock(7), "0:07");
        assert_eq!(clock(750), "12:30");
        assert_eq!(clock(3 * 3600 + 300), "3:05:00");
    }
}
