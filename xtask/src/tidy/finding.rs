//! One thing that breaks a rule, and where.

use std::fmt;

/// What a rule has to say about one line of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    words: String,
}

impl Finding {
    /// `line` is counted from one; a rule about a whole file says line 1.
    pub(crate) fn new(
        rule: &'static str,
        path: impl Into<String>,
        line: usize,
        words: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            rule,
            words: words.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.path, self.line, self.rule, self.words
        )
    }
}
