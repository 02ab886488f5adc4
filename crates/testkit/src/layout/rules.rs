//! Which rules a trace breaks.

use std::path::Path;

use super::text::Statement;
use super::{environment, events, files, shape, text};

/// Whose trace it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// `lttng-modules`.
    Kernel,
    /// `lttng-ust`.
    Ust,
}

/// A rule that a trace breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// Its name.
    pub rule: &'static str,
    /// Where and how.
    pub detail: String,
}

/// Collects what is broken.
#[derive(Default)]
pub(super) struct Findings(Vec<Broken>);

impl Findings {
    pub(super) fn require(
        &mut self,
        kept: bool,
        rule: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        if !kept {
            self.0.push(Broken {
                rule,
                detail: detail(),
            });
        }
    }

    pub(super) fn equal(&mut self, found: &str, expected: &str, rule: &'static str) {
        self.require(found == expected, rule, || {
            format!("{found:?} and not {expected:?}")
        });
    }
}

/// Every rule that the trace in `dir` breaks.
pub fn broken_rules(dir: &Path, domain: Domain) -> Vec<Broken> {
    let mut findings = Findings::default();
    let bytes = std::fs::read(dir.join("metadata")).unwrap_or_default();
    match text::metadata_text(&bytes) {
        Ok(metadata) => {
            let statements = text::statements(&metadata);
            shape::check(&statements, domain, &mut findings);
            environment::check(&statements, domain, &mut findings);
            events::check(&statements, domain, &mut findings);
            files::check(dir, &statements, &mut findings);
        }
        Err(why) => findings.require(false, "signature", || why),
    }
    findings.0
}

/// The statements of one kind, `event` for example.
pub(super) fn of_kind<'a>(statements: &'a [Statement], kind: &str) -> Vec<&'a Statement> {
    statements
        .iter()
        .filter(|statement| statement.kind() == kind)
        .collect()
}
