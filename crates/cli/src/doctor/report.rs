//! All findings, and what follows from them.

use super::finding::{Finding, State};
use super::{clock, folders, functions, instance, machine, memory, remains, tools, tracefs};

/// Without these no program can be recorded.
const FOR_PROGRAMS: &[&str] = &["programs.folder", "programs.memory"];
/// Without these there are no kernel events.
const FOR_KERNEL: &[&str] = &[
    "tracefs.access",
    "tracefs.clock",
    "tracefs.events",
    "tracefs.instance",
];

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// In the order in which they are shown.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Looks at everything.
    pub(crate) fn gather() -> Self {
        let mut findings = machine::findings();
        findings.extend(clock::findings());
        let (tracefs, found) = tracefs::findings();
        findings.extend(found);
        findings.extend(tracefs.iter().flat_map(instance::findings));
        findings.extend(tracefs.iter().flat_map(functions::findings));
        findings.extend(folders::findings());
        findings.extend(memory::findings());
        findings.extend(remains::findings(tracefs.as_ref()));
        findings.extend(tools::findings());
        Self { findings }
    }

    /// Whether programs can be recorded.
    pub(crate) fn programs(&self) -> bool {
        self.has(FOR_PROGRAMS)
    }

    /// Whether the kernel's events can be recorded.
    pub(crate) fn kernel(&self) -> bool {
        self.has(FOR_KERNEL)
    }

    fn has(&self, ids: &[&str]) -> bool {
        ids.iter().all(|id| {
            let found = self.findings.iter().find(|finding| finding.id == *id);
            found.is_some_and(|finding| finding.state != State::Missing)
        })
    }
}
