//! `thalweg recover`: what killed recorders left behind goes into their traces.

use std::process::ExitCode;

use thalweg_collect::Recovered;

use crate::args::RecoverArgs;
use crate::exit::{Failure, INCOMPLETE, say};
use crate::number::counted;

/// Recovers, and says what was found.
pub(crate) fn run(args: &RecoverArgs) -> Result<ExitCode, Failure> {
    let found = thalweg_collect::recover(args.trace.as_deref());
    let found = found.map_err(|error| Failure::new(INCOMPLETE, error))?;
    if found.is_empty() {
        say("nothing to recover: no recorder has died");
    }
    for recovered in &found {
        say(&text(recovered));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(recovered: &Recovered) -> String {
    let mut out = format!(
        "recovered {}: {} that were still in rings, {} discarded",
        recovered.path.display(),
        counted(recovered.events, "event"),
        counted(recovered.discarded, "event"),
    );
    for note in &recovered.notes {
        out.push_str("\n  note: ");
        out.push_str(note);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recovered_is_told_with_its_place_and_its_losses() {
        let recovered = Recovered {
            path: "/tmp/t".into(),
            events: 1200,
            discarded: 1,
            notes: vec!["a note".to_owned()],
        };
        assert_eq!(
            text(&recovered),
            "recovered /tmp/t: 1 200 events that were still in rings, 1 event discarded\n  \
             note: a note"
        );
    }
}
