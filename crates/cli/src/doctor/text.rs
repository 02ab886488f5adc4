//! The report as text.
//!
//! ```text
//! tracefs
//!   ok       access    /sys/kernel/tracing can be read and written
//!   warn     mapped    …
//!            fix: the command
//! ```

use std::fmt::Write;

use super::report::Report;

/// The whole report, with what follows from it in the last lines.
pub(crate) fn text(report: &Report) -> String {
    let width = report
        .findings
        .iter()
        .map(|f| f.name().len())
        .max()
        .unwrap_or(0);
    let (mut out, mut group) = (String::new(), "");
    for finding in &report.findings {
        if finding.group() != group {
            group = finding.group();
            let _ = writeln!(out, "{group}");
        }
        let (state, name) = (finding.state.name(), finding.name());
        let _ = writeln!(out, "  {state:<7}  {name:<width$}  {}", finding.words);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(out, "           fix: {fix}");
        }
    }
    let can = |yes| {
        if yes {
            "can be recorded"
        } else {
            "cannot be recorded"
        }
    };
    let _ = writeln!(out, "\nprograms {}", can(report.programs()));
    let _ = writeln!(out, "kernel events {}", can(report.kernel()));
    out
}

#[cfg(test)]
mod tests {
    use super::super::finding::Finding;
    use super::*;

    #[test]
    fn findings_are_grouped_and_say_what_to_do() {
        let findings = vec![
            Finding::ok("programs.folder", "/dev/shm/x"),
            Finding::ok("programs.memory", "sealed"),
            Finding::missing("tracefs.access", "not mounted").fix("mount it"),
        ];
        assert_eq!(
            text(&Report { findings }),
            "programs\n  ok       folder  /dev/shm/x\n  ok       memory  sealed\n\
             tracefs\n  missing  access  not mounted\n           fix: mount it\n\n\
             programs can be recorded\nkernel events cannot be recorded\n"
        );
    }
}
