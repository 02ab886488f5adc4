//! A line of ours in the bottom row of the terminal, while everything else goes on above it.
//!
//! ```text
//!   row 1      ┐
//!     …        │  scrolls: the command's lines and prompts, and the cursor
//!   row h-1    ┘
//!   row h         recording 5.8 s: 23 436 events, …     kept out of the scrolling
//! ```
//!
//! The command writes to the same terminal whenever it likes. A line of ours among its own would be
//! mixed with them, and would wipe out its prompts: nobody can tell us that it has written.
//!
//! Invariant: each change is one write, and leaves the cursor where it was.

use std::fmt::Write as _;
use std::io::{Write as _, stderr};

use super::terminal::Size;

/// With fewer rows the line would take too much of what the command has.
const FEWEST_ROWS: usize = 4;

/// The cursor is remembered, and goes back there.
const SAVE: &str = "\x1b7";
const RESTORE: &str = "\x1b8";
/// There is a row below the cursor, if need be by scrolling; the cursor stays at its text.
const ROOM_BELOW: &str = "\x1bD\x1b[A";
/// Nothing is left below the cursor's row: our line of another size may have been there.
const NOTHING_BELOW: &str = "\x1b[B\r\x1b[J";

/// The bottom row: given back when the value goes.
#[derive(Debug, Default)]
pub(crate) struct BottomRow {
    /// The terminal's size when the row was taken.
    taken: Option<Size>,
}

impl BottomRow {
    /// Shows a line that is not longer than the terminal is wide.
    pub(crate) fn show(&mut self, line: &str, size: Size) {
        if size.rows < FEWEST_ROWS {
            return self.give_back();
        }
        write(&showing(line, size, self.taken));
        self.taken = Some(size);
    }

    /// Wipes the line; the whole terminal scrolls again.
    pub(crate) fn give_back(&mut self) {
        if let Some(size) = self.taken.take() {
            write(&giving_back(size));
        }
    }
}

impl Drop for BottomRow {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn showing(line: &str, size: Size, taken: Option<Size>) -> String {
    let mut out = String::new();
    if taken == Some(size) {
        out.push_str(SAVE);
    } else {
        let _ = write!(out, "{ROOM_BELOW}{SAVE}{NOTHING_BELOW}");
    }
    // The rows that scroll are said each time: a command that clears the screen forgets them.
    let _ = write!(
        out,
        "\x1b[1;{}r\x1b[{};1H\x1b[2K{line}{RESTORE}",
        size.rows - 1,
        size.rows
    );
    out
}

fn giving_back(size: Size) -> String {
    format!("{SAVE}\x1b[r\x1b[{};1H\x1b[2K{RESTORE}", size.rows)
}

/// A terminal that is gone is no failure of the recording.
fn write(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        rows: 24,
        columns: 80,
    };

    #[test]
    fn room_is_made_once_for_each_size() {
        assert_eq!(
            showing("line", SIZE, None),
            "\x1bD\x1b[A\x1b7\x1b[B\r\x1b[J\x1b[1;23r\x1b[24;1H\x1b[2Kline\x1b8"
        );
        assert_eq!(
            showing("line", SIZE, Some(SIZE)),
            "\x1b7\x1b[1;23r\x1b[24;1H\x1b[2Kline\x1b8"
        );
        let other = Size {
            rows: 12,
            columns: 40,
        };
        assert!(showing("line", other, Some(SIZE)).starts_with(ROOM_BELOW));
    }

    #[test]
    fn the_whole_terminal_scrolls_in_the_end() {
        assert_eq!(giving_back(SIZE), "\x1b7\x1b[r\x1b[24;1H\x1b[2K\x1b8");
    }

    #[test]
    fn a_terminal_of_a_few_rows_is_left_alone() {
        let mut row = BottomRow::default();
        row.show("line", Size { rows: 3, ..SIZE });
        assert_eq!(row.taken, None);
    }
}
