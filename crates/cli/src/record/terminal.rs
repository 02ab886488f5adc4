//! Whether standard error is a terminal that has room for a line of ours, now.

use std::io::{IsTerminal, stderr};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp, tcgetwinsize};

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// The size of a terminal that does not tell its own.
const USUAL: Size = Size {
    rows: 24,
    columns: 80,
};

/// Whether a line could ever be shown.
pub(crate) fn is_terminal() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|name| name != "dumb")
}

/// The size of the terminal, if a line may be written now: we are in the foreground, and no
/// program has the whole screen (editors and pagers read keys one by one, not lines).
pub(crate) fn free_size() -> Option<Size> {
    let terminal = stderr();
    let in_front = tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp());
    let by_lines = tcgetattr(&terminal).is_ok_and(|t| t.local_modes.contains(LocalModes::ICANON));
    let told = tcgetwinsize(&terminal)
        .ok()
        .filter(|told| told.ws_row > 0 && told.ws_col > 0);
    let size = told.map_or(USUAL, |told| Size {
        rows: told.ws_row.into(),
        columns: told.ws_col.into(),
    });
    (in_front && by_lines).then_some(size)
}
