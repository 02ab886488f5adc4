//! What the exit status says.
//!
//! | status | `record`, `stat`, `watch` | the other commands |
//! |---|---|---|
//! | 0 | recorded, and the command succeeded | done |
//! | 1 | the command succeeded, but the disk refused events | no, or not all of it |
//! | 2 | `watch`: the command line is wrong | the command line is wrong |
//! | 125 | thalweg failed, or the command line of `record` or `stat` is wrong | |
//! | 126 | the command is there and cannot be run | |
//! | 127 | the command is not there | |
//! | 128 + N | signal N ended the command | |
//! | other | the command's own status | |
//!
//! 125 to 127 are those of env(1) and timeout(1).

use std::process::ExitCode;

/// Not all of it could be done.
pub(crate) const INCOMPLETE: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// `record` or `watch` itself failed.
pub(crate) const RECORD_FAILED: u8 = 125;
/// The command to record cannot be run.
pub(crate) const CANNOT_RUN: u8 = 126;
/// The command to record is not there.
pub(crate) const NOT_FOUND: u8 = 127;

/// Why a command ends early, and with which status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    error: anyhow::Error,
}

impl Failure {
    /// `error` finishes the sentence "failed to …".
    pub(crate) fn new(status: u8, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        Self { status, error }
    }

    /// A failure in words alone.
    pub(crate) fn words(status: u8, words: impl Into<String>) -> Self {
        Self::new(status, anyhow::Error::msg(words.into()))
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) -> ExitCode {
        say(&format!("thalweg: failed to {}", chain(&self.error)));
        ExitCode::from(self.status)
    }
}

/// The error and what caused it; a cause that the error's own words end with is not said twice.
fn chain(error: &anyhow::Error) -> String {
    let mut out = String::new();
    for words in error.chain().map(ToString::to_string) {
        if out.is_empty() {
            out = words;
        } else if !out.ends_with(&words) {
            out.push_str(": ");
            out.push_str(&words);
        }
    }
    out
}

/// A line on standard error. Nobody may be reading there any more; that ends nothing.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn causes_are_told_once() {
        let refused = || anyhow::Error::from(io::Error::other("refused"));
        let told = |words: &'static str| chain(&refused().context(words));
        assert_eq!(told("open x"), "open x: refused");
        assert_eq!(told("open x: refused"), "open x: refused");
    }
}
