//! Whether standard error is a terminal that has room for a line of ours, now.

use std::io::{IsTerminal, stderr};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp, tcgetwinsize};

/// The width of a terminal that does not tell its own.
const USUAL_COLUMNS: usize = 80;

/// Whether a line could ever be shown.
pub(crate) fn is_terminal() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|name| name != "dumb")
}

/// The width of the terminal, if a line may be written now: we are in the foreground, and no
/// program has the whole screen (editors and pagers read keys one by one, not lines).
pub(crate) fn free_columns() -> Option<usize> {
    let terminal = stderr();
    let in_front = tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp());
    let by_lines = tcgetattr(&terminal).is_ok_and(|t| t.local_modes.contains(LocalModes::ICANON));
    let columns = tcgetwinsize(&terminal).map_or(0, |size| usize::from(size.ws_col));
    let columns = if columns == 0 { USUAL_COLUMNS } else { columns };
    (in_front && by_lines).then_some(columns)
}
