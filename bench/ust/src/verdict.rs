//! A floor, and whether it is kept.

use std::fmt;

use crate::pick::{Pick, best, median};

/// What a number shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Not more.
    AtMost(f64),
    /// Not less.
    AtLeast(f64),
}

/// A number that shall keep a limit.
pub(crate) struct Floor<From> {
    pub(crate) what: &'static str,
    pub(crate) limit: Limit,
    /// The number, from best batches or from medians; none where a side has nothing valid.
    pub(crate) number: fn(&From, Pick) -> Option<f64>,
}

/// Whether it does.
#[derive(Debug)]
pub(crate) struct Verdict {
    what: &'static str,
    limit: Limit,
    /// By best batches, which is what counts, and by medians.
    found: Option<(f64, f64)>,
}

impl<From> Floor<From> {
    /// Judges by best batches.
    pub(crate) fn judge(&self, from: &From) -> Verdict {
        let number = |pick| (self.number)(from, pick);
        Verdict {
            what: self.what,
            limit: self.limit,
            found: number(best).zip(number(median)),
        }
    }
}

impl Verdict {
    /// Whether the floor is kept. Without a number it is not.
    pub(crate) fn holds(&self) -> bool {
        self.found.is_some_and(|(best, _)| match self.limit {
            Limit::AtMost(most) => best <= most,
            Limit::AtLeast(least) => best >= least,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "ok" } else { "BELOW" };
        write!(f, "{word:<6} {:<58}", self.what)?;
        match self.found {
            Some((best, median)) => write!(f, "{best:>8.2} (median {median:.2})")?,
            None => f.write_str("no valid recording")?,
        }
        match self.limit {
            Limit::AtMost(most) => write!(f, ", at most {most}"),
            Limit::AtLeast(least) => write!(f, ", at least {least}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(limit: Limit, number: fn(&(), Pick) -> Option<f64>, expected: &str) {
        let floor = Floor {
            what: "a number",
            limit,
            number,
        };
        let said = floor.judge(&()).to_string();
        let words: Vec<&str> = said.split_whitespace().collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn a_limit_may_be_reached_and_a_missing_number_keeps_none() {
        let (most, least) = (Limit::AtMost(2.0), Limit::AtLeast(2.0));
        check(
            most,
            |(), _| Some(2.0),
            "ok a number 2.00 (median 2.00), at most 2",
        );
        check(
            most,
            |(), _| Some(2.1),
            "BELOW a number 2.10 (median 2.10), at most 2",
        );
        check(
            least,
            |(), _| Some(2.0),
            "ok a number 2.00 (median 2.00), at least 2",
        );
        check(
            least,
            |(), _| Some(1.9),
            "BELOW a number 1.90 (median 1.90), at least 2",
        );
        check(
            most,
            |(), _| None,
            "BELOW a number no valid recording, at most 2",
        );
        check(
            most,
            |(), _| Some(f64::NAN),
            "BELOW a number NaN (median NaN), at most 2",
        );
    }
}
