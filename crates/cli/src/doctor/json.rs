//! The report as JSON, in a form that only grows: `version` changes when something that is here now
//! changes its name or meaning.

use serde_json::{Value, json};

use super::finding::Finding;
use super::report::Report;

const VERSION: u32 = 1;

/// The whole report.
pub(crate) fn json(report: &Report) -> Value {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    json!({
        "version": VERSION,
        "programs": report.programs(),
        "kernel": report.kernel(),
        "findings": findings,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "id": finding.id,
        "state": finding.state.name(),
        "words": finding.words,
        "fix": finding.fix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_stable() {
        let findings = vec![
            Finding::ok("programs.folder", "f"),
            Finding::warn("programs.memory", "m").fix("c"),
        ];
        let text = json(&Report { findings }).to_string();
        assert_eq!(
            text,
            r#"{"findings":[{"fix":null,"id":"programs.folder","state":"ok","words":"f"},"#
                .to_owned()
                + r#"{"fix":"c","id":"programs.memory","state":"warn","words":"m"}],"#
                + r#""kernel":false,"programs":true,"version":1}"#
        );
    }
}
