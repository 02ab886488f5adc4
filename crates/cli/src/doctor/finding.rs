//! One thing that was looked at.

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Recording works, with a drawback.
    Warn,
    /// Something cannot be recorded.
    Missing,
}

impl State {
    /// Its name in both outputs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
        }
    }
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `group.name`: stable, for scripts.
    pub(crate) id: &'static str,
    /// How it is.
    pub(crate) state: State,
    /// What was found, and why that matters if it is not as it should be.
    pub(crate) words: String,
    /// The command that changes it, if one does.
    pub(crate) fix: Option<String>,
}

impl Finding {
    fn new(id: &'static str, state: State, words: impl Into<String>) -> Self {
        Self {
            id,
            state,
            words: words.into(),
            fix: None,
        }
    }

    /// It is as it should be.
    pub(crate) fn ok(id: &'static str, words: impl Into<String>) -> Self {
        Self::new(id, State::Ok, words)
    }

    /// It has a drawback.
    pub(crate) fn warn(id: &'static str, words: impl Into<String>) -> Self {
        Self::new(id, State::Warn, words)
    }

    /// It is not there.
    pub(crate) fn missing(id: &'static str, words: impl Into<String>) -> Self {
        Self::new(id, State::Missing, words)
    }

    /// With the command that changes it.
    #[must_use]
    pub(crate) fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix = Some(command.into());
        self
    }

    /// The part of the id before the dot.
    pub(crate) fn group(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }

    /// The part of the id behind the dot.
    pub(crate) fn name(&self) -> &'static str {
        self.id.split('.').nth(1).unwrap_or(self.id)
    }
}
