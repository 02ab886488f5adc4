//! Whether a trace folder is laid out as LTTng 2.13 lays it out.
//!
//! ```text
//!   metadata bytes ─ text.rs ─▶ statements ─▶ shape.rs        the structures, word for word
//!                                             environment.rs  what Trace Compass recognises it by
//!                                             events.rs       names, levels, fields
//!   stream files, indexes ───────────────────▶ files.rs       packets, order, index entries
//! ```
//!
//! Each rule has a name, so that a test can say which one a damaged trace breaks. Nothing here is
//! shared with the writer: the rules are LTTng's, checked on LTTng's own traces too.

mod environment;
mod events;
mod files;
mod shape;
mod text;

pub use events::KERNEL_EVENTS;

use std::path::Path;

use text::Statement;

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
struct Findings(Vec<Broken>);

impl Findings {
    fn require(&mut self, kept: bool, rule: &'static str, detail: impl FnOnce() -> String) {
        if !kept {
            self.0.push(Broken {
                rule,
                detail: detail(),
            });
        }
    }

    fn equal(&mut self, found: &str, expected: &str, rule: &'static str) {
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
fn of_kind<'a>(statements: &'a [Statement], kind: &str) -> Vec<&'a Statement> {
    statements
        .iter()
        .filter(|statement| statement.kind() == kind)
        .collect()
}
