//! How many tests ran, read from what cargo's test runners print.

use std::fmt;
use std::ops::Add;

/// Who runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Cargo,
    Nextest,
}

/// Tests by their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// The counts of one line of output, when it is a runner's closing line.
    ///
    /// ```text
    ///   test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …       (cargo test)
    ///   Summary [   0.1s] 7 tests run: 6 passed (1 slow), 1 failed, 2 skipped   (nextest)
    /// ```
    ///
    /// Only the runner's own form counts: nextest repeats what a failed test printed, and that
    /// has closing lines of its own.
    pub(crate) fn parse(runner: Runner, line: &str) -> Option<Self> {
        let is_summary = line.trim_start().starts_with("Summary [");
        let (_, closing) = match runner {
            Runner::Cargo => line.split_once("test result: ")?,
            Runner::Nextest => line.split_once(" run: ").filter(|_| is_summary)?,
        };
        let mut counts = Self::default();
        let words: Vec<&str> = closing.split([' ', ',', ';', '(', ')']).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1] {
                "passed" => counts.passed += number,
                "failed" | "timed" => counts.failed += number,
                "skipped" | "ignored" => counts.skipped += number,
                _ => {}
            }
        }
        Some(counts)
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_CARGO: &str = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 out;";
    const OF_NEXTEST: &str =
        "     Summary [   0.016s] 5/9 tests run: 4 passed (1 slow), 1 failed, 2 skipped";

    #[track_caller]
    fn check(runner: Runner, line: &str, expected: Option<[u64; 3]>) {
        let expected = expected.map(|[passed, failed, skipped]| Counts {
            passed,
            failed,
            skipped,
        });
        assert_eq!(Counts::parse(runner, line), expected);
    }

    #[test]
    fn the_closing_line_of_cargo_test_is_read() {
        check(Runner::Cargo, OF_CARGO, Some([3, 2, 1]));
    }

    #[test]
    fn the_closing_line_of_nextest_is_read() {
        check(Runner::Nextest, OF_NEXTEST, Some([4, 1, 2]));
    }

    #[test]
    fn what_a_failed_test_printed_is_not_counted() {
        check(Runner::Nextest, OF_CARGO, None);
    }

    #[test]
    fn any_other_line_is_none() {
        check(Runner::Cargo, "test a::b ... ok", None);
    }

    #[test]
    fn a_total_reads_as_the_plain_closing_line() {
        let counts = Counts {
            passed: 2,
            failed: 0,
            skipped: 1,
        } + Counts {
            passed: 1,
            ..Counts::default()
        };
        assert_eq!(counts.to_string(), "3 passed, 0 failed, 1 skipped");
    }
}
