//! `--track`: whose kernel events are recorded.

use std::str::FromStr;

/// One `--track`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrackedProcess(pub(crate) u32);

impl FromStr for TrackedProcess {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("pid", number)) => match number.parse() {
                Ok(number) if number > 0 => Ok(Self(number)),
                _ => Err(format!("`{number}` is no number of a process")),
            },
            Some((kind, _)) => Err(format!(
                "tracefs tracks processes (pid=NUMBER), nothing by {kind}"
            )),
            None => Err("expected pid=NUMBER".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_tracked_and_nothing_else() {
        let track = |text: &str| text.parse::<TrackedProcess>();
        assert_eq!(track("pid=42"), Ok(TrackedProcess(42)));
        assert_eq!(
            track("uid=0").unwrap_err(),
            "tracefs tracks processes (pid=NUMBER), nothing by uid"
        );
        assert!(track("pid=0").is_err() && track("42").is_err());
    }
}
