//! The progress line: on a terminal, rewritten in place, gone before the summary.

use std::io::{Write, stderr};
use std::time::{Duration, Instant};

use thalweg_collect::Progress;

use super::terminal;
use crate::number::{counted, duration, grouped, size};

/// How often it changes; a recording that is shorter shows none.
const PERIOD: Duration = Duration::from_millis(500);

/// Shows how a recording is going.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    enabled: bool,
    shown: bool,
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
            shown: false,
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
        let line = line(&self.last, &now);
        self.last = now;
        if let Some(columns) = terminal::free_columns() {
            self.show(&line, columns);
        }
    }

    /// The cursor goes back to the beginning, so that the command's own lines start there.
    fn show(&mut self, line: &str, columns: usize) {
        let line: String = line.chars().take(columns.saturating_sub(1)).collect();
        let _ = stderr().write_all(format!("\r\x1b[K{line}\r").as_bytes());
        self.shown = true;
    }

    /// Takes the line away.
    pub(crate) fn wipe(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = stderr().write_all(b"\r\x1b[K");
        }
    }
}

fn line(before: &Progress, now: &Progress) -> String {
    let seconds = now.elapsed.saturating_sub(before.elapsed).as_secs_f64();
    let events = now.events.saturating_sub(before.events);
    let rate = if seconds > 0.0 {
        events as f64 / seconds
    } else {
        0.0
    };
    format!(
        "recording {}: {}, {}/s, {} discarded, {}",
        duration(now.elapsed),
        counted(now.events, "event"),
        grouped(rate as u64),
        grouped(now.discarded),
        size(now.bytes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_since_the_last_line() {
        let at = |ms, events| Progress {
            elapsed: Duration::from_millis(ms),
            events,
            discarded: 3,
            bytes: 1 << 20,
        };
        assert_eq!(
            line(&at(10_000, 1000), &at(10_500, 2500)),
            "recording 10.5 s: 2 500 events, 3 000/s, 3 discarded, 1.0 MiB"
        );
        assert!(line(&at(0, 0), &at(0, 0)).contains(" 0/s"));
    }
}
